"""`werknetz materials`: what it requests and prints."""

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client, WerknetzError
from werknetz_client.cli import root
from werknetz_client.commands.performance import materials

VALVE: dict[str, Any] = {
    "number": "V 1/7", "description": "Ball valve", "unit": "PCE", "unit_cost": 12.5,
    "currency": "EUR", "product_family": "valves", "suppliers": [],
    "numbers": [{"kind": "ean", "partner": None, "number": "4012"}],
    "units": [{"unit": "BX", "factor": 12.0}],
}  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[str, httpx2.Request]:
    """Return what the command prints, and its request."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        if request.url.path.endswith("/materials"):
            return httpx2.Response(200, json={"items": [VALVE], "next_cursor": None})
        body = json.loads(request.content or b"{}")
        return httpx2.Response(200, json=VALVE | body)

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(materials, "Client", lambda: Client("http://c", "k", transport=transport))
    result = CliRunner().invoke(root("materials"), ["materials", *words])
    if isinstance(result.exception, WerknetzError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    (request,) = sent
    return result.stdout, request


def test_materials_of_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    output, request = run(monkeypatch, "list", "--family", "valves")
    assert request.url.params["product_family"] == "valves"
    for cell in ("V 1/7", "Ball valve", "valves", "12.5"):
        assert cell in output, cell


def test_a_material_with_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    output, request = run(monkeypatch, "show", "V 1/7")
    assert (request.method, request.url.raw_path) == ("GET", b"/api/v1/materials/V%201/7")
    for text in ("product family: valves", "12 in BX", "ean 4012"):
        assert text in output, text


@pytest.mark.parametrize(
    ("words", "body", "text"),
    [
        (["--family", "pumps"], {"product_family": "pumps"}, "V 1/7: product family pumps"),
        (["--no-family"], {"product_family": None}, "V 1/7: product family none"),
        (["--description", "x", "--unit", "KGM"], {"description": "x", "unit": "KGM"}, "valves"),
    ],
)
def test_a_material_gets_a_family(
    monkeypatch: pytest.MonkeyPatch, words: list[str], body: dict[str, Any], text: str
) -> None:
    output, request = run(monkeypatch, "set", "V 1/7", *words)
    assert (request.method, json.loads(request.content)) == ("PUT", body)
    assert text in output


def test_a_family_and_none_exclude_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WerknetzError, match="exclude each other"):
        run(monkeypatch, "set", "V", "--family", "valves", "--no-family")
