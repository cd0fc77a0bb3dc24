"""The `werknetz` command: its own commands, and those that installed services add."""

import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer
from rich.console import Console

from werknetz.runtime.environment import check_environment
from werknetz.runtime.settings import SettingError, read_env
from werknetz_client.commands import alive
from werknetz_client.commands.output import printable
from werknetz_client.errors import ApiError, WerknetzError
from werknetz_client.transport import has_only_database, in_language_of_shell

GROUP: Final = "werknetz.commands"
# Commands that each service's entry point adds; named even where its extra is missing.
COMMANDS: Final = {
    "edge": ("edge",),
    "opcua": ("connect", "trust"),
    "mapping": ("mapping",),
    "core": ("up", "migrate", "keys", "users", "calendar"),
    "ingest": ("ingest",),
    "worker": ("worker", "beat"),
    "simulator": ("simulate",),
    "demo": ("demo",),
}
# Commands of the client alone.
OWN: Final = frozenset(
    {
        "alive",
        "kpi",
        "doctor",
        "equipment",
        "signals",
        "connectors",
        "quarantine",
        "supply",
        "stock",
        "losses",
        "targets",
        "energy",
        "calendar",
        "stops",
        "reasons",
        "quantities",
        "audit",
        "findings",
        "shift-report",
        "overview",
        "comparison",
        "materials",
        "events",
        "samples",
        "gaps",
        "orders",
        "config",
        "users",
        "sessions",
        "whoami",
    }
)
# Groups that the core adds commands to, which work directly in its database.
_SHARED: Final = frozenset({"users"})
_EXTRAS: Final = {"opcua": "edge", "mapping": "edge", "ingest": "core"}
_ANY: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def root(command: str | None = None) -> typer.Typer:
    """Return the application with every command that is installed.

    For a known `command` only the service that has it is loaded: an edge starts without the core,
    and the health check, which runs every few seconds in each container, without any of them.
    """
    app = typer.Typer(
        name="werknetz",
        help="Self-hosted industrial data platform: machines, suppliers, warehouses.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # locals hold keys and passwords
    )
    app.callback()(_check_environment)  # without a callback a single command would be the app
    alive.register(app)
    if command == "alive":
        return app
    _register_own(app)
    if command == "keys" and not read_env("WERKNETZ_DATABASE_URL"):
        _register_keys(app)
        return app
    is_shared = command in _SHARED or (command == "calendar" and has_only_database())
    if command in OWN and not is_shared:
        return app
    owners = {name for name, commands in COMMANDS.items() if command in commands}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if not owners or entry.name in owners:
            _add(app, entry)
    return app


def _check_environment() -> None:
    """Run before every command, so also at the start of every service."""
    try:
        check_environment()
    except SettingError as error:
        raise WerknetzError(
            str(error), "The reference of environment variables lists all."
        ) from None


def _register_keys(app: typer.Typer) -> None:
    """Add `keys` over the API; where the database is at hand, those of the core work in it."""
    from werknetz_client.commands.data import keys

    keys.register(app)


def _register_own(app: typer.Typer) -> None:
    from werknetz_client.commands import (
        connectors,
        equipment,
        kpi,
        losses,
        mapping,
        quarantine,
        stock,
        supply,
    )
    from werknetz_client.commands.access import users
    from werknetz_client.commands.data import configuration, events, samples, tables
    from werknetz_client.commands.performance import (
        calendar,
        capacities,
        energy,
        materials,
        overview,
        targets,
    )
    from werknetz_client.commands.performance import losses as loss_ranking
    from werknetz_client.commands.shop_floor import (
        audit,
        findings,
        quantities,
        reasons,
        shift_report,
        stops,
        timeline,
    )

    own = (
        stops, reasons, quantities, audit, findings, shift_report, kpi, mapping,
        connectors, equipment, quarantine, supply, stock, losses, loss_ranking,
        configuration, events, samples, tables,
        targets, energy, calendar, capacities, timeline, overview, materials, users,
    )  # fmt: skip
    for module in own:
        module.register(app)


def main() -> None:
    try:
        with in_language_of_shell(os.environ):
            root(sys.argv[1] if len(sys.argv) > 1 else None)()
    except WerknetzError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        further = error.further if isinstance(error, ApiError) else []
        first, *others = [line for text in (str(error), *further) for line in text.split("\n")]
        console.print(f"[red]Error:[/] {_safe(first)}")
        for line in others:
            console.print(f"       {_safe(line)}")
        if error.hint:
            console.print(f"[green]Hint:[/] {_safe(error.hint)}")
        sys.exit(1)


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        register = entry.load()
    except ModuleNotFoundError as error:
        if entry.name == "core":
            _register_keys(app)
        missing = error.name or "a library"
        for command in COMMANDS.get(entry.name, (entry.name,)):
            _add_missing(app, command, _EXTRAS.get(entry.name, entry.name), missing)
        return
    register(app)


def _add_missing(app: typer.Typer, command: str, extra: str, missing: str) -> None:
    if any(registered.name == command for registered in app.registered_groups):
        return  # a group whose other commands need no extra

    @app.command(command, context_settings=_ANY, add_help_option=False)
    def _missing() -> None:
        raise WerknetzError(
            f"`werknetz {command}` needs {missing}, which is not installed.",
            f"pip install 'werknetz[{extra}]'",
        )

    _missing.__doc__ = f"Not installed: pip install 'werknetz\\[{extra}]'."


def _safe(text: str) -> str:
    """Return the text without markup for rich and without control characters."""
    return printable(text).replace("[", "\\[")


if __name__ == "__main__":
    main()
