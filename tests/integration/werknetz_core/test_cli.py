"""The operator's commands with a real database, and their errors with remedies."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plumbing.servers import run
from werknetz_client import cli as client_cli
from werknetz_client.errors import WerknetzError

from .conftest import CALENDAR, PLANT, fill

import asyncpg  # isort: skip


async def _fill_database(url: str) -> None:
    connection = await asyncpg.connect(url)
    await fill(connection)
    await connection.close()


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    run(_fill_database(database_url))
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_keys_are_created_listed_and_revoked(command: CliRunner) -> None:
    app = client_cli.root()
    created = command.invoke(
        app, ["keys", "create", "tablet", "--plants", PLANT, "--expires", "90d"]
    )
    assert created.exit_code == 0, created.output
    match = re.search(r"wn_([0-9a-f]{8})_[0-9a-f]{64}", created.stdout)
    assert match
    assert match[1] in command.invoke(app, ["keys", "list"]).stdout
    rows = json.loads(command.invoke(app, ["keys", "list", "-o", "json"]).stdout)
    assert [row["plants"] for row in rows if row["prefix"] == match[1]] == [[PLANT]]
    header, *lines = command.invoke(app, ["keys", "list", "-o", "csv"]).stdout.splitlines()
    assert header.startswith("prefix,name,role,scopes,plants,created_at")
    assert [line for line in lines if line.startswith(f"{match[1]},tablet,viewer,")]
    rotated = command.invoke(app, ["keys", "rotate", match[1], "--overlap", "0"])
    assert rotated.exit_code == 0, rotated.output
    assert f"wn_{match[1]}_" in rotated.stdout
    assert match[0] not in rotated.stdout
    scopes = ["--scope", "ingest", "--scope", "read"]
    created = command.invoke(app, ["keys", "create", "mes", *scopes])
    assert (created.exit_code, "scope ingest" in created.stderr) == (0, True), created.output
    assert "tablet" in command.invoke(app, ["keys", "revoke", match[0]]).stdout
    again = command.invoke(app, ["keys", "revoke", match[1]])
    assert (again.exit_code, "Remedy" in again.stderr) == (1, True)


def test_admins_are_created_and_recovered_in_the_database(command: CliRunner) -> None:
    app = client_cli.root("users")
    created = command.invoke(app, ["users", "first-admin", "Eva"])
    assert created.exit_code == 0, created.output
    password = created.stdout.strip()
    assert len(password) == 20
    again = command.invoke(app, ["users", "first-admin", "EVA"])
    assert (again.exit_code, "users recover" in again.stderr) == (1, True)
    wrong = command.invoke(app, ["users", "first-admin", "a b"])
    assert (wrong.exit_code, "Remedy" in wrong.stderr) == (1, True)
    recovered = command.invoke(app, ["users", "recover", "eva", "--remove-totp"])
    assert recovered.exit_code == 0, recovered.output
    assert recovered.stdout.strip() not in {"", password}
    unknown = command.invoke(app, ["users", "recover", "nobody"])
    assert (unknown.exit_code, "users list" in unknown.stderr) == (1, True)
    named = command.invoke(app, ["keys", "create", "User:eva"])
    assert (named.exit_code, "people in the audit log" in named.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["keys", "create", "x", "--role", "god"], "viewer, operator, planner, engineer, admin"),
        (["keys", "create", "x", "--scope", "read,god"], "read, ingest"),
        (["keys", "create", "x", "--scope", ""], "--scope is empty"),
        (["keys", "create", "x", "--plants", "nordwerk/emden-1,"], "--plants is empty"),
        (["keys", "rotate", "none"], "keys list"),
        (["keys", "rotate", "none", "--overlap", "91d"], "at most 90d"),
        (["keys", "rotate", "none", "--overlap", "soon"], "12h or 0"),
        (["keys", "create", "x", "--plants", "nordwerk/emden-7"], PLANT),
        (["keys", "create", "x", "--expires", "soon"], "90d"),
    ],
)
def test_errors_have_a_remedy(command: CliRunner, arguments: list[str], expected: str) -> None:
    response = command.invoke(client_cli.root(), arguments)
    assert (response.exit_code, expected in response.stderr) == (1, True), response.output


def test_a_calendar_is_validated_before_it_is_stored(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "calendar.json"
    file.write_text(CALENDAR)
    good = command.invoke(client_cli.root(), ["calendar", "set", PLANT, str(file)])
    assert "early" in good.stdout or "late" in good.stdout, good.output
    wrong = json.loads(CALENDAR)
    wrong["shifts"][0]["end"] = "14:07"
    file.write_text(json.dumps(wrong))
    bad = command.invoke(client_cli.root(), ["calendar", "set", PLANT, str(file)])
    assert (bad.exit_code, "shifts[0].end" in bad.stderr) == (1, True), bad.output


def test_migrate_twice_is_harmless(command: CliRunner) -> None:
    for _ in range(2):
        assert command.invoke(client_cli.root(), ["migrate"]).exit_code == 0


def test_an_unreachable_database_is_reported_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    response = CliRunner().invoke(client_cli.root(), ["migrate", "--wait", "0.1"])
    assert response.exit_code == 1
    assert "waiting for PostgreSQL at 127.0.0.1:1" in response.stderr
    assert "geheim" not in response.output
    monkeypatch.delenv("WERKNETZ_DATABASE_URL")
    assert "set WERKNETZ_DATABASE_URL" in CliRunner().invoke(client_cli.root(), ["up"]).stderr


def test_no_api_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKNETZ_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("werknetz_client.transport.ATTEMPTS_MAX", 1)
    response = CliRunner().invoke(client_cli.root(), ["kpi", "oee", PLANT, "--start", "-7d"])
    assert isinstance(response.exception, WerknetzError)
    assert "werknetz up" in response.exception.hint
    doctor = CliRunner().invoke(client_cli.root(), ["doctor"])
    assert (doctor.exit_code, "BAD  API" in doctor.stdout) == (1, True)
