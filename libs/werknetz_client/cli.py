"""The `werknetz` command: its own words, and those that installed services add."""

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer
from rich.console import Console

from werknetz_client import heartbeat_command
from werknetz_client.errors import WerknetzError

GROUP: Final = "werknetz.commands"
# What each service's entry point would add, said where its extra is missing.
WORDS: Final = {
    "edge": ("edge",),
    "opcua": ("connect", "trust"),
    "mapping": ("mapping",),
    "core": ("up", "migrate", "keys", "calendar"),
    "ingest": ("ingest",),
    "worker": ("worker", "beat"),
    "simulator": ("simulate",),
    "demo": ("demo",),
}
# Words of the client alone.
OWN: Final = frozenset({"alive", "kpi", "doctor", "quarantine", "supply", "stock", "gate"})
_EXTRAS: Final = {"opcua": "edge", "mapping": "edge", "ingest": "core"}
_ANY: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def root(word: str | None = None) -> typer.Typer:
    """Return the command with everything that is installed.

    For a known `word` only the service that has it is loaded: an edge starts without the core,
    and the health check, asked every few seconds in each container, without anything.
    """
    app = typer.Typer(
        name="werknetz",
        help="An industrial cloud that a company runs itself.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # locals hold keys and passwords
    )
    app.callback()(lambda: None)  # else a single command would be the app itself
    heartbeat_command.register(app)
    if word == "alive":
        return app
    _register_own(app)
    if word in OWN:
        return app
    owners = {name for name, words in WORDS.items() if word in words}
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        if not owners or entry.name in owners:
            _add(app, entry)
    return app


def _register_own(app: typer.Typer) -> None:
    from werknetz_client import (
        commands,
        loss_commands,
        mapping_commands,
        quarantine_commands,
        stock_commands,
        supply_commands,
    )

    for module in (
        commands, mapping_commands, quarantine_commands, supply_commands, stock_commands,
        loss_commands,
    ):  # fmt: skip
        module.register(app)


def main() -> None:
    try:
        root(sys.argv[1] if len(sys.argv) > 1 else None)()
    except WerknetzError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"[red]Error:[/] {_plain(str(error))}")
        if error.hint:
            console.print(f"[green]Hint:[/] {_plain(error.hint)}")
        sys.exit(1)


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        register = entry.load()
    except ModuleNotFoundError as error:
        missing = error.name or "a library"
        for word in WORDS.get(entry.name, (entry.name,)):
            _add_missing(app, word, _EXTRAS.get(entry.name, entry.name), missing)
        return
    register(app)


def _add_missing(app: typer.Typer, word: str, extra: str, missing: str) -> None:
    if any(registered.name == word for registered in app.registered_groups):
        return  # a group whose other words need nothing

    @app.command(word, context_settings=_ANY, add_help_option=False)
    def _missing() -> None:
        raise WerknetzError(
            f"`werknetz {word}` needs {missing}, which is not installed.",
            f"pip install 'werknetz[{extra}]'",
        )

    _missing.__doc__ = f"Not installed: pip install 'werknetz\\[{extra}]'."


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


if __name__ == "__main__":
    main()
