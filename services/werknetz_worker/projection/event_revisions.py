"""Events as they were told, with every revision that was ever believed."""

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

# The driver means -infinity and infinity by the ends of Python's time, and gives them without a
# zone: a day from the ends every instant has its zone, and its local day.
_DAY_US: Final = 86_400_000_000
_FIRST_US, _LAST_US = TIME_MIN_US + _DAY_US, TIME_MAX_US - _DAY_US


@dataclass(frozen=True, slots=True)
class Told:
    """One revision of an event. `known_to` None: it is believed."""

    event_id: UUID
    kind: str
    revision: int
    at: datetime
    known_from: datetime
    known_to: datetime | None
    body: dict[str, Any]

    def text(self, name: str) -> str | None:
        """Return a field without blanks around it; None where it says nothing."""
        value = self.body.get(name)
        if value is None:
            return None
        return (value if type(value) is str else str(value)).strip() or None

    def number(self, name: str) -> float | None:
        value = self.body.get(name)
        return None if value is None else float(value)

    def instant(self, name: str) -> datetime | None:
        value = self.body.get(name)
        if value is None:
            return None
        return instant_of(min(max(int(value), _FIRST_US), _LAST_US))

    def texts(self, name: str) -> list[str]:
        return [str(one) for one in self.body.get(name) or []]


async def load(connection: WriteConnection, event_ids: Sequence[UUID]) -> list[Told]:
    """Return the events that there are, those told first first; each with its revisions."""
    current = await connection.fetch(statements.CURRENT_EVENTS, event_ids)
    found: list[Told] = []
    kinds: dict[UUID, str] = {}
    revised = []
    for row in current:
        kinds[row["event_id"]] = row["kind"]
        if row["revision"] > 1:
            revised.append(row["event_id"])
        found.append(
            Told(
                row["event_id"], row["kind"], row["revision"], _inside(row["at"]),
                row["stored_at"], None,
                msgspec.json.decode(row["body"]),
            )
        )  # fmt: skip
    earlier = await connection.fetch(statements.EARLIER_REVISIONS, revised) if revised else []
    found += [
        Told(
            row["event_id"], kinds[row["event_id"]], row["revision"], _inside(row["at"]),
            row["known_from"], row["known_to"], msgspec.json.decode(row["body"]),
        )
        for row in earlier
    ]  # fmt: skip
    found.sort(key=lambda told: (told.event_id.bytes, told.revision))
    for number, (told, later) in enumerate(pairwise(found)):
        if told.event_id == later.event_id:  # what is replaced is believed until then
            found[number] = replace(told, known_to=later.known_from)
    found.sort(key=lambda told: (told.known_from, told.event_id.bytes, told.revision))
    return found


def _inside(at: datetime) -> datetime:
    if at.tzinfo is None:
        return instant_of(_FIRST_US if at.year == 1 else _LAST_US)
    return min(max(at, instant_of(_FIRST_US)), instant_of(_LAST_US))
