# ruff: noqa: DTZ001  local times have no zone
"""Local times: the repeated hour, the missing hour, and clocks set by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from werknetz.connector.clock.wall_clock import WallClock, create_time_parser
from werknetz.connector.values import UnreadableValue
from werknetz_edge.tables.config import TimeConfig


def _clock(**more: Any) -> WallClock:
    return TimeConfig.model_validate({"column": "t", "zone": "Europe/Berlin"} | more).new_clock()


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


AUTUMN = [
    ("2026-10-25 01:50:00", "2026-10-24T23:50:00+00:00"),
    ("2026-10-25 02:10:00", "2026-10-25T00:10:00+00:00"),
    ("2026-10-25 02:50:00", "2026-10-25T00:50:00+00:00"),
    ("2026-10-25 02:00:00", "2026-10-25T01:00:00+00:00"),
    ("2026-10-25 02:50:00", "2026-10-25T01:50:00+00:00"),
    ("2026-10-25 03:00:00", "2026-10-25T02:00:00+00:00"),
]


def test_a_step_back_at_the_clock_change_is_the_second_hour() -> None:
    clock = _clock()
    for text, instant in AUTUMN:
        assert clock.to_instant(text) == (_at(instant), True)


def test_each_address_has_its_own_order() -> None:
    clock = _clock()
    for text, instant in AUTUMN:
        for machine in ("m1", "m2", "m3"):
            assert clock.to_instant(text, machine) == (_at(instant), True)


def test_ambiguous_times_are_marked_as_uncertain() -> None:
    clock = _clock()  # the file begins in the repeated hour
    assert clock.to_instant("2026-10-25 02:10:00") == (_at("2026-10-25T00:10:00+00:00"), False)
    assert clock.to_instant("2026-10-25 02:00:00") == (_at("2026-10-25T01:00:00+00:00"), True)
    clock = _clock()
    clock.to_instant("2026-10-25 01:00:00")
    assert clock.to_instant("2026-10-25 02:00:00")[1]
    # An hourly log: an equal time is the second hour, or a repeated row.
    assert clock.to_instant("2026-10-25 02:00:00") == (_at("2026-10-25T00:00:00+00:00"), False)
    assert clock.to_instant("2026-10-25 03:00:00")[1]
    assert clock.to_instant("2026-10-25 02:30:00")[1] is False, "out of order after the change"
    assert _clock(ordered=False).to_instant("2026-10-25 02:30:00")[1] is False
    assert _clock(ordered=False).to_instant("2026-10-25 03:30:00")[1] is True


def test_the_missing_hour_is_an_error() -> None:
    with pytest.raises(UnreadableValue, match="does not exist in Europe/Berlin"):
        _clock().to_instant("2026-03-29 02:30:00")


def test_a_clock_that_was_set_by_hand() -> None:
    changes = [
        {"at": "2014-01-07 03:00", "to": "2014-01-07 02:00"},
        {"at": "2014-03-01 12:00", "to": "2014-03-01 12:30"},
    ]
    clock = _clock(zone=None, offset="+02:00", changes=changes)
    clock.to_instant("2014-01-07 01:55:00")
    assert clock.to_instant("2014-01-07 02:55:00") == (_at("2014-01-07T00:55:00+00:00"), True)
    assert clock.to_instant("2014-01-07 02:00:00") == (_at("2014-01-07T01:00:00+00:00"), True)
    assert clock.to_instant("2014-01-07 03:00:00") == (_at("2014-01-07T02:00:00+00:00"), True)
    with pytest.raises(UnreadableValue, match="does not exist on this clock"):
        clock.to_instant("2014-03-01 12:10:00")
    assert clock.to_instant("2014-03-01 12:30:00") == (_at("2014-03-01T11:00:00+00:00"), True)


def test_times_with_a_zone_need_no_order() -> None:
    clock = _clock()
    assert clock.to_instant("2026-10-25T02:30:00+01:00") == (_at("2026-10-25T01:30:00+00:00"), True)
    assert clock.to_instant("2026-10-25T02:30:00+02:00") == (_at("2026-10-25T00:30:00+00:00"), True)
    assert _clock(format="unix_ms").to_instant("1500")[0] == 1_500_000


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%d.%m.%Y %H:%M:%S,%f", "1.2.2026 3:04:05,6", datetime(2026, 2, 1, 3, 4, 5, 600_000)),
        ("%Y%m%d", "20260201", datetime(2026, 2, 1)),
        ("%m/%d/%Y %I:%M %p", "02/01/2026 03:04 PM", datetime(2026, 2, 1, 15, 4)),
        ("iso", "2026-02-01", datetime(2026, 2, 1)),
    ],
)
def test_formats(form: str, text: str, expected: datetime) -> None:
    assert create_time_parser(form)(text) == expected


@pytest.mark.parametrize("text", ["48.01.2026", "1.13.2026", "", "2026-01-01", "١.١.٢٠٢٦x"])
def test_impossible_dates(text: str) -> None:
    with pytest.raises(UnreadableValue):
        _clock(format="%d.%m.%Y").to_instant(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"offset": "+01:00"}, "not both"),
        ({"zone": None, "offset": "MEZ"}, r"\+01:00"),
        ({"changes": [{"at": "2026-01-01", "to": "2026-01-02"}]}, "need `offset`"),
        ({"zone": "Europe/Berln"}, "not known"),
        ({"format": "ISO"}, "not known"),
    ],
)
def test_a_wrong_clock_is_rejected_with_a_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _clock(**options)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]),
    st.integers(1, 25),
)
def test_an_ordered_log_is_converted_exactly(zone: str, step_min: int) -> None:
    """Every instant of a year's change days, text by a wall clock, read again."""
    from zoneinfo import ZoneInfo

    for start in (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
        clock = _clock(zone=zone)
        for number in range(30 * 24 * 60 // (step_min * 4)):
            at = start + timedelta(minutes=step_min * number)
            local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            at_us, sure = clock.to_instant(local)
            assert at_us == int(at.timestamp()) * 1_000_000, (local, zone)
            assert sure
