"""Business events with all revisions in which they were in force."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import msgspec

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.store.projection import event_revisions as statements
from werknetz.store.session import WriteConnection

# asyncpg returns -infinity and infinity as the ends of Python's time, without a zone. One day
# inside these ends every instant has a zone and a local day.
_DAY_US: Final = 86_400_000_000
_FIRST_US, _LAST_US = TIME_MIN_US + _DAY_US, TIME_MAX_US - _DAY_US


@dataclass(frozen=True, slots=True)
class EventRevision:
    """One revision of an event. `known_to` is None for the current one."""

    event_id: UUID
    kind: str
    revision: int
    at: datetime
    known_from: datetime
    known_to: datetime | None
    body: dict[str, Any]
    is_withdrawn: bool = False
    connector_id: str = ""  # that delivered the current revision

    def text(self, name: str) -> str | None:
        """Return a field without surrounding blanks; None if it is missing or empty."""
        value = self.body.get(name)
        if value is None:
            return None
        return (value if type(value) is str else str(value)).strip() or None

    def number(self, name: str) -> float | None:
        """Return a field as a number; raise ValueError if it is none, or not finite."""
        value = self.body.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"{name} is {value!r:.20}, which is no finite number")
        return number

    def instant(self, name: str) -> datetime | None:
        value = self.body.get(name)
        if value is None:
            return None
        return instant_of(min(max(int(value), _FIRST_US), _LAST_US))

    def texts(self, name: str) -> list[str]:
        return [str(text) for text in self.body.get(name) or []]


async def load_revisions(
    connection: WriteConnection, event_ids: Sequence[UUID]
) -> list[EventRevision]:
    """Return all revisions of the existing events, in the order in which they became known.

    A withdrawal ends the revision before it and is no revision itself: an event that is out of
    force has only former ones.
    """
    current = await connection.fetch(statements.CURRENT_EVENTS, event_ids)
    revisions: list[EventRevision] = []
    kinds: dict[UUID, tuple[str, str]] = {}  # and the connector
    revised = []
    for row in current:
        kinds[row["event_id"]] = row["kind"], row["connector_id"]
        if row["revision"] > 1:
            revised.append(row["event_id"])
        revisions.append(
            EventRevision(
                row["event_id"], row["kind"], row["revision"], _clamp(row["at"]),
                row["stored_at"], None,
                msgspec.json.decode(row["body"]), row["is_withdrawn"], row["connector_id"],
            )
        )  # fmt: skip
    earlier = await connection.fetch(statements.EARLIER_REVISIONS, revised) if revised else []
    revisions += [
        EventRevision(
            row["event_id"], kinds[row["event_id"]][0], row["revision"], _clamp(row["at"]),
            row["known_from"], row["known_to"], msgspec.json.decode(row["body"]),
            row["is_withdrawn"], kinds[row["event_id"]][1],
        )
        for row in earlier
    ]  # fmt: skip
    revisions.sort(key=lambda revision: (revision.event_id.bytes, revision.revision))
    for number, (revision, later) in enumerate(pairwise(revisions)):
        if revision.event_id == later.event_id:  # a replaced revision was current until then
            revisions[number] = replace(revision, known_to=later.known_from)
    revisions = [revision for revision in revisions if not revision.is_withdrawn]
    revisions.sort(
        key=lambda revision: (revision.known_from, revision.event_id.bytes, revision.revision)
    )
    return revisions


def _clamp(at: datetime) -> datetime:
    if at.tzinfo is None:
        return instant_of(_FIRST_US if at.year == 1 else _LAST_US)
    return min(max(at, instant_of(_FIRST_US)), instant_of(_LAST_US))
