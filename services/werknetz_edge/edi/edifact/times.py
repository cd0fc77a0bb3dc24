"""Parses DTM: a value with the code of its format (2379) becomes a time span. Pure functions.

A date is the whole local day; a period ends with the end of its last part. The hyphen in the
standard's masks of periods is notation: it is accepted, although senders omit it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from werknetz_edge.edi.values import (
    InvalidEdi,
    TimeSpan,
    full_year,
    quote,
    span_of_days,
    span_of_moment,
    span_of_month,
    span_of_week,
)

_PARTS: Final = {
    "CCYY": r"(?P<year>\d{4})", "YY": r"(?P<short>\d\d)", "MM": r"(?P<month>\d\d)",
    "DDD": r"(?P<ordinal>\d{3})", "DD": r"(?P<day>\d\d)", "WW": r"(?P<week>\d\d)",
    "WD": r"(?P<weekday>[1-7])", "HH": r"(?P<hour>\d\d)", "MI": r"(?P<minute>\d\d)",
    "SS": r"(?P<second>\d\d)", "OFFSET": r"(?P<offset>[+-]\d{4})",
    "ZZZ": r"(?P<zone>[A-Z]{3}|[+-]\d\d)",
}  # fmt: skip

_POINTS: Final = {
    "2": "DD MM YY", "3": "MM DD YY", "101": "YY MM DD", "102": "CCYY MM DD", "103": "YY WW WD",
    "105": "YY DDD", "201": "YY MM DD HH MI", "202": "YY MM DD HH MI SS",
    "203": "CCYY MM DD HH MI", "204": "CCYY MM DD HH MI SS", "205": "CCYY MM DD HH MI OFFSET",
    "206": "YY MM DD HH MI OFFSET", "207": "YY MM DD HH MI SS OFFSET",
    "208": "CCYY MM DD HH MI SS OFFSET", "301": "YY MM DD HH MI ZZZ",
    "302": "YY MM DD HH MI SS ZZZ", "303": "CCYY MM DD HH MI ZZZ",
    "304": "CCYY MM DD HH MI SS ZZZ", "602": "CCYY", "609": "YY MM", "610": "CCYY MM",
    "615": "YY WW", "616": "CCYY WW",
}  # fmt: skip
_PERIODS: Final = {
    "702": "602", "709": "609", "710": "610", "711": "102", "713": "201", "715": "615",
    "716": "616", "717": "101", "718": "102", "719": "203",
}  # fmt: skip
"""711 was replaced by 718 with D.03B; both have the same format."""

_SHAPES: Final = {
    code: re.compile("".join(_PARTS[part] for part in mask.split()), re.ASCII)
    for code, mask in _POINTS.items()
}
_ZONES: Final = {"UTC": 0, "GMT": 0, "CET": 1, "MEZ": 1}
"""The standard lists no names. These are unambiguous; summer times or EST are not guessed."""


@lru_cache(maxsize=8192)
def parse_dtm(value: str, format_code: str, zone: str) -> TimeSpan:
    """Parse a time in the partner's zone; raise InvalidEdi where it is invalid."""
    try:
        if format_code in _SHAPES:
            return _point(value, format_code, zone)
        if format_code in _PERIODS:
            return _period(value, _PERIODS[format_code], zone)
    except (ValueError, OverflowError) as error:
        raise InvalidEdi(f"{quote(value)} is not a valid date: {error}") from error
    if not format_code:
        raise InvalidEdi(
            f"{quote(value)} has no format code; set `date_format` in the partner's profile"
        )
    raise InvalidEdi(f"time format {quote(format_code)} is not supported ({quote(value)})")


def _point(value: str, format_code: str, zone: str) -> TimeSpan:
    match = _SHAPES[format_code].fullmatch(value)
    if match is None:
        raise InvalidEdi(f"{quote(value)} does not have the time format {format_code}")
    fields = match.groupdict()
    year = int(fields["year"]) if "year" in fields else full_year(int(fields["short"]))
    if "hour" in fields:
        return span_of_moment(_moment_of(fields, year), zone)
    if "weekday" in fields:
        day = date.fromisocalendar(year, int(fields["week"]), int(fields["weekday"]))
    elif "week" in fields:
        return span_of_week(year, int(fields["week"]), zone)
    elif "ordinal" in fields:
        day = date(year, 1, 1) + timedelta(days=int(fields["ordinal"]) - 1)
        if day.year != year or fields["ordinal"] == "000":
            raise InvalidEdi(f"{quote(value)}: the year has no day {fields['ordinal']}")
    elif "day" in fields:
        day = date(year, int(fields["month"]), int(fields["day"]))
    elif "month" in fields:
        return span_of_month(year, int(fields["month"]), zone)
    else:
        return TimeSpan(
            span_of_days(year, 1, 1, 1, zone).from_us, span_of_days(year, 12, 31, 1, zone).until_us
        )
    return span_of_days(day.year, day.month, day.day, 1, zone)


def _moment_of(fields: Mapping[str, str], year: int) -> datetime:
    day = date(year, int(fields["month"]), int(fields["day"]))
    hour, minute, second = (
        int(fields["hour"]),
        int(fields["minute"]),
        int(fields.get("second") or 0),
    )
    at = datetime(day.year, day.month, day.day, tzinfo=_offset(fields))
    if (hour, minute, second) == (24, 0, 0):
        return at + timedelta(days=1)  # 24:00, the end of the day
    return at.replace(hour=hour, minute=minute, second=second)


def _offset(fields: Mapping[str, str]) -> tzinfo | None:
    if offset := fields.get("offset"):
        minutes = int(offset[1:3]) * 60 + int(offset[3:])
        return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    name = fields.get("zone")
    if name is None:
        return None
    if name[0] in "+-":
        return timezone(timedelta(hours=int(name)))
    if name not in _ZONES:
        raise InvalidEdi(f"time zone {quote(name)} is not defined; use ±HH or UTC")
    return timezone(timedelta(hours=_ZONES[name])) if _ZONES[name] else UTC


def _period(value: str, format_code: str, zone: str) -> TimeSpan:
    plain = value.replace("-", "", 1) if value.count("-") == 1 else value
    half, odd = divmod(len(plain), 2)
    if odd:
        raise InvalidEdi(f"{quote(value)} is not a period: its ends differ in length")
    first, last = _point(plain[:half], format_code, zone), _point(plain[half:], format_code, zone)
    if last.from_us < first.from_us:
        raise InvalidEdi(f"{quote(value)} ends before its start")
    return TimeSpan(first.from_us, last.until_us)
