"""`werknetz kpi … --order`, `--group-by`, `--product`, `--team`: what is asked and shown."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands import kpi
from werknetz_client.errors import WerknetzError
from werknetz_client.frame import frame_of

VALUE: dict[str, Any] = {
    "kpi": "oee", "start": "2026-11-27T06:00:00+01:00", "end": "2026-11-27T14:00:00+01:00",
    "window": "", "value": 0.5, "strict_value": 0.5, "unit": "ratio", "reason": None,
    "provisional": False, "divisor": None, "coverage": 1.0, "state_share": 1.0,
    "quantity_share": 1.0, "plan_share": 1.0, "late_share": None, "definition_version": 2,
    "computed_at": None,
}  # fmt: skip
GROUPED: dict[str, Any] = {**VALUE, "equipment": "n/press", "group_by": "product"}
MACHINE: dict[str, Any] = {
    "equipment": "n/press", "operations": ["10"], "aubt_s": 7200.0, "produced": 300.0,
    "scrap": 10.0,
}  # fmt: skip
RUN: dict[str, Any] = {
    "product": "bracket", "start": "2026-11-27T06:00:00+01:00", "end": None,
    "machines": [MACHINE, {**MACHINE, "equipment": "n/robot", "operations": [], "scrap": None}],
}  # fmt: skip
ITEMS: dict[str, list[dict[str, Any]]] = {
    "groups": [
        {**GROUPED, "product": "bracket", "rest": None},
        {**GROUPED, "product": None, "rest": "no_product", "value": None, "reason": "no data"},
        {**GROUPED, "product": None, "rest": "no_order"},
    ],
    "order": [{**VALUE, "order": "A1", "order_run": RUN}],
}  # fmt: skip


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Request]:
    """Return the requests of the commands: a query with an order gets an order."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        name = "order" if "order" in request.url.params else "groups"
        return httpx2.Response(200, json={"items": ITEMS[name], "ranges": []})

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(kpi, "Client", lambda: Client("http://core", "k", transport=transport))
    monkeypatch.setenv("COLUMNS", "200")
    return sent


def run(*arguments: str) -> str:
    result = CliRunner().invoke(root(), ["kpi", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("requests")
@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.02381, "item/s", " 0.0238 item/s "),
        (-0.05, "kWh/item", " -0.05 kWh/item "),
        (0.0, "item/s", " 0.0 item/s "),
        (1.0, "item/s", " 1.0 item/s "),
        (0.02381, "ratio", " 2.4% "),
    ],
)
def test_a_small_value_has_its_digits(
    value: float, unit: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {**VALUE, "order": "A1", "order_run": RUN, "value": value, "unit": unit}
    monkeypatch.setitem(ITEMS, "order", [row])
    assert text in run("throughput_rate", "--order", "A1")


def test_groups_are_a_column(requests: list[httpx2.Request]) -> None:
    output = run("oee", "n/press", "--start", "-7d", "--group-by", "product")
    lines = [line for line in output.splitlines() if line.strip()]
    assert dict(requests[0].url.params) == {
        "kpi": "oee", "equipment": "n/press", "start": "-7d", "granularity": "none",
        "group_by": "product",
    }  # fmt: skip
    assert lines[0] == "n/press  oee"
    assert lines[1].split()[:2] == ["product", "from"]
    starts = [line.strip().partition("  ")[0] for line in lines[2:]]
    assert [name for name in starts if name.strip("─- ")] == [
        "bracket", "(no product)", "(no order)",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["product", "team"])
def test_groups_are_selected(requests: list[httpx2.Request], name: str) -> None:
    run("oee", "n/press", f"--{name}", "a", f"--{name}", "b")
    assert requests[0].url.params.get_list(name) == ["a", "b"]
    assert "start" not in requests[0].url.params  # the default is that of the API


def test_an_order_shows_its_machines(requests: list[httpx2.Request]) -> None:
    output = run("fall_off_ratio", "--order", "A1")
    assert "start" not in requests[0].url.params
    assert output.startswith("A1  oee\n")
    assert output.splitlines()[-3:] == [
        "Order A1: 2026-11-27 06:00 to now, product bracket.",
        "  n/press operation 10: busy 120.0 min, 300 produced, 10 scrap",
        "  n/robot: busy 120.0 min, 300 produced",
    ]
    rows = json.loads(run("oee", "--order", "A1", "-o", "json"))
    assert rows == ITEMS["order"]


def test_an_explanation_is_of_one_target(requests: list[httpx2.Request]) -> None:
    for arguments in (["--order", "A1", "--order", "A2"], ["n/press", "--order", "A1"], []):
        result = CliRunner().invoke(root(), ["kpi", "oee", *arguments, "--explain"])
        assert isinstance(result.exception, WerknetzError), arguments
    assert requests == []


def test_a_frame_has_the_groups() -> None:
    pytest.importorskip("polars")
    frame = frame_of(ITEMS["groups"], "polars")
    assert frame.columns[:3] == ["equipment", "product", "rest"]
    assert frame["rest"].to_list() == [None, "no_product", "no_order"]
    assert frame_of(ITEMS["order"], "polars").columns[:2] == ["order", "kpi"]
