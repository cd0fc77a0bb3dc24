"""Parses numbers and times of partners exactly, or rejects them with a reason. Pure functions."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.connector.clock.local_time import offsets_of_zone, passes_of, start_of_day_us
from werknetz.connector.values import UnreadableValue

YEAR_PIVOT: Final = 70
"""Two digits: 70-99 mean 1970-1999. EDI began in the seventies; no schedule ends after 2069."""

_NUMBER: Final = re.compile(r"[+-]?(?:\d+([.,])?\d*|([.,])\d+)", re.ASCII)
_QUOTE_MAX: Final = 60
_EXACT_DIGITS: Final = 15
"""A float represents every decimal number of so many digits."""

_FLOAT_QUANTITY_MAX: Final = 1e15
"""Above it a fact has the decimal text, too."""


class InvalidEdi(Exception):
    """Input that violates the standard or the partner's profile: it goes to quarantine."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time as written: an instant, or a whole day, week, month or period."""

    from_us: int
    until_us: int


def quote(text: str) -> str:
    """Quote a value for an error text, shortened."""
    return repr(text if len(text) <= _QUOTE_MAX else text[:_QUOTE_MAX] + "…")


def parse_quantity(text: str, decimal_mark: str = "", maximum: float = 1e12) -> tuple[float, str]:
    """Return a number, and its decimal text where a float cannot represent it (else empty).

    `decimal_mark`: empty: either. Raises InvalidEdi.
    """
    number = parse_number(text, decimal_mark, maximum)
    if len(text) <= _EXACT_DIGITS:
        return number, ""
    exact = Decimal(text.replace(",", "."))
    is_exact = Decimal(repr(number)) == exact and abs(number) <= _FLOAT_QUANTITY_MAX
    return number, "" if is_exact else format(exact, "f")


def parse_number(text: str, decimal_mark: str = "", maximum: float = 1e12) -> float:
    """Read a number whose decimal mark is `mark` (empty: either); raise InvalidEdi."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidEdi(f"{quote(text)} is not a number")
    used_mark = match[1] or match[2]
    if used_mark and decimal_mark and used_mark != decimal_mark:
        raise InvalidEdi(
            f"{quote(text)}: the decimal mark here is {decimal_mark!r}; set `decimal_mark` in "
            "the partner's profile if it differs"
        )
    number = float(text.replace(",", ".") if used_mark == "," else text)
    if not -maximum <= number <= maximum:
        raise InvalidEdi(
            f"{quote(text)} is out of range for a quantity (limit {maximum:g}: see `quantity_max`)"
        )
    return number


def full_year(year: int) -> int:
    """Return the year of two digits."""
    return year + (1900 if year >= YEAR_PIVOT else 2000)


@lru_cache(maxsize=4096)
def span_of_days(year: int, month: int, day: int, count: int, zone: str) -> TimeSpan:
    """Return whole local days; raise ValueError for an invalid date."""
    first = date(year, month, day)
    return TimeSpan(
        start_of_day_us(first, zone), start_of_day_us(first + timedelta(days=count), zone)
    )


def span_of_dates(first: date, after: date, zone: str) -> TimeSpan:
    """Return whole local days, up to the day `after`."""
    return TimeSpan(start_of_day_us(first, zone), start_of_day_us(after, zone))


def span_of_month(year: int, month: int, zone: str) -> TimeSpan:
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    return TimeSpan(start_of_day_us(first, zone), start_of_day_us(after, zone))


def span_of_week(year: int, week: int, zone: str) -> TimeSpan:
    """Return a week of ISO 8601, Monday to Sunday."""
    monday = date.fromisocalendar(year, week, 1)
    return TimeSpan(
        start_of_day_us(monday, zone), start_of_day_us(monday + timedelta(days=7), zone)
    )


def span_of_moment(at: datetime, zone: str) -> TimeSpan:
    """Return an instant; a time without an offset is local.

    In the hour that the clock repeats it may be either of two instants: the span contains both.
    """
    try:
        passes = passes_of(at, offsets_of_zone(zone))
    except UnreadableValue as error:
        raise InvalidEdi(str(error)) from error
    return TimeSpan(passes.first_us, passes.second_us)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)
