"""Business events with all revisions in which they were in force."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.store.projection import event_revisions as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.bodies import (
    NO_MEASURE,
    EventBody,
    Measure,
    decode_body,
    number_of,
    text_of,
)

# asyncpg returns -infinity and infinity as the ends of Python's time, without a zone. One day
# inside these ends every instant has a zone and a local day.
_DAY_US: Final = 86_400_000_000
_FIRST_US, _LAST_US = TIME_MIN_US + _DAY_US, TIME_MAX_US - _DAY_US
_FIRST, _LAST = instant_of(_FIRST_US), instant_of(_LAST_US)


class EventRevision(msgspec.Struct):
    """One revision of an event. `known_to` is None for the current one.

    `text()`, `number()` and `instant()` read any field; `named` has those of supply and stock.
    """

    event_id: UUID
    kind: str
    revision: int
    at: datetime
    known_from: datetime
    known_to: datetime | None
    json: str
    is_withdrawn: bool = False
    connector_id: str = ""  # that delivered the current revision
    named: EventBody = EventBody()
    # What the names mean; `names.load_names` sets it.
    supplier_id: int | None = None
    material_id: int | None = None
    measure: Measure = NO_MEASURE
    _fields: dict[str, Any] | None = None

    @property
    def body(self) -> dict[str, Any]:
        if self._fields is None:
            self._fields = msgspec.json.decode(self.json)
        return self._fields

    def text(self, name: str) -> str | None:
        """Return a field without surrounding blanks; None if it is missing or empty."""
        return text_of(self.body.get(name))

    def number(self, name: str) -> float | None:
        """Return a field as a number; raise ValueError if it is none, or not finite."""
        return number_of(name, self.body.get(name))

    def instant(self, name: str) -> datetime | None:
        value = self.body.get(name)
        return None if value is None else bounded_instant_of(int(value))


def bounded_instant_of(at_us: int) -> datetime:
    """Return the instant, a day inside the ends of time."""
    return instant_of(min(max(at_us, _FIRST_US), _LAST_US))


async def load_revisions(
    connection: WriteConnection, event_ids: Sequence[UUID]
) -> list[EventRevision]:
    """Return all revisions of the existing events, in the order in which they became known.

    A withdrawal ends the revision before it and is no revision itself: an event that is out of
    force has only former ones.
    """
    rows = await connection.fetch(statements.CURRENT_EVENTS, event_ids)
    revisions = [
        EventRevision(
            event_id, kind, revision, _clamp(at), stored_at, None, body, is_withdrawn, connector
        )
        for event_id, kind, connector, revision, at, stored_at, is_withdrawn, body in rows
    ]
    if any(event.revision > 1 for event in revisions):
        revisions = await _add_earlier(connection, revisions)
    revisions = [event for event in revisions if not event.is_withdrawn]
    for event in revisions:
        event.named = decode_body(event.kind, event.json)
    revisions.sort(key=lambda event: (event.known_from, event.event_id.bytes, event.revision))
    return revisions


async def _add_earlier(
    connection: WriteConnection, current: Sequence[EventRevision]
) -> list[EventRevision]:
    """Return the revisions with earlier ones; a replaced revision was current until the next."""
    revised = {event.event_id: event for event in current if event.revision > 1}
    rows = await connection.fetch(statements.EARLIER_REVISIONS, [*revised])
    revisions = [*current, *(_earlier(row, revised[row["event_id"]]) for row in rows)]
    revisions.sort(key=lambda event: (event.event_id.bytes, event.revision))
    for event, later in pairwise(revisions):
        if event.event_id == later.event_id:
            event.known_to = later.known_from
    return revisions


def _earlier(row: asyncpg.Record, current: EventRevision) -> EventRevision:
    return EventRevision(
        current.event_id, current.kind, row["revision"], _clamp(row["at"]), row["known_from"],
        row["known_to"], row["body"], row["is_withdrawn"], current.connector_id,
    )  # fmt: skip


def _clamp(at: datetime) -> datetime:
    if at.tzinfo is None:
        return _FIRST if at.year == 1 else _LAST
    return at if _FIRST <= at <= _LAST else min(max(at, _FIRST), _LAST)
