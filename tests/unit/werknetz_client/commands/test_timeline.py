"""Commands about states, counts, shifts, capacities, rates, notes, overview and comparison."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client, WerknetzError
from werknetz_client.cli import root
from werknetz_client.commands import equipment
from werknetz_client.commands.performance import capacities, overview
from werknetz_client.commands.shop_floor import shift_report, stops, timeline

STATE: dict[str, Any] = {
    "start": "2026-11-27T14:00:00+01:00", "end": "2026-11-27T14:10:00+01:00", "duration_s": 600.0,
    "state": "producing", "category": "apt", "code": "4", "order_number": "A1",
}  # fmt: skip
COUNTS: dict[str, Any] = {"items": [{
    "start": "2026-11-27T00:00:00+01:00", "end": "2026-11-28T00:00:00+01:00", "window": "late",
    "produced": 1223.0, "good": 1220.0, "scrap": 3.0, "rework": None,
    "reasons": {"rework": "nobody reports rework"},
}]}  # fmt: skip
SHIFT: dict[str, Any] = {
    "equipment": "n/e", "name": "late", "day": "2026-11-27", "is_running": True,
    "start": "2026-11-27T14:00:00+01:00", "end": "2026-11-27T22:00:00+01:00",
}  # fmt: skip
CAPACITY: dict[str, Any] = {
    "equipment": "n/e/p", "items_per_hour": 1400.0, "valid_from": "2026-11-01T00:00:00Z",
    "entered_by": "eva",
}  # fmt: skip
CHARACTERISTIC: dict[str, Any] = {
    "name": "n/e/p:bore", "measurements": 10, "lower_limit": 19.9, "upper_limit": None,
    "unit": "mm", "last_at": "2026-11-27T14:00:00+01:00",
}  # fmt: skip
RATE: dict[str, Any] = {
    "equipment": "n/e", "per_hour": 1150.0, "currency": "EUR", "valid_from": None,
}  # fmt: skip
NOTE: dict[str, Any] = {
    "id": 3, "equipment": "n/e", "start": "2026-11-27T14:00:00+01:00", "text": "mould 7",
    "entered_by": "eva",
}  # fmt: skip
PLANT: dict[str, Any] = {
    "equipment": "n/e", "shift": {"name": "late"}, "now": {"oee": 0.75}, "week": {"oee": 0.5},
    "week_before_oee": None, "open_stops": 2, "silent_connectors": ["e-opcua"],
    "worst_stop": {"equipment": "n/e/press-3", "state": "repair", "seconds": 720.0},
    "targets": [{"key": "third", "headline": "+1.0 % of +33.3 %"}],
}  # fmt: skip
OTHER: dict[str, Any] = {
    **PLANT, "equipment": "n/z", "shift": None, "now": None, "worst_stop": None,
}  # fmt: skip
COMPARISON: dict[str, Any] = {"unit": "ratio", "items": [
    {"rank": 1, "equipment": "n/e", "value": 0.746, "value_reason": None, "score": 0.9,
     "trust": 1.0, "reasons": [], "product_unknown_share": 0.1, "products": [
        {"product_family": "valves", "material": None, "share": 0.5},
        *({"product_family": None, "material": f"M-{n}", "share": 0.1} for n in range(4))],
     "materials_without_family": ["M-1", "M-2"]},
    {"rank": None, "equipment": "n/z", "value": None, "value_reason": "no data", "score": 0.0,
     "trust": 0.0, "reasons": ["its calendar differs"]},
]}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "PATCH /equipment/n/a/m-1": {"path": "n/a/m-2", "name": "M", "valid_to": None},
    "GET /equipment/n/e/p/states": {"items": [STATE, STATE], "next_cursor": None},
    "GET /equipment/n/e/p/counts": COUNTS,
    "GET /shifts": {"items": [SHIFT], "next_cursor": None},
    "GET /equipment_capacities": {"items": [CAPACITY], "next_cursor": None},
    "PUT /equipment_capacities/n/e/p": CAPACITY,
    "DELETE /equipment_capacities/n/e/p": None,
    "GET /characteristics": {"items": [CHARACTERISTIC], "next_cursor": None},
    "GET /line_rates": {"items": [RATE], "next_cursor": None},
    "PUT /line_rates/n/e": RATE,
    "GET /stop_thresholds": {
        "items": [{"equipment": "n/e", "minor_stop_s": 90.0, "valid_from": None}],
        "next_cursor": None,
    },
    "GET /stop_thresholds/n/e": {
        "equipment": "n/e",
        "at": "2026-11-20T08:00:00Z",
        "thresholds": [
            {"name": "minor_stop_s", "value": 90.0, "set_at": "n", "valid_from": None},
            {"name": "start_up_s", "value": 900.0, "set_at": None, "valid_from": None},
        ],
    },
    "GET /annotations": {"items": [NOTE], "next_cursor": None},
    "DELETE /annotations/3": None,
    "GET /overview": {"under": PLANT, "items": [OTHER]},
    "GET /comparisons": COMPARISON,
}
CASES: list[tuple[str, str, dict[str, Any] | None, tuple[str, ...]]] = [
    ("equipment states n/e/p --limit 1", "GET /equipment/n/e/p/states", None,
     ("producing", "more than 1")),
    ("equipment counts n/e/p --by 1d", "GET /equipment/n/e/p/counts", None,
     ("1,220", "rework –: nobody reports rework.")),
    ("equipment counts n/e/p -o json", "GET /equipment/n/e/p/counts", None, ('"window": "late"',)),
    ("calendar shifts n/e", "GET /shifts", None, ("late", "yes")),
    ("equipment capacities --under n/e", "GET /equipment_capacities", None, ("1,400", "eva")),
    ("equipment capacity n/e/p 1400 --since 2026-11-01T00:00:00Z --reason new",
     "PUT /equipment_capacities/n/e/p",
     {"items_per_hour": 1400, "valid_from": "2026-11-01T00:00:00Z", "reason": "new"},
     ("n/e/p: 1,400 items an hour from 2026-11-01 00:00",)),
    ("equipment capacity n/e/p --delete --since 2026-11-01T00:00:00Z",
     "DELETE /equipment_capacities/n/e/p", None, ("is deleted",)),
    ("equipment characteristics", "GET /characteristics", None, ("n/e/p:bore", "19.9", "–")),
    ("losses rates", "GET /line_rates", None, ("1,150", "EUR")),
    ("losses rate n/e 1150 EUR", "PUT /line_rates/n/e", {"per_hour": 1150, "currency": "EUR"},
     ("n/e: 1,150 EUR an hour",)),
    ("stops thresholds --under n/e", "GET /stop_thresholds", None,
     ("90", "Where nothing is set: malfunctions below 120 s")),
    ("stops thresholds n/e", "GET /stop_thresholds/n/e", None, ("90", "900", "default")),
    ("shift-report notes", "GET /annotations", None, ("mould 7", "3")),
    ("shift-report withdraw-note 3", "DELETE /annotations/3", None,
     ("Note 3 is withdrawn; ", "restore-note 3")),
    ("overview n", "GET /overview", None,
     ("75.0%", "press-3 repair 12 min", "Silent connectors: e-opcua.", "third: +1.0 %")),
    ("equipment rename n/a/m-1 m-2", "PATCH /equipment/n/a/m-1", {"path": "n/a/m-2"},
     ("n/a/m-2 (M)",)),
    ("equipment rename n/a/m-1 Press --display --reason new", "PATCH /equipment/n/a/m-1",
     {"name": "Press", "reason": "new"}, ("n/a/m-2 (M)",)),
    ("equipment move n/a/m-1 n/b --at 2026-11-01T06:00:00Z", "PATCH /equipment/n/a/m-1",
     {"path": "n/b/m-1", "valid_from": "2026-11-01T06:00:00Z"}, ("n/a/m-2 (M)",)),
    ("equipment restore n/a/m-1", "PATCH /equipment/n/a/m-1", {"valid_to": None},
     ("n/a/m-2 (M)",)),
    ("comparison n --level plant --ignore calendar", "GET /comparisons", None,
     ("74.6%", "its calendar differs", "no data", "1 of 2 have no rank",
      "valves 50%, M-0 10%, M-1 10%, 2 more, unknown 10%", "a product family: M-1, M-2.")),
]  # fmt: skip


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Request]:
    """Return the requests of the commands, which answer from ANSWERS."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json=ANSWERS[_route(request)])

    transport = httpx2.MockTransport(answer)
    for module in (timeline, equipment, capacities, overview, shift_report, stops):
        monkeypatch.setattr(
            module, "Client", lambda: Client("http://core", "k", transport=transport)
        )
    return sent


def _route(request: httpx2.Request) -> str:
    return f"{request.method} {request.url.path.removeprefix('/api/v1')}"


@pytest.mark.parametrize(("command", "route", "body", "texts"), CASES)
def test_what_a_command_requests_and_prints(
    requests: list[httpx2.Request],
    command: str,
    route: str,
    body: dict[str, Any] | None,
    texts: tuple[str, ...],
) -> None:
    words = command.split()
    result = CliRunner().invoke(root(words[0]), words)
    assert result.exit_code == 0, (result.output, result.exception)
    assert [_route(request) for request in requests] == [route]
    if body is not None:
        assert json.loads(requests[0].content) == body
    for text in texts:
        assert text in result.output


def test_filters_become_parameters(requests: list[httpx2.Request]) -> None:
    command = "comparison n --kpi mtbf --start -7d --ignore calendar --ignore coverage"
    assert CliRunner().invoke(root("comparison"), command.split()).exit_code == 0
    assert requests[0].url.params.multi_items() == [
        ("under", "n"), ("kpi", "mtbf"), ("level", "plant"), ("start", "-7d"),
        ("ignore", "calendar"), ("ignore", "coverage"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("equipment capacity n/e/p", "items an hour"),
        ("equipment capacity n/e/p 5 --delete --since now", "items an hour"),
        ("equipment capacity n/e/p --delete", "--since"),
    ],
)
@pytest.mark.usefixtures("requests")
def test_what_a_capacity_command_refuses(command: str, part: str) -> None:
    result = CliRunner().invoke(root("equipment"), command.split())
    assert result.exit_code == 2
    assert part in result.output


@pytest.mark.parametrize("number", ["nan", "inf"])
@pytest.mark.usefixtures("requests")
def test_a_number_that_json_does_not_have(number: str) -> None:
    result = CliRunner().invoke(root("equipment"), ["equipment", "capacity", "n/e/p", number])
    assert isinstance(result.exception, WerknetzError)
    assert "NaN or infinite" in str(result.exception)
    assert result.exception.hint == "Give a finite number."


@pytest.mark.parametrize("command", ["overview n", "comparison n", "equipment states n/e/p"])
@pytest.mark.usefixtures("requests")
def test_documents_are_no_csv(command: str) -> None:
    words = [*command.split(), "-o", "csv"]
    result = CliRunner().invoke(root(words[0]), words)
    assert isinstance(result.exception, WerknetzError)
    assert "json" in result.exception.hint


def test_counts_are_the_csv_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, text="window,good\r\nlate,1220.0\r\n")

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(timeline, "Client", lambda: Client("http://core", "k", transport=transport))
    words = ["equipment", "counts", "n/e/p", "--by", "shift", "-o", "csv"]
    result = CliRunner().invoke(root("equipment"), words)
    assert result.output.splitlines() == ["window,good", "late,1220.0"]
    assert _route(sent[0]) == "GET /equipment/n/e/p/counts"
    assert dict(sent[0].url.params) == {
        "start": "-24h", "granularity": "shift", "format": "csv",
    }  # fmt: skip
