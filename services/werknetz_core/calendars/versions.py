"""One version of a calendar: parsed, checked against the others, stored with marks and audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from werknetz.domain.bucket import instant_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.rollup import Span
from werknetz.domain.shift import Calendar
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables import shift_calendars
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.calendars.changes import PlanChange, StoredCalendars, history_of, mark_changes
from werknetz_core.calendars.holidays import add_holidays
from werknetz_core.context.time_spec import EARLIEST_US, format_utc
from werknetz_core.http.problem import invalid_parameter


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """A version to set, or with `document` None to delete."""

    path: str
    valid_from_us: int
    document: Mapping[str, Any] | None
    holidays: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change that was checked, and the spans of stored buckets whose plan it changes."""

    change: CalendarChange
    history: CalendarHistory  # of the equipment, afterwards
    changed: Sequence[tuple[Sequence[int], tuple[Span, ...]]]


def parse_change(
    stored: StoredCalendars,
    path: str,
    document: Mapping[str, Any],
    valid_from_us: int | None,
    now_us: int,
) -> CalendarChange:
    """Return the change with its holidays; raise CalendarRejected, or 422 without valid_from."""
    expanded, holidays = add_holidays(document, instant_of(now_us).year)
    Calendar.parse(expanded)
    if valid_from_us is None and stored.versions.get(path):
        raise invalid_parameter(
            "valid_from",
            Sentence("calendars.valid_from_missing", path=path),
            Sentence("calendars.send_valid_from"),
        )
    since_us = EARLIEST_US if valid_from_us is None else valid_from_us
    return CalendarChange(path, since_us, expanded, holidays)


async def plan_change(
    session: ReadSession, stored: StoredCalendars, change: CalendarChange
) -> PlannedChange:
    """Check a change against the calendars before, after, above and below it."""
    calendar = None if change.document is None else Calendar.parse(change.document)
    path = change.path
    after = stored.with_version(path, change.valid_from_us, calendar)
    plan = PlanChange.of(stored, after, path)
    plan.reject_overlaps()
    above = [name for name in after if (path + "/").startswith(name + "/")]
    history = history_of(sorted(above, reverse=True), after)
    return PlannedChange(change, history, await plan.spans(session))


async def store_change(
    session: WriteSession,
    stored: StoredCalendars,
    planned: PlannedChange,
    by: Principal,
    reason: str | None,
) -> int:
    """Store a change, its entry in the audit log and its marks; return how many marks."""
    change = planned.change
    key = {
        "equipment_id": stored.ids[change.path],
        "valid_from": instant_of(change.valid_from_us),
    }
    if change.document is None:
        conditions = [shift_calendars.c[name] == value for name, value in key.items()]
        await session.execute(sa.delete(shift_calendars).where(*conditions))
    else:
        statement = insert(shift_calendars).values(**key, document=change.document)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=list(key), set_={"document": change.document}
            )
        )
    before = stored.documents.get((change.path, change.valid_from_us))
    action = "withdrawn" if change.document is None else "created" if before is None else "changed"
    subject = ("calendar", f"{change.path}@{format_utc(change.valid_from_us)}")
    await record_change(
        session, by, action, subject, before=before, after=change.document,
        equipment=change.path, reason=reason,
    )  # fmt: skip
    return await mark_changes(session, planned.changed)
