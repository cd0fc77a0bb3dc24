"""Shifts in plant time, cut in UTC."""

from datetime import UTC, date, datetime

from werknetz_simulator.plants.plan import HOUR_US, MINUTE_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1, ZWICK_2


def _us(text: str) -> int:
    return us_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    shift = ZWICK_2.plan.last_started_shift(_us("2026-11-22T03:00"))
    assert shift is not None
    assert (shift.on, shift.name) == (date(2026, 11, 21), "nacht")
    assert (shift.start_us, shift.end_us) == (_us("2026-11-21T20:30"), _us("2026-11-22T04:30"))
    assert shift.breaks == ((_us("2026-11-22T00:00"), _us("2026-11-22T00:30")),)


def test_the_night_in_which_the_clock_is_set_back_has_nine_hours() -> None:
    shift = ZWICK_2.plan.last_started_shift(_us("2026-10-25T01:30"))
    assert shift is not None
    assert shift.end_us - shift.start_us == 9 * HOUR_US
    assert shift.breaks[0][1] - shift.breaks[0][0] == 30 * MINUTE_US


def test_days_have_23_24_or_25_hours() -> None:
    hours = [
        (end - start) // HOUR_US
        for start, end in map(
            EMDEN_1.plan.day_bounds, (date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1))
        )
    ]
    assert hours == [23, 25, 24]


def test_closed_days_have_no_shift_and_short_days_a_short_one() -> None:
    start, end = ZWICK_2.plan.day_bounds(date(2026, 11, 18))  # Buß- und Bettag
    assert [s.on for s in ZWICK_2.plan.shifts_between(start, end)] == [date(2026, 11, 17)]
    start, end = EMDEN_1.plan.day_bounds(date(2026, 11, 11))
    assert [
        (s.end_us - s.start_us) // HOUR_US for s in EMDEN_1.plan.shifts_between(start, end)
    ] == [5]


def test_the_shift_after_a_weekend() -> None:
    friday = EMDEN_1.plan.last_started_shift(_us("2026-11-20T20:00"))
    assert friday is not None
    following = EMDEN_1.plan.next_shift(friday)
    assert (following.on, following.name) == (date(2026, 11, 23), "early")
