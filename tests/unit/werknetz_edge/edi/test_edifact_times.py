"""DTM: all formats, time spans in the partner's zone, and invalid times."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import microseconds_of
from werknetz_edge.edi.edifact.times import parse_dtm
from werknetz_edge.edi.values import InvalidEdi, parse_number

ZONE = "Europe/Berlin"


def us(text: str, zone: str = ZONE) -> int:
    return microseconds_of(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("value", "form", "start", "end"),
    [
        ("120126", "2", "2026-01-12", "2026-01-13"),
        ("011226", "3", "2026-01-12", "2026-01-13"),
        ("260112", "101", "2026-01-12", "2026-01-13"),
        ("991231", "101", "1999-12-31", "2000-01-01"),
        ("20260112", "102", "2026-01-12", "2026-01-13"),
        ("20260329", "102", "2026-03-29", "2026-03-30"),  # a day of 23 hours
        ("26031", "103", "2026-01-12", "2026-01-13"),
        ("26012", "105", "2026-01-12", "2026-01-13"),
        ("2601121430", "201", "2026-01-12T14:30", "2026-01-12T14:30"),
        ("260112143059", "202", "2026-01-12T14:30:59", "2026-01-12T14:30:59"),
        ("202601121430", "203", "2026-01-12T14:30", "2026-01-12T14:30"),
        ("202601122400", "203", "2026-01-13", "2026-01-13"),
        ("20260112143059", "204", "2026-01-12T14:30:59", "2026-01-12T14:30:59"),
        ("2026", "602", "2026-01-01", "2027-01-01"),
        ("2602", "609", "2026-02-01", "2026-03-01"),
        ("202612", "610", "2026-12-01", "2027-01-01"),
        ("2601", "615", "2025-12-29", "2026-01-05"),
        ("202653", "616", "2026-12-28", "2027-01-04"),
        ("202602202604", "710", "2026-02-01", "2026-05-01"),
        ("2026011220260118", "711", "2026-01-12", "2026-01-19"),
        ("26011206002601121400", "713", "2026-01-12T06:00", "2026-01-12T14:00"),
        ("202603202605", "716", "2026-01-12", "2026-02-02"),
        ("2026011220260118", "718", "2026-01-12", "2026-01-19"),
        ("20260112-20260118", "718", "2026-01-12", "2026-01-19"),
        ("202601120600202601121400", "719", "2026-01-12T06:00", "2026-01-12T14:00"),
    ],
)
def test_formats(value: str, form: str, start: str, end: str) -> None:
    span = parse_dtm(value, form, ZONE)
    assert (span.from_us, span.until_us) == (us(start), us(end))


@pytest.mark.parametrize(
    ("value", "form", "utc"),
    [
        ("202601121430UTC", "303", "2026-01-12T14:30"),
        ("20260112143059GMT", "304", "2026-01-12T14:30:59"),
        ("202601121430CET", "303", "2026-01-12T13:30"),
        ("202601121430+02", "303", "2026-01-12T12:30"),
        ("202601121430-0530", "205", "2026-01-12T20:00"),
        ("20260112143059+0100", "208", "2026-01-12T13:30:59"),
    ],
)
def test_a_time_with_its_own_offset(value: str, form: str, utc: str) -> None:
    assert parse_dtm(value, form, ZONE).from_us == us(utc, "UTC")


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        ("20260148", "102", "not a valid date"),
        ("20261301", "102", "not a valid date"),
        ("20260229", "102", "not a valid date"),
        ("00000000", "102", "not a valid date"),
        ("202601122460", "203", "not a valid date"),
        ("202654", "616", "not a valid date"),
        ("202553", "616", "not a valid date"),
        ("26000", "105", "has no day"),
        ("26366", "105", "has no day"),
        ("20260112", "203", "does not have the time format"),
        ("2026-01-12", "102", "does not have the time format"),
        ("٢٠٢٦٠١١٢", "102", "does not have the time format"),
        ("202601121430EST", "303", "is not defined"),
        ("2026011820260112", "718", "ends before"),
        ("202601122026011", "718", "differ in length"),
        ("99991231", "102", "not a valid date"),  # the end of the day is out of range
        ("20260112", "", "no format code"),
        ("20260112", "888", "not supported"),
    ],
)
def test_an_invalid_time_is_rejected(value: str, form: str, reason: str) -> None:
    with pytest.raises(InvalidEdi, match=reason):
        parse_dtm(value, form, ZONE)


@given(st.text(max_size=40), st.sampled_from(["102", "203", "303", "718", "105", "616", "205", ""]))
def test_any_text_is_a_time_or_rejected(value: str, form: str) -> None:
    try:
        span = parse_dtm(value, form, ZONE)
    except InvalidEdi:
        return
    assert span.from_us <= span.until_us


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1", ".", 1.0), ("1.5", ".", 1.5), ("1,5", ",", 1.5), ("1,5", "", 1.5), (".5", "", 0.5),
        ("-3", ".", -3.0), ("+3", ".", 3.0), ("007", ".", 7.0), ("5.", ".", 5.0),
    ],
)  # fmt: skip
def test_numbers(text: str, mark: str, number: float) -> None:
    assert parse_number(text, mark) == number


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("", "."), ("1,5", "."), ("1.5", ","), ("1.000,5", ","), ("1 000", "."), ("1e3", "."),
        ("nan", "."), ("٣", "."), ("0x1", "."), ("1e13", ""), ("2000000000000", "."), (".", "."),
    ],
)  # fmt: skip
def test_an_invalid_number_is_rejected(text: str, mark: str) -> None:
    with pytest.raises(InvalidEdi):
        parse_number(text, mark)
