"""Parses VDA dates of six digits, and the codes used instead of dates. Pure functions."""

from dataclasses import dataclass
from typing import Final, Literal

from werknetz_edge.edi.values import (
    InvalidEdi,
    TimeSpan,
    full_year,
    quote,
    span_of_days,
    span_of_month,
    span_of_week,
)

NONE: Final = frozenset({"", "000000"})
END: Final = "000000"
PERIODS: Final = "555555"
_CODES: Final[dict[str, Literal["none", "backlog", "immediate", "planning"]]] = {
    "222222": "none", "333333": "backlog", "444444": "immediate", "999999": "planning",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """When a quantity is due, and its commitment: at least one is set."""

    span: TimeSpan | None = None
    commitment: str | None = None


def parse_day(text: str, zone: str, name: str) -> TimeSpan | None:
    """Return the whole day of YYMMDD; None without a date; raise InvalidEdi for an invalid one."""
    if text in NONE:
        return None
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        raise InvalidEdi(f"{name}: {quote(text)} is not a date of six digits")
    try:
        return span_of_days(full_year(int(text[:2])), int(text[2:4]), int(text[4:]), 1, zone)
    except ValueError as error:
        raise InvalidEdi(f"{name}: {quote(text)} is not a valid date: {error}") from error


def parse_due(text: str, zone: str, name: str, *, periods: bool, week_spans: bool) -> Due:
    """Parse a date of the schedule. After 555555, months and weeks replace days."""
    if text in _CODES:
        commitment = _CODES[text]
        return Due(commitment=None if commitment == "none" else commitment)
    if not periods:
        return Due(parse_day(text, zone, name))
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        raise InvalidEdi(f"{name}: {quote(text)} is not a period of six digits")
    try:
        return Due(_period(text, zone, name, week_spans=week_spans), "forecast")
    except ValueError as error:
        raise InvalidEdi(f"{name}: {quote(text)} is not a period: {error}") from error


def _period(text: str, zone: str, name: str, *, week_spans: bool) -> TimeSpan:
    year, middle, last = full_year(int(text[:2])), int(text[2:4]), int(text[4:])
    if last == 0:
        return span_of_month(year, middle, zone)
    if middle == 0:
        return span_of_week(year, last, zone)
    if not week_spans:
        raise InvalidEdi(
            f"{name}: {quote(text)} after {PERIODS} is weeks {middle} to {last} or a day; set "
            "`vda_week_spans` in the partner's profile if it means weeks"
        )
    if last < middle:
        raise InvalidEdi(f"{name}: {quote(text)} ends before its start")
    first, until = span_of_week(year, middle, zone), span_of_week(year, last, zone)
    return TimeSpan(first.from_us, until.until_us)
