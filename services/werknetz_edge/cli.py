"""`werknetz edge FILE.yaml`: run one connector, or those of several files in one process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from werknetz.connector.yaml_format import ConfigurationError
from werknetz.runtime import log
from werknetz.runtime.settings import SettingError
from werknetz_edge.edge import run_edge
from werknetz_edge.spool.errors import SpoolFailed
from werknetz_edge.spool.spool_file import SpoolLocked


def register(app: typer.Typer) -> None:
    app.command("edge")(edge)


def edge(
    files: Annotated[
        list[Path],
        typer.Argument(help="Edge files (YAML: connector, protocol, options, mapping), one each"),
    ],
) -> None:
    """Run one or more connectors: read the source, buffer on disk, forward to the core."""
    log.configure()
    try:
        asyncio.run(_run(files))
    except (ConfigurationError, SettingError, SpoolLocked) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except SpoolFailed as error:
        typer.echo(f"the spool failed; its file stays on disk: {error}", err=True)
        raise typer.Exit(1) from error


async def _run(files: list[Path]) -> None:
    try:
        await run_edge(*files)
    except* SpoolFailed as group:
        raise next(_leaves(group)) from None


def _leaves(group: BaseExceptionGroup[SpoolFailed]) -> Iterator[SpoolFailed]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
