"""Where plans differ: exactly there, and the bucket before, is computed again."""

from typing import Any

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar
from werknetz_core.calendars.plan_changes import buckets_of_change, changed_spans

HOUR = 4 * BUCKET_US
DAY = 24 * HOUR


def history(*versions: tuple[int, list[tuple[str, str, list[list[str]]]]]) -> CalendarHistory:
    """Versions of shifts of every day: valid from in hours; start, end and breaks."""
    calendars: list[tuple[int, Calendar]] = []
    for since, shifts in versions:
        document: dict[str, Any] = {"time_zone": "UTC", "cycle_days": 1, "shifts": [
            {"name": str(n), "days": [0], "start": start, "end": end, "breaks": breaks}
            for n, (start, end, breaks) in enumerate(shifts)]}  # fmt: skip
        calendars.append((since * HOUR, Calendar.parse(document)))
    return CalendarHistory.of([calendars])


EARLY: list[tuple[str, str, list[list[str]]]] = [("06:00", "14:00", [["10:00", "10:30"]])]
NOTHING = CalendarHistory.of([])


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        (history((0, EARLY)), history((0, EARLY)), []),
        (history((0, EARLY)), history((0, [("06:00", "15:00", [["10:00", "10:30"]])])), [(14, 15)]),
        (history((0, EARLY)), history((0, [("06:00", "14:00", [])])), [(10, 10.5)]),
        (history((0, EARLY)), history((0, [("06:00", "14:00", [["10:10", "10:40"]])])),
         [(10, 10 + 1 / 6), (10.5, 10 + 2 / 3)]),
        # The first calendar changes all time before its shifts, too: until now all was planned.
        (NOTHING, history((0, EARLY)), [(0, 24)]),
        (NOTHING, history((8, EARLY)), [(8, 24)]),
        (history((0, EARLY)), NOTHING, [(0, 24)]),
        # From 12:00 on: the shift that runs goes on to its end by the calendar before.
        (history((0, EARLY)), history((0, EARLY), (12, [("13:30", "16:00", [])])), [(14, 16)]),
        # Other names of shifts are no other plan.
        (history((0, EARLY)), history((0, [("06:00", "10:00", []), ("10:00", "14:00",
         [["10:00", "10:30"]])])), []),
    ],
)  # fmt: skip
def test_where_plans_differ(
    before: CalendarHistory, after: CalendarHistory, spans: list[tuple[float, float]]
) -> None:
    actual = [(start / HOUR, end / HOUR) for start, end in changed_spans(before, after, 0, DAY)]
    assert actual == [pytest.approx(span) for span in spans]


@pytest.mark.parametrize(
    ("span", "buckets"),
    [
        ((4 * HOUR, 5 * HOUR), (4 * HOUR - BUCKET_US, 5 * HOUR)),
        # Two minutes after the start of a bucket, the bucket before does not depend on it.
        ((4 * HOUR + 120_000_000, 5 * HOUR), (4 * HOUR, 5 * HOUR)),
        ((4 * HOUR + 119_999_999, 5 * HOUR), (4 * HOUR - BUCKET_US, 5 * HOUR)),
        ((4 * HOUR + 120_000_000, 5 * HOUR + 1), (4 * HOUR, 5 * HOUR + BUCKET_US)),
    ],
)
def test_the_buckets_of_a_change(span: tuple[int, int], buckets: tuple[int, int]) -> None:
    assert buckets_of_change([span]) == (buckets,)
