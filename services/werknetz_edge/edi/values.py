"""Numbers and times as partners write them: read exactly, or refused with the reason. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import microseconds_of

YEAR_PIVOT: Final = 70
"""Two digits: 70-99 are 1970-1999. EDI began in the seventies, and no schedule runs past 2069."""

_NUMBER: Final = re.compile(r"[+-]?(?:\d+([.,])?\d*|([.,])\d+)", re.ASCII)
_SHOWN: Final = 60


class Wrong(Exception):
    """Input that is not what the standard or the partner's profile says: for quarantine."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time as it was said: a moment, or all of a day, week, month or period."""

    from_us: int
    until_us: int


def shown(text: str) -> str:
    """A value inside a sentence."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def number_of(text: str, mark: str = "", maximum: float = 1e12) -> float:
    """Read a number whose decimal mark is `mark` (empty: point or comma); raise Wrong."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Wrong(f"{shown(text)} is no number")
    written = match[1] or match[2]
    if written and mark and written != mark:
        raise Wrong(
            f"{shown(text)}: the decimal mark here is {mark!r}; say `decimal_mark` in the "
            "partner's profile if the partner means it"
        )
    number = float(text.replace(",", ".") if written == "," else text)
    if not -maximum <= number <= maximum:
        raise Wrong(f"{shown(text)} is out of any range for a quantity (limit {maximum:g})")
    return number


def full_year(year: int) -> int:
    """The year that two digits mean."""
    return year + (1900 if year >= YEAR_PIVOT else 2000)


@lru_cache(maxsize=4096)
def days(year: int, month: int, day: int, count: int, zone: str) -> Span:
    """So many whole local days; raise ValueError for a day that is in no calendar."""
    first = date(year, month, day)
    return Span(_midnight(first, zone), _midnight(first + timedelta(days=count), zone))


def month_of(year: int, month: int, zone: str) -> Span:
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    return Span(_midnight(first, zone), _midnight(after, zone))


def week_of(year: int, week: int, zone: str) -> Span:
    """A week of ISO 8601, Monday to Sunday."""
    monday = date.fromisocalendar(year, week, 1)
    return Span(_midnight(monday, zone), _midnight(monday + timedelta(days=7), zone))


def moment(at: datetime, zone: str) -> Span:
    """A point in time; without an offset of its own it is local."""
    local = at if at.tzinfo is not None else at.replace(tzinfo=zone_of(zone))
    at_us = microseconds_of(local.astimezone(UTC))
    return Span(at_us, at_us)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _midnight(day: date, zone: str) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=zone_of(zone))
    return microseconds_of(local.astimezone(UTC))
