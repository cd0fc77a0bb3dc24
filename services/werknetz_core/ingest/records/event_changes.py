"""What deliveries of facts change: new, duplicate, revision, withdrawal or conflict (M2, M3). Pure.

A fact has one row. Its content is replaced by newer content and the row goes out of force when it
is withdrawn; each such change is a revision, and the former row is kept as it was known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz.events.facts import body_of
from werknetz_core.ingest.records.books import BookCounts
from werknetz_core.ingest.records.event_rows import bounded_instant, json_of_fact

_ID_BYTES = 16
_SHOWN_MAX = 3
FormerContent = tuple[UUID, int | None, bytes | None]
"""Id, version and content of a former revision."""


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """Where a delivery comes from."""

    connector_id: str
    spool_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of `business_events`, without its kind, which never changes."""

    event_id: UUID
    origin: EventOrigin
    source: str
    item: str
    at: datetime
    mapping: str
    raw_hash: bytes | None
    body: str  # JSON
    revision: int
    stored_at: datetime  # of this revision
    content: bytes | None
    version: int | None
    group_key: bytes | None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None

    @property
    def is_in_force(self) -> bool:
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class FormerRevision:
    """A row that was replaced; `known_from` equals `known_to` where it was never in force."""

    row: EventRow
    known_from: datetime
    known_to: datetime


@dataclass(frozen=True, slots=True)
class EventConflict:
    """Other content under a known id, from a source that cannot revise."""

    seq: int
    event: BusinessEvent
    reason: str


@dataclass(slots=True)
class EventChanges:
    """Applies deliveries in their order to the rows of facts, and collects what changes.

    `rows` are those that are stored, `new` the ids that this batch has just inserted with their
    first delivery, `former` the contents of former revisions that have a version.
    """

    rows: dict[UUID, EventRow]
    new: set[UUID]
    now: datetime
    former: set[FormerContent] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)
    replaced: list[FormerRevision] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    counts: BookCounts = field(default_factory=BookCounts)

    def deliver(self, event: BusinessEvent, origin: EventOrigin) -> None:
        if event.event_id in self.new:
            self.new.discard(event.event_id)
            self.counts.stored += 1
            return
        row = self.rows[event.event_id]
        is_same = has_content(row, event)
        if not is_same and not event.can_revise:
            self.counts.quarantined += 1
            self.conflicts.append(EventConflict(origin.seq, event, _conflict_reason(row, event)))
        elif _is_older(event.version, row.version):
            self._deliver_older(row, event, origin, is_same=is_same)
        elif is_same and row.is_in_force:
            self.counts.duplicates += 1
            if event.version not in (None, row.version):
                self._set(replace(row, version=event.version))
        else:
            self.counts.revisions += 1
            self.supersede(row, self.revision_of(row, event, origin))

    def withdraw(self, withdrawal: EventWithdrawn, origin: EventOrigin) -> None:
        row = self.rows.get(withdrawal.event_id)
        if row is None or row.event_id in self.new or _is_older(withdrawal.version, row.version):
            self.counts.ignored += 1
        elif not row.is_in_force:
            self.counts.duplicates += 1
        else:
            self.counts.withdrawn += 1
            self.supersede(row, self._withdrawn_row(row, withdrawal, origin, withdrawal.version))

    def end_group(self, end: GroupEnd, origin: EventOrigin) -> None:
        """Withdraw the facts in force of the group that it does not name."""
        named = ids_in(end)
        ended = [
            row
            for row in self.rows.values()
            if row.group_key == end.group
            and row.is_in_force
            and row.event_id not in named
            and row.event_id not in self.new
        ]
        for row in ended:
            self.supersede(row, self._withdrawn_row(row, end, origin, None))
        self.counts.taken += len(ended)
        self.counts.withdrawn += len(ended)

    def revision_of(self, row: EventRow, event: BusinessEvent, origin: EventOrigin) -> EventRow:
        """Return the row in force with the content of a delivery."""
        return EventRow(
            event_id=row.event_id,
            origin=origin,
            source=event.source,
            item=event.item,
            at=bounded_instant(event.at_us),
            mapping=event.mapping,
            raw_hash=event.raw_hash or None,
            body=json_of_fact(event),
            revision=row.revision + 1,
            stored_at=self._known_since(row),
            content=event.content or None,
            version=row.version if event.version is None else event.version,
            group_key=event.group or None,
        )

    def supersede(self, former: EventRow, row: EventRow) -> None:
        """Store the former row as a revision; `row` holds from its `stored_at` on."""
        self.replaced.append(FormerRevision(former, former.stored_at, row.stored_at))
        if former.is_in_force:
            self.former.add((former.event_id, former.version, former.content))
        self._set(row)

    def _deliver_older(
        self, row: EventRow, event: BusinessEvent, origin: EventOrigin, *, is_same: bool
    ) -> None:
        """Keep content that is older than what is known as a revision that was never in force."""
        former = (event.event_id, event.version, event.content or None)
        if (is_same and row.is_in_force) or former in self.former:
            self.counts.duplicates += 1
            return
        self.counts.revisions += 1
        at = self._known_since(row)
        late = replace(self.revision_of(row, event, origin), revision=row.revision)
        self.former.add(former)
        self.replaced.append(FormerRevision(late, at, at))
        self._set(replace(row, revision=row.revision + 1))

    def _withdrawn_row(
        self, row: EventRow, cause: EventWithdrawn | GroupEnd, origin: EventOrigin,
        version: int | None,
    ) -> EventRow:  # fmt: skip
        since = self._known_since(row)
        return replace(
            row, origin=origin, item=cause.item, mapping=cause.mapping,
            raw_hash=cause.raw_hash or None, revision=row.revision + 1, stored_at=since,
            version=row.version if version is None else version,
            withdrawn_at=since, withdrawal_reason=cause.reason,
        )  # fmt: skip

    def _set(self, row: EventRow) -> None:
        self.rows[row.event_id] = row
        self.changed.add(row.event_id)

    def _known_since(self, row: EventRow) -> datetime:
        """Return the time of a change, never before what it replaces: a clock may go back."""
        return max(self.now, row.stored_at)


def has_content(row: EventRow, event: BusinessEvent) -> bool:
    """Return whether a row has the content of an event: by hash, by body where one has none."""
    if row.content is not None and event.content:
        return row.content == event.content
    stored: dict[str, Any] = msgspec.json.decode(row.body)
    return stored == body_of(event.fact)


def ids_in(end: GroupEnd) -> set[UUID]:
    """Return the ids of the facts that belong to a group at its end."""
    ids = end.event_ids
    return {UUID(bytes=ids[start : start + _ID_BYTES]) for start in range(0, len(ids), _ID_BYTES)}


def ids_that_stay(ends: Iterable[GroupEnd]) -> set[UUID]:
    """Return the ids that every end of their group names: none of these ends concerns them."""
    by_group: dict[bytes, set[UUID]] = {}
    for end in ends:
        named = ids_in(end)
        by_group[end.group] = by_group.get(end.group, named) & named
    nothing: set[UUID] = set()
    return nothing.union(*by_group.values())


def versions_below(events: Iterable[BusinessEvent], rows: Mapping[UUID, EventRow]) -> set[UUID]:
    """Return the ids that are delivered in a version older than the stored one."""
    return {
        event.event_id
        for event in events
        if event.event_id in rows and _is_older(event.version, rows[event.event_id].version)
    }


def _is_older(version: int | None, stored: int | None) -> bool:
    return version is not None and stored is not None and version < stored


def _conflict_reason(row: EventRow, event: BusinessEvent) -> str:
    before: dict[str, Any] = msgspec.json.decode(row.body)
    after = body_of(event.fact)
    names = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    differences = [f"{n} {before.get(n)!r}, now {after.get(n)!r}" for n in names[:_SHOWN_MAX]]
    if len(names) > _SHOWN_MAX:
        differences.append(f"{len(names) - _SHOWN_MAX} more fields")
    what = "; ".join(differences) or f"time {row.at.isoformat()}, now another"
    return (
        f"this fact is stored with other content ({what}), and its source cannot revise: give "
        "each record its own key, or set up the connector so that it delivers corrections"
    )
