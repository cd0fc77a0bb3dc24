"""The stream of changes: server-sent events, over reconnects."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from werknetz.runtime.backoff import Backoff
from werknetz_client.collections import Names
from werknetz_client.errors import Unreachable, WerknetzError
from werknetz_client.transport import RETRY_FIRST_S, Transport

SILENT_S: Final = 45.0
"""Three comments of the server that did not come: the connection is dead."""
_RETRY_MAX_S: Final = 30.0
_FINAL: Final = frozenset({"too_wide"})


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What has changed of a topic; `id` is where the stream goes on after a restart."""

    topic: str
    items: list[dict[str, Any]]
    removed: list[str]
    id: str | None


async def stream_events(
    transport: Transport, equipment: Names, topics: Names, *, last_id: str | None = None
) -> AsyncIterator[StreamEvent]:
    """Yield events; connect again with Last-Event-ID whenever the connection ends.

    Raises ApiError where the server refuses, and WerknetzError where too much is watched.
    """
    backoff = Backoff(RETRY_FIRST_S, _RETRY_MAX_S)
    while True:
        headers = {} if last_id is None else {"Last-Event-ID": last_id}
        lines = transport.lines(
            "/stream", {"equipment": equipment, "topics": topics}, headers, silent_s=SILENT_S
        )
        with contextlib.suppress(Unreachable):
            async with contextlib.aclosing(lines):
                async for fields in events_of(lines):
                    event, data = fields.get("event"), json.loads(fields["data"])
                    if event == "end":
                        if data["reason"] in _FINAL:
                            raise WerknetzError(data["detail"], "Watch less equipment.")
                        break
                    last_id = fields.get("id", last_id)
                    backoff.reset()
                    yield StreamEvent(str(event), data["items"], data["removed"], last_id)
        await asyncio.sleep(backoff.next_s())


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    """Yield the fields of each event that has data."""
    block: list[str] = []
    async for line in lines:
        if line:
            block.append(line)
            continue
        fields = dict(_fields_in(block))
        block = []
        if "data" in fields:
            yield fields


def _fields_in(block: list[str]) -> Iterator[tuple[str, str]]:
    data = []
    for line in block:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:  # a comment has none
            yield name, value
    if data:
        yield "data", "\n".join(data)
