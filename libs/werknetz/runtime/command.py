"""Command groups that several services extend, and who runs a command."""

import getpass
import socket

import typer


def get_or_add_group(app: typer.Typer, name: str, help_text: str) -> typer.Typer:
    """Return the command group with this name; add it where it is missing."""
    for registered in app.registered_groups:
        if registered.name == name and registered.typer_instance is not None:
            return registered.typer_instance
    created = typer.Typer(help=help_text, no_args_is_help=True)
    created.callback()(lambda: None)  # without a callback a single command would be the group
    app.add_typer(created, name=name)
    return created


def operator_name() -> str:
    """Return who runs this command, and where: the name of its connection to the database.

    PostgreSQL cuts it off after 63 bytes.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # no entry in the password database
        user = "unknown"
    return f"werknetz ({user}@{socket.gethostname()})"
