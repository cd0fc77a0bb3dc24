"""`werknetz up`, `migrate`, `keys` and `calendar`: the core at the command line of its operator."""

import asyncio
import json
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import asyncpg
import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from werknetz.domain.shift import CalendarRejected
from werknetz.runtime import log
from werknetz.runtime.settings import SettingError, require_env
from werknetz_core import admin
from werknetz_core.app import create_app
from werknetz_core.migrate import upgrade
from werknetz_core.settings import CoreSettings

DATABASE: Final = "WERKNETZ_DATABASE_URL"
_err: Final = Console(stderr=True, soft_wrap=True, highlight=False)
Waiting = Annotated[
    float, typer.Option("--wait", min=0, help="Seconds to wait for PostgreSQL; 0: for ever.")
]


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("migrate")(migrate)
    keys = typer.Typer(no_args_is_help=True, help="API keys, directly in the database.")
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")
    calendar = typer.Typer(no_args_is_help=True, help="Shift calendars.")
    calendar.command("set")(set_calendar)
    app.add_typer(calendar, name="calendar")


def up(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    wait_s: Waiting = 0,
) -> None:
    """Serve the API and its documentation."""
    log.configure()
    settings = _settings()
    _run(admin.wait(settings.database_url, wait_s=wait_s, say=_err.print))
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        log_config=None,  # one way to log
        access_log=False,  # a key may stand in a careless client's address; figures are in /metrics
        server_header=False,
        timeout_graceful_shutdown=10,
        limit_concurrency=500,
    )
    uvicorn.Server(config).run()


def migrate(wait_s: Waiting = 60) -> None:
    """Bring the database to the newest schema. Safe to run twice, and by several at once."""
    url = _database_url()
    _run(admin.wait(url, wait_s=wait_s, say=_err.print))
    upgrade(url)
    typer.echo("The database has the newest schema.")


def create_key(
    name: str,
    role: Annotated[
        str, typer.Option(help="viewer, engineer, planner, operator or admin")
    ] = "viewer",
    plants: Annotated[
        list[str] | None,
        typer.Option(help="Path of a plant; repeated or with commas. None: all."),
    ] = None,
    expires: Annotated[str, typer.Option(help="90d, 12h, or never")] = "365d",
) -> None:
    """Make an API key and print it: the only time that it is ever shown."""
    chosen = [plant for text in plants or () for plant in text.split(",") if plant]
    key = _run(
        admin.create_key(
            _database_url(), name, role=role, plants=chosen or None, expires_at=_expiry(expires)
        )
    )
    _err.print(f"Key for {name!r}, role {role}. Keep it: it is not shown again.")
    typer.echo(key)


def list_keys() -> None:
    """List the keys; of each only the prefix is known."""
    table = Table("prefix", "name", "role", "plants", "created", "expires", "revoked")
    for row in _run(admin.list_keys(_database_url())):
        plants = ", ".join(row["plants"]) if row["plants"] is not None else "all"
        times = (row["created_at"], row["expires_at"], row["revoked_at"])
        table.add_row(row["prefix"], row["name"], row["role"], plants, *map(_date, times))
    Console(soft_wrap=True).print(table)


def revoke_key(prefix: str) -> None:
    """Revoke a key by its prefix; within five seconds nobody gets in with it."""
    # Whoever pastes the whole key means its prefix.
    plain = prefix.split("_")[1] if prefix.startswith("wn_") else prefix
    name = _run(admin.revoke_key(_database_url(), plain))
    if name is None:
        _fail(f"there is no key with the prefix {plain!r} in force", "`werknetz keys list`")
    typer.echo(f"Revoked {plain} ({name}).")


def set_calendar(
    equipment: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    valid_from: Annotated[datetime | None, typer.Option(help="From when on; none: always")] = None,
) -> None:
    """Give an equipment, and all below it that has none of its own, a shift calendar."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        _fail(f"{file} is not JSON: {error}", "correct it there")
    try:
        shifts = _run(admin.set_calendar(_database_url(), equipment, document, valid_from))
    except CalendarRejected as error:
        _fail(f"{file}: {error}", "correct it there; nothing was changed")
    typer.echo(f"{equipment} has the calendar; its next shifts: {', '.join(shifts) or 'none'}.")


def _run(work: Coroutine[Any, Any, admin.T]) -> admin.T:
    """Run against the database; say what is wrong with it and what to do, without a traceback."""
    try:
        return asyncio.run(work)
    except admin.Refused as error:
        _fail(str(error), error.remedy)
    except asyncpg.UndefinedTableError:
        _fail("the tables are missing", "run `werknetz migrate`")
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        _fail(f"PostgreSQL refuses the login: {error}", f"correct {DATABASE}")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(
            f"PostgreSQL: {error or type(error).__name__}",
            f"start it, or correct {DATABASE}; `werknetz doctor` looks closer",
        )


def _settings() -> CoreSettings:
    try:
        return CoreSettings.from_environment()
    except SettingError as error:
        _fail(str(error), "for example postgresql://werknetz@127.0.0.1:5432/werknetz")


def _database_url() -> str:
    try:
        return require_env(DATABASE)
    except SettingError as error:
        _fail(str(error), "for example postgresql://werknetz@127.0.0.1:5432/werknetz")


def _expiry(text: str) -> datetime | None:
    if text == "never":
        return None
    amount, unit = text[:-1], text[-1:]
    if not amount.isdigit() or unit not in {"d", "h"} or not 0 < int(amount) < 100_000:
        _fail(f"--expires {text!r} is not known", "write 90d, 12h or never")
    length = timedelta(days=int(amount)) if unit == "d" else timedelta(hours=int(amount))
    return datetime.now().astimezone() + length


def _date(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else "–"


def _fail(what: str, remedy: str) -> NoReturn:
    _err.print(f"[red]Error:[/] {what}\n[green]Remedy:[/] {remedy}", markup=True)
    raise typer.Exit(1)
