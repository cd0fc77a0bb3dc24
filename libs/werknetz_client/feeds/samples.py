"""Samples of several signals at once."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

from werknetz_client.collections import Row
from werknetz_client.frame import Library, table_of
from werknetz_client.items.plant import SignalSamplesItem
from werknetz_client.transport import Progress, Transport

SIGNALS_A_REQUEST: Final = 50
Signals = int | str | Sequence[int | str]
"""Ids or keys."""


class AsyncSamples:
    """Samples of several signals: `iter` and `frame` have a row for each sample.

    Options: start, end, granularity, max_points, aggregates, tz.
    """

    def __init__(self, transport: Transport, name: str) -> None:
        self.transport = transport
        self.name = name

    async def list(self, signals: Signals, /, **options: object) -> "list[SignalSamplesItem]":
        """Return an item for each signal, with the first page of its samples."""
        items: list[SignalSamplesItem] = []
        for names in _requests_of(signals):
            answer = await self.transport.get(f"/{self.name}", {"signal": names, **options})
            items += answer["items"]
        return items

    async def iter(
        self, signals: Signals, /, *, progress: Progress | None = None, **options: object
    ) -> AsyncIterator[Row]:
        """Yield the samples of one signal after the other, with `signal` and `equipment`."""
        number = 0
        for item in await self.list(signals, **options):
            head = {"signal": item["signal"], "equipment": item["equipment"]}
            async for row in self._rows_of(item, options):
                yield {**head, **row}
                number += 1
            if progress is not None:
                progress(number)

    async def frame(
        self,
        signals: Signals,
        /,
        *,
        library: Library | None = None,
        progress: Progress | None = None,
        **options: object,
    ) -> Any:
        """Return the samples of all signals as a polars or pandas data frame."""
        rows = [row async for row in self.iter(signals, progress=progress, **options)]
        return table_of(rows, library)

    async def csv(self, signals: Signals, /, **options: object) -> AsyncIterator[str]:
        """Yield the API's CSV of the first page of each signal, up to 50 signals."""
        [names] = list(_requests_of(signals))
        async for piece in self.transport.csv(f"/{self.name}", {"signal": names, **options}):
            yield piece

    async def _rows_of(
        self, item: SignalSamplesItem, options: dict[str, object]
    ) -> AsyncIterator[Row]:
        for row in item["items"]:
            yield dict(row) if isinstance(row, dict) else row
        if item["next_cursor"] is not None:
            span = {"start": item["start"], "end": item["end"], "cursor": item["next_cursor"]}
            path = f"/signals/{item['id']}/samples"
            async for further in self.transport.pages(path, {**options, **span}):
                yield further


def _requests_of(signals: Signals) -> Iterator[list[int | str]]:
    names = [signals] if isinstance(signals, int | str) else list(signals)
    for first in range(0, len(names), SIGNALS_A_REQUEST):
        yield names[first : first + SIGNALS_A_REQUEST]
