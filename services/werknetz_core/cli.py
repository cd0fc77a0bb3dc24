"""The commands `werknetz up`, `migrate`, `keys`, and `users` and `calendar` in the database."""

import asyncio
import json
import sys
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import asyncpg
import typer
from rich.console import Console

from werknetz.domain.shift import CalendarRejected
from werknetz.runtime import log
from werknetz.runtime.command import get_or_add_group
from werknetz.runtime.settings import SettingError, require_env
from werknetz.runtime.terminal import Output, OutputOption, Wide, print_json, print_table
from werknetz.store.access.rows_key import RowsKeyRefused
from werknetz.store.database_url import DatabaseUrlRejected
from werknetz_core import admin
from werknetz_core.accounts.names import normalize_user_name
from werknetz_core.api_keys.schemas import OVERLAP_MAX, ApiKeyView
from werknetz_core.context.equipment_tree import now_us
from werknetz_core.database_roles import login_from_option
from werknetz_core.http.formats import Format, OutputFormat, render
from werknetz_core.http.list_params import columns_of
from werknetz_core.migrate import upgrade_async
from werknetz_core.oidc.provider import cli as oidc_cli
from werknetz_core.processes.start import StartOptions, StartRefused, serve_api
from werknetz_core.processes.supervisor import WORKERS_MAX
from werknetz_core.rows_keys import cli as rows_keys_cli
from werknetz_core.rows_keys.store import key_from_option
from werknetz_core.settings import CoreSettings
from werknetz_core.users.first_admin import FIRST_ADMIN, offer_first_admin

DATABASE: Final = "WERKNETZ_DATABASE_URL"
_DATES: Final = ("created_at", "expires_at", "last_used_at", "former_valid_until", "revoked_at")
_err: Final = Console(stderr=True, soft_wrap=True, highlight=False)
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="Seconds to wait for PostgreSQL; 0: no limit.")
]


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("migrate")(migrate)
    keys = typer.Typer(no_args_is_help=True, help="Manage API keys, directly in the database.")
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("rotate")(rotate_key)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")
    oidc_cli.register(app)
    rows_keys_cli.register(app, _database_url, _run, _parse_overlap)
    users = get_or_add_group(app, "users", "People who sign in.")
    users.command("first-admin")(create_first_admin)
    users.command("recover")(recover_user)
    # For `calendar set` of the client, where there is no API key yet.
    calendar = get_or_add_group(app, "calendar", "Shift calendars of equipment.")
    calendar.command("set-in-database", hidden=True)(set_calendar)


def up(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    wait_s: WaitOption = 0,
    tls_cert: Annotated[
        Path | None,
        typer.Option(envvar="WERKNETZ_TLS_CERT", help="PEM of the certificate and its chain."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(envvar="WERKNETZ_TLS_KEY", help="PEM of its key.")
    ] = None,
    root_path: Annotated[
        str,
        typer.Option(
            envvar="WERKNETZ_ROOT_PATH",
            help="Path below which a reverse proxy publishes the API, such as /werknetz.",
        ),
    ] = "",
    workers: Annotated[
        int,
        typer.Option(
            envvar="WERKNETZ_WORKERS",
            min=1,
            max=WORKERS_MAX,
            help="Processes that answer requests; limits of keys count over all of them.",
        ),
    ] = 1,
) -> None:
    """Serve the API and its documentation."""
    log.configure()
    settings = _settings()
    options = StartOptions(host, port, tls_cert, tls_key, root_path, workers)
    try:
        api = options.check(settings)
        _run(admin.wait_for_database(settings.database_url, wait_s=wait_s, show=_err.print))
        _run(
            offer_first_admin(
                settings.database_url,
                now_us(),
                _err.print,
                is_terminal=sys.stderr.isatty(),
                rows_key=settings.rows_key,
            )
        )
        serve_api(options, api)
    except StartRefused as error:
        _fail(str(error), error.remedy)


def migrate(
    wait_s: WaitOption = 60,
    logins: Annotated[
        list[str] | None,
        typer.Option(
            "--login",
            help="SERVICE=FILE: make the database user of api, ingest, worker or grafana, or give "
            "it a new password. The file holds the URL with which the service connects. Repeated.",
        ),
    ] = None,
    plants: Annotated[
        list[str] | None,
        typer.Option(
            "--grafana-plants",
            help="Plants that the users of grafana see: `all`, or paths; repeated or "
            "comma-separated. Default: none.",
        ),
    ] = None,
    rows_key: Annotated[
        Path | None,
        typer.Option(
            help="File with the key with which the API signs whose rows it sees; former keys are "
            "valid for another hour."
        ),
    ] = None,
) -> None:
    """Upgrade the database to the newest schema. May be run repeatedly and concurrently."""
    url = _database_url()
    try:
        users = [login_from_option(text) for text in logins or ()]
        key = None if rows_key is None else key_from_option(rows_key)
    except admin.AdminError as error:
        _fail(str(error), error.remedy)
    paths = _split("--grafana-plants", plants)
    _run(admin.wait_for_database(url, wait_s=wait_s, show=_err.print))
    missing = _run(upgrade_async(url, users, None if paths == ["all"] else paths, key))
    typer.echo("The database has the newest schema.")
    if missing:
        _err.print(
            "[yellow]Warning:[/] this database user may not create roles, so all services use its "
            "rights. Run as a superuser, then migrate again:\n" + "\n".join(missing)
        )
        if users:
            raise typer.Exit(1)


def create_key(
    name: str,
    role: Annotated[
        str | None,
        typer.Option(
            help="What a person does: viewer, operator, planner, engineer or admin. Default: "
            "viewer, if there is no --scope."
        ),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="What a program needs: read, ingest, reasons, supply, mapping, configuration or "
            "admin; repeated or comma-separated.",
        ),
    ] = None,
    plants: Annotated[
        list[str] | None,
        typer.Option(help="Path of a plant; repeated or comma-separated. Default: all."),
    ] = None,
    expires: Annotated[str, typer.Option(help="90d, 12h, or never")] = "365d",
) -> None:
    """Create an API key and print it. It is not shown again."""
    paths, scope_names = _split("--plants", plants), _split("--scope", scopes)
    key = _run(
        admin.create_key(
            _database_url(),
            name,
            role=role,
            scopes=scope_names,
            plants=paths or None,
            expires_at=_parse_expiry(expires),
        )
    )
    rights = [f"role {role}"] if role else []
    rights += [f"scope {scope}" for scope in scope_names]
    _err.print(
        f"Key for {name!r}, {', '.join(rights) or 'role viewer'}. Store it: it is not shown again."
    )
    typer.echo(key)


def _split(option: str, texts: Sequence[str] | None) -> list[str]:
    """Return the names in an option; an empty one must not stand for the default."""
    parts = [part.strip() for text in texts or () for part in text.split(",")]
    if not all(parts):
        _fail(f"{option} is empty", "name at least one, or leave the option out")
    return parts


def rotate_key(
    prefix: str,
    overlap: Annotated[
        str, typer.Option(help="How long the former secret works: 7d, 12h, or 0.")
    ] = "7d",
    expires: Annotated[
        str | None, typer.Option(help="365d, 12h, or never. Default: as before.")
    ] = None,
) -> None:
    """Give a key a new secret and print it. Name, role, scopes, plants and prefix stay."""
    length = _parse_overlap("--overlap", overlap)
    if length > OVERLAP_MAX:
        _fail(f"--overlap {overlap!r} is too long", f"at most {OVERLAP_MAX.days}d")
    change = {} if expires is None else {"expires_at": _parse_expiry(expires)}
    plain = _prefix_of(prefix)
    name, key, until = _run(admin.rotate_key(_database_url(), plain, overlap=length, **change))
    _err.print(
        f"New secret of {name!r}. The former one works until {_format_date(until)}. "
        "Store it: it is not shown again."
    )
    typer.echo(key)


def list_keys(output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List the API keys by prefix."""
    rows = _run(admin.list_keys(_database_url()))
    if output is Output.JSON:
        print_json([ApiKeyView(**row).model_dump(mode="json") for row in rows])
        return
    if output is Output.CSV:
        typer.echo(render(rows, columns_of(ApiKeyView), OutputFormat(Format.CSV)), nl=False)
        return
    print_table(
        [
            "prefix",
            "name",
            "role",
            "scopes",
            "plants",
            "created",
            "expires",
            "last used",
            "former until",
            "revoked",
        ],
        [
            [
                row["prefix"],
                row["name"],
                row["role"] or "–",
                ", ".join(row["scopes"]) or "–",
                "all" if row["plants"] is None else ", ".join(row["plants"]),
                *(_format_date(row[name]) for name in _DATES),
            ]
            for row in rows
        ],
        wide=wide,
        prose={"plants"},
    )


def revoke_key(prefix: str) -> None:
    """Revoke an API key by its prefix. It stops working within five seconds."""
    plain = _prefix_of(prefix)
    name = _run(admin.revoke_key(_database_url(), plain))
    if name is None:
        _fail(f"there is no valid key with the prefix {plain!r}", "`werknetz keys list`")
    typer.echo(f"Revoked {plain} ({name}).")


def _prefix_of(text: str) -> str:
    """Return the prefix; a whole key is accepted, too."""
    return text.split("_")[1] if text.startswith("wn_") else text


def create_first_admin(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")] = FIRST_ADMIN,
) -> None:
    """Create an admin directly in the database and print the password. It is not shown again."""
    password = _run(admin.create_admin(_database_url(), _user_name(name)))
    _err.print(f"Admin {name!r}. The first sign-in replaces this password; it is valid for 7 days.")
    typer.echo(password)


def recover_user(
    name: str,
    totp: Annotated[
        bool, typer.Option("--remove-totp", help="Also remove the second factor.")
    ] = False,
) -> None:
    """Enable a user, unlock, and print a new password: directly in the database, a way back in."""
    password = _run(admin.recover_user(_database_url(), name, totp=totp))
    _err.print(f"User {name!r}. The first sign-in replaces this password; it is valid for 7 days.")
    typer.echo(password)


def _user_name(name: str) -> str:
    try:
        return normalize_user_name(name)
    except ValueError as error:
        _fail(f"{name!r} is no name of a user: {error}", "choose another name")


def set_calendar(
    equipment: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    valid_from: Annotated[
        datetime | None, typer.Option(help="Start of validity. Default: always valid.")
    ] = None,
) -> None:
    """Set the shift calendar of an equipment and of all below it that has none of its own."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        _fail(f"{file} is not JSON: {error}", "correct the file")
    try:
        shifts = _run(admin.set_calendar(_database_url(), equipment, document, valid_from))
    except CalendarRejected as error:
        _fail(f"{file}: {error}", "correct the file; nothing was changed")
    typer.echo(f"Calendar set for {equipment}. Next shifts: {', '.join(shifts) or 'none'}.")


def _run(work: Coroutine[Any, Any, admin.T]) -> admin.T:
    """Run against the database; print an error with its remedy instead of a traceback."""
    try:
        return asyncio.run(work)
    except (admin.AdminError, RowsKeyRefused) as error:
        _fail(str(error), error.remedy)
    except SettingError as error:
        _fail(str(error), "correct the variable")
    except DatabaseUrlRejected as error:
        _fail(str(error), f"correct {DATABASE}")
    except asyncpg.UndefinedTableError:
        _fail("the tables are missing", "run `werknetz migrate`")
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        _fail(f"PostgreSQL rejects the login: {error}", f"correct {DATABASE}")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(
            f"PostgreSQL: {error or type(error).__name__}",
            f"start it, or correct {DATABASE}; `werknetz doctor` checks the details",
        )


def _settings() -> CoreSettings:
    try:
        return CoreSettings.from_environment()
    except SettingError as error:
        is_of_database = DATABASE in str(error)
        _fail(
            str(error),
            "for example postgresql://werknetz@127.0.0.1:5432/werknetz"
            if is_of_database
            else "correct the variable, or unset it for the default",
        )


def _database_url() -> str:
    try:
        return require_env(DATABASE)
    except SettingError as error:
        _fail(str(error), "for example postgresql://werknetz@127.0.0.1:5432/werknetz")


def _parse_expiry(text: str) -> datetime | None:
    if text == "never":
        return None
    return datetime.now().astimezone() + _parse_length("--expires", text, "never")


def _parse_length(option: str, text: str, word: str) -> timedelta:
    amount, unit = text[:-1], text[-1:]
    if not amount.isdigit() or unit not in {"d", "h"} or not 0 < int(amount) < 100_000:
        _fail(f"{option} {text!r} is not valid", f"write 90d, 12h or {word}")
    return timedelta(days=int(amount)) if unit == "d" else timedelta(hours=int(amount))


def _parse_overlap(option: str, text: str) -> timedelta:
    return timedelta() if text == "0" else _parse_length(option, text, "0")


def _format_date(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else "–"


def _fail(what: str, remedy: str) -> NoReturn:
    _err.print(f"[red]Error:[/] {what}\n[green]Remedy:[/] {remedy}", markup=True)
    raise typer.Exit(1)
