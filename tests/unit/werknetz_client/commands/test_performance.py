"""`werknetz losses times | ranking` and `werknetz targets`: their requests and their output."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client.cli import root
from werknetz_client.commands.performance.targets import signed_points

Serve = Callable[[Any], list[httpx2.URL]]
Run = Callable[..., Result]
PART = {
    "category": "set_up", "step": "busy", "description": "Set-up (AUST)", "seconds": 720.0,
    "stops": 1, "costs": [{"amount": 120.0, "currency": "EUR"}],
}  # fmt: skip
TIMES = {
    "equipment": "nordwerk/emden-1", "start": "2026-11-20T06:00:00+01:00",
    "end": "2026-11-20T08:00:00+01:00", "no_data": False,
    "steps": [{"name": "busy", "seconds": 6300.0}, {"name": "production", "seconds": 5580.0}],
    "parts": [PART, {**PART, "category": "idle", "seconds": 0.0}],
    "kpi": {"value": None, "reason": "no good data"}, "untagged_share": 0.25,
    "supply_caused": [{"text": "line-2 starved 5 min"}],
}  # fmt: skip
ROW = {
    "plant": "nordwerk/emden-1", "category": "set_up", "seconds": 7200.0, "share": 0.6,
    "cumulative_share": 0.6, "stops": 4, "compared": None, "kind": "loss", "absent": {},
}  # fmt: skip
RANKING = {
    "group_by": ["plant", "category"], "items": [ROW], "rest": {"rows": 2, "seconds": 3600.0},
    "compared": None,
    "totals": {"busy_s": 36000.0, "good_s": 21600.0, "loss_s": 10800.0, "not_judged_s": 3600.0,
               "untagged_share": None},
}  # fmt: skip
BASELINE = {
    "start": "2026-11-02T00:00:00+01:00", "end": "2026-11-09T00:00:00+01:00",
    "productivity": 36.0, "unit": "earned min / h of machines",
}  # fmt: skip
SCENARIO = {
    "factors": {"set_up": 0.5}, "change": 0.267, "gained_points": 16.7, "gap_points": 6.6,
    "reason": None,
}  # fmt: skip
GOAL = 1 / 3
TARGET = {
    "key": "third", "name": "One third", "headline": "+10.0 % of +33.3 %, gap 23.3 points",
    "text": ["On the path."], "goal": GOAL,
    "baseline": BASELINE,
    "contributions": [
        {"line": "line-2", "loss": "set_up", "detail": None, "gap_points": 16.67,
         "change_points": 0.0, "potential_points": 33.3},
        {"line": None, "loss": "input", "detail": None, "gap_points": 6.67, "change_points": 1.0,
         "potential_points": 0.0},
    ],
    "contributions_reason": None,
    "scenario": SCENARIO,
}  # fmt: skip


def test_times_are_steps_with_their_parts(serve: Serve, run: Run) -> None:
    requests = serve({"items": [TIMES], "no_data": False})
    output = run("losses", "times", "nordwerk/emden-1", "--start", "-8h").output
    assert requests[0].params["start"] == "-8h"
    assert "1.75 h  planned busy time (PBT)" in output
    assert "-0.20 h    set_up: Set-up (AUST), 1 ×, 120 EUR" in output
    assert "idle" not in output
    assert "OEE – (no good data)" in output
    assert "Stops without a reason: 25%." in output
    assert "line-2 starved 5 min" in output
    serve({"items": [{**TIMES, "no_data": True}], "no_data": True})
    assert "no data in this period" in run("losses", "times", "nordwerk/emden-1").output


def test_a_ranking_adds_up(serve: Serve, run: Run) -> None:
    requests = serve(RANKING)
    output = run("losses", "ranking", "nordwerk", "--by", "plant,category", "--count").output
    assert dict(requests[0].params) == {
        "under": "nordwerk", "group_by": "plant,category", "start": "-7d", "limit": "30",
        "sort": "-stops",
    }  # fmt: skip
    assert "2.00 h" in output
    assert "2 more groups: 1.00 h." in output
    assert "Planned busy 10.00 h = good 6.00 h + lost 3.00 h + not judged 1.00 h." in output


def test_a_row_without_a_value_has_a_reason_and_a_kind(serve: Serve, run: Run) -> None:
    no_reason = {
        **ROW, "reason": None, "kind": "loss", "absent": {"reason": "no reason entered"}
    }  # fmt: skip
    unknown = {
        **ROW, "reason": None, "kind": "not_judged",
        "absent": {"reason": "not judged: the state is unknown"},
    }  # fmt: skip
    serve({**RANKING, "group_by": ["reason"], "items": [no_reason, unknown]})
    lines = run("losses", "ranking", "--by", "reason", "--wide").output.splitlines()
    assert any("no reason entered" in line and " loss " in line for line in lines)
    assert any("state is unknown" in line and " not judged " in line for line in lines)
    serve({**RANKING, "group_by": ["reason"], "items": [no_reason]})
    assert "kind" not in run("losses", "ranking", "--by", "reason").output
    serve({**RANKING, "items": [no_reason, unknown]})
    assert "kind" not in run("losses", "ranking").output, "the category says it"


def test_a_ranking_beside_another_period(serve: Serve, run: Run) -> None:
    row = {**ROW, "compared": {"seconds": 3600.0, "change_s": 3600.0}}
    compared = {"totals": {"busy_s": 3600.0}}
    requests = serve({**RANKING, "items": [row], "compared": compared})
    output = run("losses", "ranking", "--compare", "previous").output
    assert requests[0].params["compare"] == "previous"
    assert "+1.00 h" in output
    assert "no data" not in output
    serve({**RANKING, "items": [row], "compared": {"totals": {"busy_s": 0.0}}})
    assert "no data" in run("losses", "ranking", "--compare", "previous").output


def test_a_target_with_contributions_and_scenario(serve: Serve, run: Run) -> None:
    requests = serve(TARGET)
    output = run("targets", "show", "third", "--scenario", "set_up:0.5", "--limit", "1").output
    assert requests[0].path == "/api/v1/targets/third"
    assert requests[0].params["scenario"] == "set_up:0.5"
    assert "One third: +10.0 % of +33.3 %, gap 23.3 points" in output
    assert "36.000 earned min / h of machines, frozen." in output
    assert "+16.67" in output
    assert "the rest +6.67" in output
    assert "If set_up × 0.5: +26.7 % (+16.7 points), gap 6.6 points." in output


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (6.6, "gap 6.6 points"), (0.04, "gap less than 0.1 points"), (0.0, "goal reached"),
        (-3.0, "goal reached"), (5e-8, "goal reached"), (2e-7, "gap less than 0.1 points"),
    ],
)  # fmt: skip
def test_a_scenario_reaches_the_goal_or_not(serve: Serve, run: Run, gap: float, text: str) -> None:
    change = GOAL - gap / 100
    serve({**TARGET, "scenario": {**SCENARIO, "gap_points": gap, "change": change}})
    output = run("targets", "show", "third", "--scenario", "set_up:0.5").output
    assert f" % (+16.7 points), {text}." in output


@pytest.mark.parametrize(
    ("later", "text"),
    [
        ("2026-11-10T08:00:00Z", "frozen with 12 standards."),
        ("2026-11-20T08:00:00Z", "frozen with 12 standards, those on 2026-11-20."),
    ],
)
def test_a_target_with_its_standards(serve: Serve, run: Run, later: str, text: str) -> None:
    baseline = {
        **BASELINE, "standards": 12, "frozen_at": "2026-11-10T09:00:00+01:00",
        "standards_frozen_at": later,
    }  # fmt: skip
    valuation = {"text": ["12.0 % of the output names no product."]}
    serve({**TARGET, "baseline": baseline, "valuation": valuation})
    output = run("targets", "show", "third").output
    assert text in output
    assert "12.0 % of the output names no product." in output


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16.67, "+16.67"), (-0.4, "-0.40"), (0.005001, "+0.01"), (0.0049, "<0.01"),
        (-0.0049, ">-0.01"), (0.0, "+0.00"), (-1e-12, "+0.00"),
    ],
)  # fmt: skip
def test_points_that_are_not_zero_never_look_like_it(value: float, text: str) -> None:
    assert signed_points(value) == text


def test_targets_are_listed_set_and_withdrawn(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve({"items": [TARGET]})
    assert "third: +10.0 % of +33.3 %" in run("targets", "list").output
    serve({"items": []})
    assert "There is no target" in run("targets", "list").output
    file = tmp_path / "target.json"
    file.write_text(json.dumps({"name": "One third"}))
    requests = serve(TARGET)
    assert "On the path." in run("targets", "set", "third", str(file)).output
    assert requests[0].path == "/api/v1/targets/third"
    requests = serve(TARGET)
    assert "third is withdrawn." in run("targets", "withdraw", "third", "--reason", "x").output
    assert requests[0].params["reason"] == "x"


@pytest.mark.parametrize("content", [None, "{"])
def test_a_file_that_cannot_be_read(serve: Serve, tmp_path: Path, content: str | None) -> None:
    serve(TARGET)
    file = tmp_path / "target.json"
    if content is not None:
        file.write_text(content)
    result = CliRunner().invoke(root("targets"), ["targets", "set", "third", str(file)])
    assert result.exit_code != 0
    assert "is no readable JSON" in str(result.exception)


def test_a_ranking_is_the_csv_of_the_api(serve: Serve, run: Run) -> None:
    requests = serve(["category,seconds\r\nidle,60.0\r\n"])
    output = run("losses", "ranking", "nordwerk", "--limit", "500", "-o", "csv").output
    assert output.splitlines() == ["category,seconds", "idle,60.0"]
    assert dict(requests[0].params) == {
        "under": "nordwerk", "group_by": "category", "start": "-7d", "limit": "500",
        "sort": "-seconds", "format": "csv",
    }  # fmt: skip


def test_loss_times_are_the_csv_of_the_api(serve: Serve, run: Run) -> None:
    requests = serve(["equipment,seconds\r\nnordwerk,60.0\r\n"])
    output = run("losses", "times", "nordwerk", "--end", "now", "-o", "csv").output
    assert output.splitlines() == ["equipment,seconds", "nordwerk,60.0"]
    assert requests[0].path.endswith("/loss_times")
    assert dict(requests[0].params) == {
        "equipment": "nordwerk", "start": "-24h", "end": "now", "format": "csv",
    }  # fmt: skip
