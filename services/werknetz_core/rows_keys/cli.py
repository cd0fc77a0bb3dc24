"""The commands `werknetz rows-key`: which keys are valid, and another one."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from werknetz.runtime.terminal import print_table
from werknetz_core.rows_keys.store import list_keys, replace_key


def register(
    app: typer.Typer,
    url: Callable[[], str],
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    overlap_of: Callable[[str, str], timedelta],
) -> None:
    """Add the commands; the functions are those with which all commands of the core work."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Keys that sign whose rows the API's database user sees; for the owner of the tables.",
    )

    @group.command("list")
    def show_keys() -> None:
        """List the stored keys by their fingerprints."""
        rows = run(list_keys(url()))
        print_table(
            ["fingerprint", "added", "valid until"],
            [
                [
                    row["fingerprint"],
                    f"{row['added_at']:%Y-%m-%d %H:%M}",
                    "a new one" if row["valid_until"] is None else f"{row['valid_until']:%F %H:%M}",
                ]
                for row in rows
            ],
        )

    @group.command("rotate")
    def rotate_key(
        file: Annotated[Path, typer.Argument(dir_okay=False, help="File that gets the new key.")],
        overlap: Annotated[
            str, typer.Option(help="How long the former key is valid: 1h, 1d, or 0.")
        ] = "1h",
    ) -> None:
        """Make a new key, and store it in the database and in the file that the API reads."""
        fingerprint = run(replace_key(url(), file, overlap_of("--overlap", overlap)))
        typer.echo(f"{file} has the new key {fingerprint}. Restart the API within {overlap}.")

    app.add_typer(group, name="rows-key")
