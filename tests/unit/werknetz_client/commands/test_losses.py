"""`werknetz losses` and `werknetz stock`: their requests and their output."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client.cli import root
from werknetz_client.client import Client
from werknetz_client.commands import losses
from werknetz_client.errors import WerknetzError

Serve = Callable[[Any], list[httpx2.URL]]
Run = Callable[..., Result]


def message(name: str) -> dict[str, str]:
    return {"event_id": name, "link": f"/api/v1/events/{name}"}


SHIPMENT = {
    "document": "ASN-1", "despatched_at": "2026-11-18T06:00:00Z",
    "arrives_at": "2026-11-19T06:00:00Z", "expected_at": "2026-11-21T06:00:00Z",
    "quantity": 300.0, "open_quantity": 300.0, "event": message("e3"),
}  # fmt: skip
LOSS = {
    "line": "nordwerk/emden-1/body/line-2", "start": "2026-11-20T06:00:00Z",
    "end": "2026-11-20T10:00:00Z", "machine_minutes": 200.0, "line_minutes": 120.0,
    "cost": {"amount": 2400.0, "currency": "EUR"}, "text": "line-2 stood for want of [M1].",
    "machines": [{"equipment": "press-3", "minutes": 120.0},
                 {"equipment": "robot-14", "minutes": 80.0}],
    "causes": [{
        "material": "M1", "description": "bracket", "warehouse": "w-emden",
        "reason": "late_delivery",
        "stock_out": {"start": "2026-11-20T05:50:00Z", "end": None, "events": [message("e1")]},
        "suppliers": ["kirchhoff"],
        "deliveries": [{
            "supplier": "kirchhoff", "supplier_name": "Kirchhoff AG", "call_off": "C-7",
            "due": "2026-11-19T06:00:00Z", "quantity": 1200.0, "open_quantity": 900.0,
            "delay_s": 99000.0, "fulfilled_at": None, "events": [message("e2")],
            "shipments": [SHIPMENT],
            "receipts": [{"document": "GR-1", "received_at": "2026-11-20T10:00:00Z",
                          "quantity": 300.0, "event": message("e4")}],
        }],
    }],
}  # fmt: skip
TOTALS = {
    "starved_minutes": 260.0, "attributed_minutes": 200.0,
    "unattributed": [{"reason": "stock_was_there", "minutes": 60.0}],
}  # fmt: skip
WARNING = {
    "text": "line-2 will stop on 2026-11-20 12:37.", "stock": 90.0, "unit": "PCE",
    "until": "2026-11-21T10:07:00Z", "reason": None, "acknowledgement": None,
    "next_arrival": {"at": "2026-11-21T10:07:00Z", "quantity": 120.0},
    "lines": [{"equipment": "line-2", "per_hour": 60.0, "minutes_at_risk": 563.0}],
    "deliveries": [{
        "supplier": "kirchhoff", "supplier_name": "Kirchhoff AG", "call_off": "C-7",
        "due_from": "2026-11-19T06:00:00Z", "quantity": 1200.0, "open_quantity": 300.0,
        "expected_at": None, "delay_s": 21600.0, "events": [message("e2")],
        "shipments": [SHIPMENT],
    }],
}  # fmt: skip
PROJECTED = {
    "warehouse": "w-emden", "material": "M1", "unit": "PCE", "stock": 90.0, "reason": None,
    "short_day": "2026-11-21",
    "days": [
        {"day": "2026-11-20", "opening": 90.0, "arrivals": 0.0, "demand": 50.0, "closing": 40.0},
        {"day": "2026-11-21", "opening": 40.0, "arrivals": 0.0, "demand": 50.0, "closing": -10.0},
    ],
}  # fmt: skip


def page(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def test_a_loss_leads_down_to_its_messages(serve: Serve, run: Run) -> None:
    requests = serve({"start": "", "end": "", "totals": TOTALS, "items": [LOSS]})
    output = run("losses", "supply", "--under", "nordwerk", "--start", "-2d").stdout.splitlines()
    assert requests[0].path == "/api/v1/losses/supply-caused"
    assert (requests[0].params["under"], requests[0].params["start"]) == ("nordwerk", "-2d")
    assert output == [
        "line-2 stood for want of [M1].",
        "  2026-11-20 06:00Z to 2026-11-20 10:00Z: press-3 120 min, robot-14 80 min",
        "  cost: 2,400.00 EUR",
        "  no M1 bracket in w-emden from 2026-11-20 05:50Z to now",
        "    message: /api/v1/events/e1",
        (
            "    Kirchhoff AG (kirchhoff): call-off C-7, 1,200 due 2026-11-19 06:00Z, 900 open, "
            "27.5 h late"
        ),
        "      message: /api/v1/events/e2",
        "      shipment ASN-1: 300, despatched 2026-11-18 06:00Z, announced for 2026-11-19 06:00Z",
        "        message: /api/v1/events/e3",
        "      receipt GR-1: 300 on 2026-11-20 10:00Z",
        "        message: /api/v1/events/e4",
        "",
        "Starved: 260 min, of these 200 min for want of a part.",
        "Not attributed: 60 min, all materials of the line were in stock.",
    ]


def test_a_loss_without_a_late_delivery_names_the_reason(serve: Serve, run: Run) -> None:
    cause = {**LOSS["causes"][0], "deliveries": [], "reason": "no_late_delivery"}  # type: ignore[index] # a list
    body = {"totals": TOTALS, "items": [{**LOSS, "cost": None, "causes": [cause]}], "more": 3}
    serve(body)
    output = run("losses", "supply").output
    assert "no delivery was late" in output
    assert "cost" not in output
    assert "There are 3 more" in output
    assert json.loads(run("losses", "supply", "-o", "json").stdout) == body


def test_a_warning_names_who_is_late(serve: Serve, run: Run) -> None:
    requests = serve(page(WARNING))
    output = run("losses", "warnings", "--days", "7").stdout.splitlines()
    assert requests[0].path == "/api/v1/shortage_warnings"
    assert requests[0].params["horizon_days"] == "7"
    assert output[:5] == [
        "line-2 will stop on 2026-11-20 12:37.",
        "  in stock: 90 PCE",
        "  line-2: 563 min at risk until 120 arrive on 2026-11-21 10:07Z",
        (
            "  Kirchhoff AG (kirchhoff): call-off C-7, 300 of 1,200 open, due 2026-11-19 06:00Z, "
            "6.0 h late, no date announced"
        ),
        "    message: /api/v1/events/e2",
    ]
    assert json.loads(run("losses", "warnings", "-o", "json").stdout) == [WARNING]
    serve(page({**WARNING, "next_arrival": None, "reason": "nothing_due_in_time"}))
    output = run("losses", "warnings").stdout.splitlines()
    assert "up to the horizon, 2026-11-21 10:07Z" in output[2]
    assert "too little was called off" in output[3]
    serve(page())
    assert "No shortage is expected" in run("losses", "warnings").output
    serve(page(WARNING, WARNING, WARNING))
    assert "more than 2" in run("losses", "warnings", "--limit", "2").output


def test_a_warning_is_acknowledged_and_withdrawn(serve: Serve, run: Run) -> None:
    newest = {
        "id": 7, "state": "earlier", "by": "eva", "at": "2026-11-20T09:00:00Z",
        "until": "2026-11-21T10:00:00Z", "comment": "lorry is in Bremen",
        "short_at": "2026-11-20T13:00:00Z",
    }  # fmt: skip
    serve(page({**WARNING, "acknowledgement": newest}))
    assert run("losses", "warnings").stdout.splitlines()[3] == (
        "  acknowledgement 7 no longer in force, as it begins earlier now, by eva on "
        "2026-11-20 09:00Z until 2026-11-21 10:00Z: lorry is in Bremen"
    )
    serve(page({**WARNING, "acknowledgement": {**newest, "state": "paused"}}))
    assert "acknowledgement 7 paused, by eva" in run("losses", "warnings").stdout
    serve(newest)
    output = run("losses", "acknowledge", "w-emden", "M1", "--until", newest["until"]).stdout
    assert output == "Acknowledged until 2026-11-21 10:00Z, number 7.\n"
    serve(None)
    assert "7 is withdrawn" in run("losses", "withdraw", "7").stdout


@pytest.mark.parametrize(
    ("options", "horizon_days", "lines"),
    [((), 14, None), (("--days", "56", "--line", "a/b", "--line", "a/c"), 56, ["a/b", "a/c"])],
)
def test_a_warning_is_acknowledged_as_far_as_it_was_shown(
    options: tuple[str, ...],
    horizon_days: int,
    lines: list[str] | None,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies: list[dict[str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json={"id": 7, "until": "2026-11-21T10:00:00Z"})

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(losses, "Client", lambda: Client("http://core", "k", transport=transport))
    run("losses", "acknowledge", "w-emden", "M1", "--until", "2026-11-21T10:00:00Z", *options)
    [body] = bodies
    assert (body["horizon_days"], body.get("lines")) == (horizon_days, lines)


def test_a_chain_is_no_table(serve: Serve, run: Run) -> None:
    requests = serve(page())
    for command in ("supply", "warnings"):
        result = CliRunner().invoke(root("losses"), ["losses", command, "-o", "csv"])
        assert isinstance(result.exception, WerknetzError), command
    assert requests == []


def test_a_projection_is_a_row_a_day(serve: Serve, run: Run) -> None:
    requests = serve(page(PROJECTED))
    output = run("stock", "projection", "--material", "M1", "--days", "2").output
    assert requests[0].path == "/api/v1/stock_projection"
    assert (requests[0].params["days"], requests[0].params["material"]) == ("2", "M1")
    [short] = [line for line in output.splitlines() if "2026-11-21" in line]
    assert "-10" in short
    assert "runs short" in short
    assert json.loads(run("stock", "projection", "-o", "json").stdout) == [PROJECTED]
    serve(page(PROJECTED, PROJECTED))
    assert "more than 1" in run("stock", "projection", "--limit", "1").output


def test_days_and_levels(serve: Serve, run: Run) -> None:
    row = {
        "warehouse": "w-emden", "material": "M1", "unit": "PCE", "stock": 90.0, "demand": 930.0,
        "days_of_supply": 60.0, "at_least": True, "reason": None,
    }  # fmt: skip
    requests = serve(page(row))
    output = run("stock", "days", "--at", "-12h", "--known-at", "-12h").output
    assert requests[0].path == "/api/v1/days_of_supply"
    assert (requests[0].params["at"], requests[0].params["known_at"]) == ("-12h", "-12h")
    for word in ("90", "930", "60.0", "or more"):
        assert word in output, word
    requests = serve(page({"warehouse": "w-emden", "material": "M1", "quantity": None}))
    assert "–" in run("stock", "levels", "--warehouse", "w-emden").output
    assert requests[0].path == "/api/v1/stock_levels"
