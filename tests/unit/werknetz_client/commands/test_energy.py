"""`werknetz energy list | set | delete`: their requests and their output."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands.performance import energy

ROW = {
    "carrier": "natural-gas", "equipment": "nordwerk/emden-1", "name": None, "unit": "m^3",
    "valid_from": "2026-01-01T00:00:00+01:00", "kwh_per_unit": 10.3, "co2_kg_per_unit": 2.0,
    "delivered": False, "entered_by": "anna", "entered_at": "2026-11-20T10:00:00Z",
}  # fmt: skip


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Request]:
    received: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        received.append(request)
        if request.method == "DELETE":
            return httpx2.Response(204)
        body: Any = ROW if request.method == "PUT" else {"items": [ROW], "next_cursor": None}
        return httpx2.Response(200, json=body)

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(energy, "Client", lambda: Client("http://core", "k", transport=transport))
    return received


def run(*words: str) -> str:
    result = CliRunner().invoke(root("energy"), ["energy", *words])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_a_carrier_is_set(requests: list[httpx2.Request]) -> None:
    output = run(
        "set", "natural-gas", "nordwerk/emden-1", "--valid-from", "2026-01-01T00:00:00+01:00",
        "--unit", "m^3", "--energy", "37.08", "--energy-unit", "MJ", "--co2", "2",
    )  # fmt: skip
    assert "m^3 of natural-gas at nordwerk/emden-1 from 2026-01-01 00:00: 10.3 kWh, 2 kg CO2." in (
        output
    )
    [request] = requests
    assert request.url.path == "/api/v1/energy_carriers/natural-gas"
    body = json.loads(request.content)
    assert {name: value for name, value in body.items() if value is not None} == {
        "equipment": "nordwerk/emden-1", "valid_from": "2026-01-01T00:00:00+01:00",
        "unit": "m^3", "energy_per_unit": 37.08, "energy_unit": "MJ", "co2_kg_per_unit": 2.0,
        "delivered": False,
    }  # fmt: skip


def test_carriers_are_listed(requests: list[httpx2.Request]) -> None:
    output = run("list", "--under", "nordwerk/emden-1", "--carrier", "natural-gas", "--wide")
    assert "natural-gas" in output
    assert "10.3" in output
    assert requests[0].url.params["under"] == "nordwerk/emden-1"
    assert requests[0].url.params["carrier"] == "natural-gas"


def test_an_entry_is_deleted(requests: list[httpx2.Request]) -> None:
    output = run(
        "delete", "heat", "nordwerk/emden-1", "--valid-from", "2026-01-01T00:00:00Z",
        "--reason", "sold",
    )  # fmt: skip
    assert "The entry of heat at nordwerk/emden-1 from 2026-01-01T00:00:00Z is deleted." in output
    [request] = requests
    assert (request.method, request.url.path) == ("DELETE", "/api/v1/energy_carriers/heat")
    assert dict(request.url.params) == {
        "equipment": "nordwerk/emden-1", "valid_from": "2026-01-01T00:00:00Z", "reason": "sold",
    }  # fmt: skip
