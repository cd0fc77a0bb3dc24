"""`werknetz kpi definitions …`, and the group that still takes `werknetz kpi oee …`."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands import kpi
from werknetz_client.commands.performance import kpi_definitions
from werknetz_client.errors import ApiError, WerknetzError

VERSION: dict[str, Any] = {
    "version": 1, "valid_from": "2026-11-01T00:00:00Z", "document": {"id": "x"}, "yaml": "id: x\n",
    "entered_by": "eva", "entered_at": "2026-11-02T00:00:00Z", "retired_at": None,
}  # fmt: skip
DEFINITION: dict[str, Any] = {
    "id": "x", "version": 2, "valid_from": "2026-11-01T00:00:00Z", "formula": "a_s / b_s",
    "unit": "ratio", "better": "lower", "retired_at": None, "problem": None,
    "versions": [VERSION, {**VERSION, "version": 2, "yaml": "id: x\nunit: ratio\n"}],
}  # fmt: skip
VALUE: dict[str, Any] = {
    "equipment": "n", "kpi": "oee", "start": "2026-11-27T14:00:00+01:00", "window": "",
    "end": "2026-11-27T14:10:00+01:00", "value": 0.5, "unit": "ratio", "reason": None,
    "provisional": False,
}  # fmt: skip
TESTED: dict[str, Any] = {
    "id": "x", "tests": 3, "inputs": ["a_s", "b_s"], "newest_version": None, "is_stored": False,
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "GET /kpi_definitions": {"items": [DEFINITION], "next_cursor": None},
    "GET /kpi_definitions/x": DEFINITION,
    "PUT /kpi_definitions/x": DEFINITION,
    "DELETE /kpi_definitions/x": None,
    "POST /kpi_definitions:test": TESTED,
    "GET /kpi_values": {"items": [VALUE]},
}
YAML = "# a comment\nid: x\nunit: ratio\n"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[httpx2.Request]:
    """Return the requests of the commands, which answer from ANSWERS, in a folder with x.yaml."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        route = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        if route == "GET /kpis.xml":
            return httpx2.Response(200, text="<ShowKPIDefinition/>")
        return httpx2.Response(200, json=ANSWERS[route])

    transport = httpx2.MockTransport(answer)
    for module in (kpi, kpi_definitions):
        monkeypatch.setattr(
            module, "Client", lambda: Client("http://core", "k", transport=transport)
        )
    (tmp_path / "x.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "empty.yaml").write_text("unit: ratio\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return sent


CASES: list[tuple[str, str, dict[str, Any] | None, tuple[str, ...]]] = [
    ("definitions list", "GET", None, ("a_s / b_s", "lower")),
    ("definitions list --retired -o json", "GET", None, ('"id": "x"',)),
    ("definitions show x", "GET", None, ("# version 1, valid from 2026-11-01", "unit: ratio")),
    ("definitions show x --version 1", "GET", None, ("id: x",)),
    ("definitions test x.yaml", "POST", {"document": YAML}, ("3 test cases pass", "a_s, b_s")),
    ("definitions apply x.yaml --reason new", "PUT", {"document": YAML, "reason": "new"},
     ("x: version 2, valid from 2026-11-01", "a_s / b_s")),
    ("definitions retire x --reason unused", "DELETE", None, ("x is retired",)),
    ("definitions export", "GET", None, ("<ShowKPIDefinition/>",)),
    ("oee n", "GET", None, ("50.0%",)),
    ("values oee n", "GET", None, ("50.0%",)),
    ("--start -7d oee n", "GET", None, ("50.0%",)),
]  # fmt: skip


@pytest.mark.parametrize(("command", "method", "body", "texts"), CASES)
def test_what_a_command_requests_and_prints(
    requests: list[httpx2.Request],
    command: str,
    method: str,
    body: dict[str, Any] | None,
    texts: tuple[str, ...],
) -> None:
    result = CliRunner().invoke(root("kpi"), ["kpi", *command.split()])
    assert result.exit_code == 0, (result.output, result.exception)
    assert [request.method for request in requests] == [method]
    if body is not None:
        assert json.loads(requests[0].content) == body
    for text in texts:
        assert text in result.output


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("definitions apply nothing.yaml", "nothing.yaml cannot be read"),
        ("definitions apply empty.yaml", "empty.yaml has no id"),
        ("definitions test nothing.yaml", "nothing.yaml cannot be read"),
        ("definitions show x --version 3", "x has no version 3"),
    ],
)
@pytest.mark.usefixtures("requests")
def test_what_a_command_refuses(command: str, problem: str) -> None:
    result = CliRunner().invoke(root("kpi"), ["kpi", *command.split()])
    assert isinstance(result.exception, WerknetzError)
    assert problem in str(result.exception)
    assert result.exception.hint


def test_filters_become_parameters(requests: list[httpx2.Request]) -> None:
    for command in ("definitions list --retired", "definitions export oee x"):
        assert CliRunner().invoke(root("kpi"), ["kpi", *command.split()]).exit_code == 0
    assert ("retired", "True") in requests[0].url.params.multi_items()
    assert requests[1].url.params.multi_items() == [("kpi", "oee"), ("kpi", "x")]


def test_groups_show_their_help() -> None:
    for command in (["kpi"], ["kpi", "--help"], ["kpi", "definitions"]):
        output = CliRunner().invoke(root("kpi"), command).output
        assert "Usage" in output
    assert "KPIs of your own" in output


def test_a_refusal_of_the_api_shows_the_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    detail = "definition, line 2: formula: 'x' is not a variable\n    in: x\n        ^"
    problem = {
        "title": "Invalid definition",
        "status": 422,
        "detail": detail,
        "hint": "Correct it.",
    }
    transport = httpx2.MockTransport(lambda _: httpx2.Response(422, json=problem))
    monkeypatch.setattr(
        kpi_definitions, "Client", lambda: Client("http://core", "k", transport=transport)
    )
    file = tmp_path / "x.yaml"
    file.write_text(YAML, encoding="utf-8")
    result = CliRunner().invoke(root("kpi"), ["kpi", "definitions", "test", str(file)])
    assert isinstance(result.exception, ApiError)
    assert str(result.exception).splitlines()[-1].endswith("^")
    assert result.exception.hint == "Correct it."
