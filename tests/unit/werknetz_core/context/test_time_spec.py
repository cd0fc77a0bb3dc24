"""Parsing of times, relative to a Friday 11:07 in Emden."""

from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar
from werknetz_core.context.time_spec import TimeContext, format_utc, parse_span
from werknetz_core.http.problem import Problem

from datetime import datetime  # isort: skip

NOW = microseconds_of(datetime.fromisoformat("2026-11-20T10:07:00+00:00"))
CALENDAR = Calendar.parse(
    {
        "time_zone": "Europe/Berlin",
        "shifts": [
            {"name": "early", "days": [0, 1, 2, 3, 4], "start": "06:00", "end": "14:00"},
            {"name": "night", "days": [0, 1, 2, 3], "start": "22:00", "end": "06:00"},
        ],
    }
)
CONTEXT = TimeContext(NOW, ZoneInfo("Europe/Berlin"), CALENDAR)


@pytest.mark.parametrize(
    ("start", "end", "from_", "to"),
    [
        ("-8h", None, "2026-11-20T02:07:00Z", "2026-11-20T10:07:00Z"),
        ("-90s", "now", "2026-11-20T10:05:30Z", "2026-11-20T10:07:00Z"),
        ("now-1h", "+1h", "2026-11-20T09:07:00Z", "2026-11-20T11:07:00Z"),
        ("1763632800000", "now", "2025-11-20T10:00:00Z", "2026-11-20T10:07:00Z"),
        ("2026-11-20T06:00:00+01:00", None, "2026-11-20T05:00:00Z", "2026-11-20T10:07:00Z"),
        ("2026-11-20T06:00:00 01:00", None, "2026-11-20T05:00:00Z", "2026-11-20T10:07:00Z"),
        ("2026-11-20T06:00:00", None, "2026-11-20T05:00:00Z", "2026-11-20T10:07:00Z"),
        ("2026-11-19", "2026-11-20", "2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z"),
        ("day:today", None, "2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z"),
        ("day:yesterday", None, "2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z"),
        ("day:yesterday", "day:today", "2026-11-18T23:00:00Z", "2026-11-20T23:00:00Z"),
        ("day:2026-10-25", None, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("week:2026-W47", None, "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"),
        ("week:current", None, "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"),
        ("month:2026-10", None, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        ("shift:current", None, "2026-11-20T05:00:00Z", "2026-11-20T13:00:00Z"),
        ("shift:previous", None, "2026-11-19T21:00:00Z", "2026-11-20T05:00:00Z"),
    ],
)
def test_a_span(start: str, end: str | None, from_: str, to: str) -> None:
    span = parse_span(start, end, CONTEXT)
    assert (format_utc(span.start_us), format_utc(span.end_us)) == (from_, to)


@pytest.mark.parametrize(
    "start",
    ["", "soon", "2026", "-8y", "day:", "day:2026-02-30", "week:2026-W60", "month:13", "shift:next",
     "+9999999w", "9" * 15, "0001-01-01", "9999-12-31T23:59:59Z", "2026-11-20T25:00:00Z", "\x00"],
)  # fmt: skip
def test_an_invalid_time_is_rejected_with_a_hint(start: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_span(start, None, CONTEXT)
    assert caught.value.status == 422
    assert "RFC 3339" in caught.value.hint or "before" in caught.value.hint


def test_a_shift_needs_a_calendar() -> None:
    with pytest.raises(Problem, match="no shift calendar"):
        parse_span("shift:current", None, TimeContext(NOW, ZoneInfo("UTC")))
