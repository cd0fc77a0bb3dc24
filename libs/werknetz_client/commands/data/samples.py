"""`werknetz samples SIGNAL…`: samples of signals, raw or by windows."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Final

import typer

from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    print_csv,
    print_items,
    print_json,
    text,
    timestamp,
)
from werknetz_client.feeds.samples import SIGNALS_A_REQUEST
from werknetz_client.transport import PAGE_MAX

RAW: Final[Columns] = {
    "signal": ("signal", text), "at": ("at", timestamp), "value": ("value", amount),
    "text": ("text", text), "quality": ("quality", text),
}  # fmt: skip
WINDOW: Final[Columns] = {
    "signal": ("signal", text), "start": ("start", timestamp), "end": ("end", timestamp),
    "count": ("count", amount), "min": ("min", amount), "avg": ("avg", amount),
    "max": ("max", amount),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("samples")(list_samples)


def list_samples(
    signals: Annotated[list[str], typer.Argument(help="Ids or keys of signals.")],
    *,
    start: Annotated[str, typer.Option(help="-1h, day:today, 2026-11-20T06:00Z …")] = "-1h",
    end: Annotated[str | None, typer.Option(help="As start; default: now.")] = None,
    granularity: Annotated[
        str | None, typer.Option("--by", help="raw, 10s, 1m, 15m, 1h, shift, 1d …; default: raw.")
    ] = None,
    max_points: Annotated[
        int | None, typer.Option(help="Windows so wide that there are at most so many.", min=1)
    ] = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List samples of signals; `limit` counts for all of them together."""
    options: dict[str, Any] = {
        "start": start, "end": end, "granularity": granularity, "max_points": max_points,
    }  # fmt: skip
    with Client() as client:
        if output is Output.CSV:
            if len(signals) > SIGNALS_A_REQUEST:
                raise typer.BadParameter(f"at most {SIGNALS_A_REQUEST} signals with -o csv")
            print_csv(client.samples.csv(signals, **options, limit=min(limit, PAGE_MAX)))
            return
        page = min(limit + 1, PAGE_MAX)
        rows = list(islice(client.samples.iter(signals, **options, limit=page), limit + 1))
    if output is Output.JSON:
        print_json(rows[:limit])
    else:
        _print_tables(rows[:limit], wide=wide)
    if len(rows) > limit:
        typer.echo(f"There are more than {limit}: shorten the span, or raise --limit.", err=True)


def _print_tables(rows: Iterable[Row], *, wide: bool) -> None:
    raw, windows = _split(rows)
    if raw or not windows:
        print_items(raw, RAW, Output.TABLE, wide=wide)
    if windows:
        print_items(windows, WINDOW, Output.TABLE, wide=wide)


def _split(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    items: Iterator[Row] = iter(rows)
    raw: list[Row] = []
    windows: list[Row] = []
    for row in items:
        (raw if "at" in row else windows).append(row)
    return raw, windows
