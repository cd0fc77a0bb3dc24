"""Business events: listed, and sent in batches as NDJSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypedDict

from werknetz_client.collections import AsyncCollection
from werknetz_client.errors import WerknetzError
from werknetz_client.items.plant import EventItem
from werknetz_client.transport import Progress

BATCH_BYTES_MAX: Final = 1_000_000
NDJSON: Final = "application/x-ndjson"
_PATH: Final = "/events:batch"


class BatchResult(TypedDict):
    """What became of the rows; `results` has the quarantined ones, `index` from the first row."""

    accepted: int
    duplicates: int
    quarantined: int
    results: list[dict[str, Any]]


class AsyncEvents(AsyncCollection[EventItem]):
    """Business events: `iter`, `list`, `get` with its message, and `batch` to send some."""

    async def batch(
        self, events: Iterable[Mapping[str, Any]], /, *, progress: Progress | None = None
    ) -> BatchResult:
        """Send events, in requests of at most 1 MB; when this returns, all are on disk.

        Give each event an `id`: then a batch that is sent again changes nothing.
        Raises ApiError, and WerknetzError for an event that JSON cannot hold.
        """
        total: BatchResult = {"accepted": 0, "duplicates": 0, "quarantined": 0, "results": []}
        first = 0
        for number, content in _parts_of(events):
            response = await self.transport.request(
                "POST", _PATH, content=content, media_type=NDJSON
            )
            answer: BatchResult = response.json()
            total["accepted"] += answer["accepted"]
            total["duplicates"] += answer["duplicates"]
            total["quarantined"] += answer["quarantined"]
            total["results"] += [
                {**result, "index": result["index"] + first} for result in answer["results"]
            ]
            first += number
            if progress is not None:
                progress(first)
        return total


def _parts_of(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, bytes]]:
    """Yield the number of events and the content of each request; a large event goes alone."""
    lines: list[bytes] = []
    size = 0
    for n, event in enumerate(events):
        line = _line_of(n, event)
        if lines and size + len(line) > BATCH_BYTES_MAX:
            yield len(lines), b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield len(lines), b"".join(lines)


def _line_of(index: int, event: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(event, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise WerknetzError(
            f"Event {index} cannot be sent: {error}.",
            "Use texts, finite numbers, lists and dicts; write instants as RFC 3339.",
        ) from error
