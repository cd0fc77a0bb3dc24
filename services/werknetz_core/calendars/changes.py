"""A change of the calendars of an equipment: what it makes of shifts, and what it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.rollup import Span
from werknetz.domain.shift import Calendar, CalendarRejected
from werknetz.store.calendars import MARK_BUCKETS_OF_SPANS, SPAN_OF_BUCKETS
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables import equipment, shift_calendars
from werknetz.texts.sentence import Sentence
from werknetz_core.calendars.plan_changes import buckets_of_change, changed_spans
from werknetz_core.context.time_spec import format_local
from werknetz_core.http.problem import Problem

Versions = Mapping[str, Sequence[tuple[int, Calendar]]]
"""The versions of each equipment that has a calendar: valid from, and the calendar."""
NOTHING_CHANGES: Final = (None, None)


@dataclass(frozen=True, slots=True)
class StoredCalendars:
    """All calendars and equipment, read in the transaction of a change."""

    versions: Versions
    documents: Mapping[tuple[str, int], Mapping[str, Any]]
    ids: Mapping[str, int]

    @classmethod
    async def load(cls, session: ReadSession) -> Self:
        rows = await session.execute(
            sa.select(equipment.c.path, shift_calendars.c.valid_from, shift_calendars.c.document)
            .join(equipment, equipment.c.id == shift_calendars.c.equipment_id)
            .order_by(equipment.c.path, shift_calendars.c.valid_from)
        )
        versions: dict[str, list[tuple[int, Calendar]]] = {}
        documents = {}
        for path, valid_from, document in rows:
            at_us = microseconds_of(valid_from)
            documents[path, at_us] = document
            try:
                calendar = Calendar.parse_stored(document)
            except CalendarRejected:
                continue  # nobody uses it: the reason is in the log of the core and of workers
            versions.setdefault(path, []).append((at_us, calendar))
        nodes = await session.execute(sa.select(equipment.c.path, equipment.c.id))
        return cls(versions, documents, {row[0]: row[1] for row in nodes.all()})

    def with_version(self, path: str, valid_from_us: int, calendar: Calendar | None) -> Versions:
        """Return the versions with one set, or deleted."""
        others = [version for version in self.versions.get(path, ()) if version[0] != valid_from_us]
        if calendar is not None:
            others.append((valid_from_us, calendar))
        return {**self.versions, path: sorted(others, key=lambda version: version[0])}


@dataclass(frozen=True, slots=True)
class PlanChange:
    """The machines whose plan a change touches, in groups with equal calendars."""

    groups: Sequence[tuple[Sequence[int], CalendarHistory, CalendarHistory]]

    @classmethod
    def of(cls, stored: StoredCalendars, after: Versions, path: str) -> Self:
        groups: dict[tuple[str, ...], list[int]] = {}
        for name, number in stored.ids.items():
            if name == path or name.startswith(path + "/"):
                groups.setdefault(_chain(name, stored.versions, after), []).append(number)
        return cls(
            [
                (ids, history_of(chain, stored.versions), history_of(chain, after))
                for chain, ids in groups.items()
            ]
        )

    def reject_overlaps(self) -> None:
        """Raise 422 where the change makes shifts of two calendars overlap."""
        for _, before, after in self.groups:
            existing = before.overlaps()
            for first, second in after.overlaps():
                if (first, second) in existing:
                    continue
                zone = after.steps[-1][1].zone
                until, begin = (format_local(at, zone) for at in (first.end_us, second.start_us))
                raise Problem(
                    422,
                    "overlapping_shifts",
                    Sentence(
                        "calendars.overlapping_versions",
                        shift=first.name,
                        day=first.day,
                        until=until,
                        next_shift=second.name,
                        next_day=second.day,
                        begin=begin,
                    ),
                    Sentence("calendars.let_shifts_meet", until=until),
                )

    async def spans(self, session: ReadSession) -> list[tuple[Sequence[int], tuple[Span, ...]]]:
        """Return the spans of stored buckets whose plan changes, with their machines."""
        changed = []
        for ids, before, after in self.groups:
            statement = sa.text(SPAN_OF_BUCKETS)
            row = (await session.execute(statement, {"ids": list(ids)})).one()
            if row.start_us is not None:
                spans = changed_spans(before, after, row.start_us, row.end_us + BUCKET_US)
                if spans:
                    changed.append((row.ids, spans))
        return changed


async def mark_changes(
    session: WriteSession, changed: Sequence[tuple[Sequence[int], tuple[Span, ...]]]
) -> int:
    """Mark the buckets whose plan changes; return how many there are."""
    marked = 0
    for ids, spans in changed:
        widened = buckets_of_change(spans)
        result = await session.execute(
            sa.text(MARK_BUCKETS_OF_SPANS),
            {
                "ids": list(ids),
                "starts": [instant_of(start) for start, _ in widened],
                "ends": [instant_of(end) for _, end in widened],
            },
        )
        marked += result.rowcount
    return marked


def history_of(chain: Sequence[str], versions: Versions) -> CalendarHistory:
    return CalendarHistory.of(versions.get(name, ()) for name in chain)


def extent(
    changed: Sequence[tuple[Sequence[int], tuple[Span, ...]]],
) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last instant that changes."""
    spans = [span for _, parts in changed for span in parts]
    if not spans:
        return NOTHING_CHANGES
    return instant_of(min(s for s, _ in spans)), instant_of(max(e for _, e in spans))


def _chain(path: str, *versions: Versions) -> tuple[str, ...]:
    """Return the equipment with calendars from a path upwards."""
    names = []
    while path:
        if any(path in by_path for by_path in versions):
            names.append(path)
        path = path.rpartition("/")[0]
    return tuple(names)
