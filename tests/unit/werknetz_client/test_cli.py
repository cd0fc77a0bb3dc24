"""Each command loads what it needs, and no more."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Never

import httpx2
import pytest

from werknetz.runtime import heartbeat
from werknetz_client import cli
from werknetz_client.client import Client
from werknetz_client.errors import ApiError
from werknetz_client.transport import in_language_of_shell

FOREIGN = ("werknetz_core", "werknetz_edge", "werknetz_worker", "asyncua", "celery", "fastapi")


@pytest.mark.parametrize(
    "command", ["alive", "kpi", "connectors", "quarantine", "supply", "stock", "losses"]
)
def test_a_command_of_the_client_loads_no_service(command: str) -> None:
    """The health check runs every few seconds in each container."""
    code = (
        f"import sys; from werknetz_client.cli import root; root({command!r});"
        f"print([m for m in sys.modules if m.split('.')[0] in {FOREIGN!r}])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_health_check_is_a_command_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an entry of its own, typer would take the only command for the whole application."""
    environment = os.environ | {"WERKNETZ_ALIVE_FILE": str(tmp_path / "alive")}
    command = [sys.executable, "-m", "werknetz_client.cli", "alive"]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, "no sign of life yet" in result.stderr) == (1, True), result
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    heartbeat.touch()
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == 0


def test_every_error_of_a_request_has_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [
        {"pointer": "/body/unit", "detail": "first"},
        {"pointer": "/body/tests", "detail": "second\x1b[2J"},
    ]
    problem = {"detail": "first\n  ^", "hint": "correct it", "errors": errors}

    def fail(_: str | None) -> Never:
        raise ApiError(422, problem)

    monkeypatch.setattr(cli, "root", fail)
    with pytest.raises(SystemExit):
        cli.main()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "Error: first", "         ^", "       /body/tests: second\\x1b[2J", "Hint: correct it",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"), ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"), ({"LANG": "de"}, "de"), ({"LANG": "de@euro"}, "de"),
        ({"LANG": "den_CA"}, "en"), ({"LANG": "de_AT", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "de_CH.UTF-8"}, "de"),
        ({"LC_ALL": "en_GB", "LC_MESSAGES": "de_DE", "LANG": "de_DE"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE"}, "de"),
    ],
)  # fmt: skip
def test_the_command_line_has_the_language_of_the_shell(
    environment: dict[str, str], language: str
) -> None:
    headers: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers.append(request.headers.get("Accept-Language"))
        return httpx2.Response(200, json={"items": [], "next": None})

    def send(language: str | None = None) -> None:
        transport = httpx2.MockTransport(answer)
        with Client("http://core", "wn_x_y", transport=transport, language=language) as client:
            client.gaps.list()

    with in_language_of_shell(environment):
        send()
        send("de")
    send()
    assert headers == [language, "de", None]
