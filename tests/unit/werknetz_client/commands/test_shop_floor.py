"""`werknetz stops | reasons | quantities | shift-report | audit` against an API in the test."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands.shop_floor import audit, quantities, reasons, shift_report, stops

STOP: dict[str, Any] = {
    "id": "12-1", "equipment": "n/e/p", "start": "2026-11-27T14:00:00+01:00", "end": None,
    "lost_s": 1860.0, "state": "idle", "reason": None, "minor": False, "code": "9",
    "orders": ["A1"], "entered_by": None, "version": 7,
}  # fmt: skip
CHANGE = {"change": 8, "stops": [{**STOP, "reason": "jam", "version": 8}]}
QUANTITY: dict[str, Any] = {
    "id": 3, "equipment": "n/e/p", "at": "2026-11-27T14:00:00+01:00", "kind": "scrap",
    "quantity": 3.0, "reason": "crack", "order_number": None, "comment": None,
    "entered_by": "eva", "version": 8,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "equipment": "n/e", "start": "2026-11-27T14:00:00+01:00", "end": "2026-11-27T22:00:00+01:00",
    "time_zone": "Europe/Berlin", "provisional": True,
    "shift": {"name": "late", "day": "2026-11-27"},
    "kpis": [{"kpi": "oee", "value": 0.75}, {"kpi": "scrap_ratio", "value": None}],
    "counts": {"good": 90.0, "target": 120.0, "scrap": 3.0, "rework": None},
    "orders": [{
        "order_number": "A1", "equipment": "n/e/p", "material": "M1", "producing_s": 6.0,
        "setup_s": 0.0, "lost_s": 2.0, "planned_quantity": None,
    }],
    "top_stops": [STOP], "stops": 1, "minor_stops": {"count": 2, "lost_s": 90.0}, "lost_s": 1950.0,
    "untagged_share": 0.5, "scrap_reasons": [{"reason": None, "name_en": None, "quantity": 3.0}],
    "notes": [{"start": "2026-11-27T15:00:00+01:00", "entered_by": "eva", "text": "mould 7"}],
    "digest": "d1", "signatures": [{
        "id": 4, "signed_by": "eva", "signed_at": "2026-11-27T22:10:00+01:00", "comment": None,
        "withdrawn_at": None, "changed": ["counts"],
    }],
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "GET /stops": {"items": [STOP], "next_cursor": None},
    "GET /stops/12-1": STOP,
    "POST /stops": CHANGE,
    "POST /stops:merge": CHANGE,
    "POST /stops:classify": {"changes": [CHANGE]},
    "POST /stops/12-1:split": CHANGE,
    "POST /stops/12-1:undo": CHANGE,
    "PUT /stop_thresholds/n/e": {
        "minor_stop_s": 90,
        "start_up_s": 600,
        "start_up_items": 0,
        "start_up_after_stop_s": None,
        "valid_from": "2026-11-27T15:00:00+01:00",
    },
    "GET /reasons": {"items": [{"code": "jam", "path": ["technical", "jam"]}], "next_cursor": None},
    "POST /reasons:order": None,
    "POST /annotations/3:undo": REPORT["notes"][0],
    "PUT /reasons/jam": {"path": ["technical", "jam"], "name_en": "Jam", "name_de": "Klemmer"},
    "PUT /reason_codes/n/e": {},
    "GET /reason_codes": {"items": [], "next_cursor": None},
    "GET /quantity_entries": {"items": [QUANTITY], "next_cursor": None},
    "POST /quantity_entries": QUANTITY,
    "PATCH /quantity_entries/3": QUANTITY,
    "DELETE /quantity_entries/3": None,
    "POST /quantity_entries/3:undo": None,
    "GET /shift_reports/n/e": REPORT,
    "POST /shift_reports/n/e:sign": REPORT["signatures"][0],
    "POST /shift_reports/n/e:withdraw_signature": None,
    "POST /annotations": REPORT["notes"][0],
    "GET /audit": {
        "items": [{"id": 8, "action": "classified", "after": {"reason": "jam", "comment": None}}],
        "next_cursor": None,
    },
}
CASES: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("stops list n/e --unclassified --open --min-s 60", "GET /stops", None, "12-1"),
    ("stops list n/e --as-of -1h", "GET /stops", None, "12-1"),
    ("stops show 12-1", "GET /stops/12-1", None, "version         7"),
    ("stops enter n/e/p T1 T2 --reason jam", "POST /stops",
     {"equipment": "n/e/p", "start": "T1", "end": "T2", "reason": "jam"}, "change 8"),
    ("stops classify 12-1 12-1 --reason jam --comment ok", "POST /stops:classify",
     {"stops": [{"id": "12-1", "version": 7}] * 2, "reason": "jam", "comment": "ok"}, "jam"),
    ("stops classify 12-1 --comment ok", "POST /stops:classify",
     {"stops": [{"id": "12-1", "version": 7}], "comment": "ok"}, "change 8"),
    ("stops split 12-1 --at T", "POST /stops/12-1:split", {"at": "T", "version": 7}, "change 8"),
    ("stops merge 12-1 12-1 --state idle", "POST /stops:merge",
     {"stops": [{"id": "12-1", "version": 7}] * 2, "state": "idle"}, "change 8"),
    ("stops undo 12-1 --why wrong", "POST /stops/12-1:undo", {"version": 7, "why": "wrong"}, "jam"),
    ("stops start-up n/e --seconds 600 --items 0", "PUT /stop_thresholds/n/e",
     {"start_up_s": 600, "start_up_items": 0},
     "n/e: seconds 600, good items 0, after a stop of seconds inherited"),
    ("stops start-up n/e --inherited --after-stop 60 --why x", "PUT /stop_thresholds/n/e",
     {"start_up_s": None, "start_up_items": None, "start_up_after_stop_s": 60, "why": "x"}, "n/e:"),
    ("stops threshold n/e 90", "PUT /stop_thresholds/n/e", {"minor_stop_s": 90}, "90 s from"),
    ("reasons list --kind stop", "GET /reasons", None, "jam"),
    ("reasons set jam --en Jam --de Klemmer --no-planned", "PUT /reasons/jam",
     {"name_en": "Jam", "name_de": "Klemmer", "planned": False}, "technical > jam"),
    ("reasons order jam tool --plant n/e --why agreed", "POST /reasons:order",
     {"codes": ["jam", "tool"], "plant": "n/e", "why": "agreed"}, "The order is jam, tool."),
    ("shift-report restore-note 3", "POST /annotations/3:undo", {}, "eva: mould 7"),
    ("reasons code n/e E17 jam", "PUT /reason_codes/n/e", {"state_code": "E17", "reason": "jam"},
     "E17 is jam"),
    ("reasons code n/e E17 jam --why agreed", "PUT /reason_codes/n/e",
     {"state_code": "E17", "reason": "jam", "why": "agreed"}, "n/e: E17 is jam"),
    ("reasons code n/e D7 crack --scrap", "PUT /reason_codes/n/e",
     {"state_code": "D7", "reason": "crack", "kind": "scrap"}, "D7 is crack"),
    ("reasons code n/e E17", "PUT /reason_codes/n/e", {"state_code": "E17", "reason": None},
     "no reason"),
    ("reasons codes", "GET /reason_codes", None, ""),
    ("quantities list", "GET /quantity_entries", None, "crack"),
    ("quantities enter n/e/p T good --quantity -5 --since S", "POST /quantity_entries",
     {"at": "T", "kind": "good", "quantity": -5.0, "since": "S"}, "scrap"),
    ("quantities correct 3 --quantity 4", "PATCH /quantity_entries/3", {"quantity": 4.0}, "scrap"),
    ("quantities withdraw 3", "DELETE /quantity_entries/3", None, "is withdrawn"),
    ("quantities undo 3", "POST /quantity_entries/3:undo", {"why": None}, "counts no more"),
    ("shift-report show n/e", "GET /shift_reports/n/e", None, "good 90 of 120"),
    ("shift-report show n/e", "GET /shift_reports/n/e", None, "50.0% of it has no reason"),
    ("shift-report show n/e", "GET /shift_reports/n/e", None, "changed since: counts"),
    ("shift-report sign n/e --comment ok", "POST /shift_reports/n/e:sign",
     {"digest": "d1", "comment": "ok"}, "signature 4: eva"),
    ("shift-report sign n/e --digest d0", "POST /shift_reports/n/e:sign", {"digest": "d0"},
     "signature 4: eva"),
    ("shift-report withdraw-signature n/e 4 --comment no",
     "POST /shift_reports/n/e:withdraw_signature", {"signature": 4, "comment": "no"},
     "Signature 4 is withdrawn"),
    ("shift-report note n/e mould", "POST /annotations", {"equipment": "n/e", "text": "mould"},
     "eva: mould 7"),
    ("audit --subject stop --by eva", "GET /audit", None, '{"reason": "jam"}'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "request_line", "body", "shown"), CASES, ids=[f"{c[0]}:{c[3]}" for c in CASES]
)
def test_a_command_sends_and_prints(
    command: str,
    request_line: str,
    body: dict[str, Any] | None,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        line = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        sent.append((line, json.loads(request.content or b"null")))
        return httpx2.Response(200, content=json.dumps(ANSWERS[line]))

    transport = httpx2.MockTransport(answer)
    for module in (stops, reasons, quantities, shift_report, audit):
        monkeypatch.setattr(
            module, "Client", lambda: Client("http://core", "k", transport=transport)
        )
    words = command.split()
    result = CliRunner().invoke(
        root(words[0]), words, env={"COLUMNS": "300"}, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    line, content = sent[-1]
    assert line == request_line
    if body is not None:
        assert {name: content[name] for name in body} == body
    assert shown in result.output
