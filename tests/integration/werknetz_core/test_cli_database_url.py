"""Every command takes every common form of a database URL."""

from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from plumbing.servers import run
from werknetz_client import cli as client_cli

from .conftest import CALENDAR, PLANT, fill


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    await fill(connection)
    await connection.close()


async def _audit_of(url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch("SELECT subject, address, client FROM audit_log")
    finally:
        await connection.close()


@pytest.fixture(params=["postgresql", "postgres", "postgresql+asyncpg"])
def scheme(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    run(_fill(database_url))
    url = f"{request.param}://{database_url.partition('://')[2]}"
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", url)
    return request.param


def test_commands_connect(scheme: str, database_url: str, tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.json"
    calendar.write_text(CALENDAR)
    app = client_cli.root()
    for command in (
        ["migrate"],
        ["keys", "create", "tablet"],
        ["keys", "list"],
        ["calendar", "set", PLANT, str(calendar)],
        ["recompute", PLANT, "--since", "2026-01-01"],
    ):
        answer = CliRunner().invoke(app, command)
        assert answer.exit_code == 0, (scheme, command, answer.output)
    entries = run(_audit_of(database_url))
    assert {subject for subject, _, _ in entries} == {"key", "calendar", "recomputation"}
    for _, address, client in entries:  # the calendar goes through the API's own code
        assert address in {"127.0.0.1", None}
        assert client.startswith("werknetz (")


def test_another_database_is_rejected_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", "mysql://u:geheim@127.0.0.1/x")
    for command in (["migrate"], ["keys", "list"]):
        answer = CliRunner().invoke(client_cli.root(), command)
        assert answer.exit_code == 1
        assert "postgresql://" in answer.stderr
        assert "geheim" not in answer.output
