"""DTM: a value and the code of its format (2379) → when it is. Pure.

A date is all of that local day; a period ends with the end of its last part. The hyphen in the
standard's masks of periods is notation: senders write none, and one that does is read as well.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from werknetz_edge.edi.values import Span, Wrong, days, full_year, moment, month_of, shown, week_of

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
"""711 was dropped with D.03B for 718, which reads the same."""

_SHAPES: Final = {
    code: re.compile("".join(_PARTS[part] for part in mask.split()), re.ASCII)
    for code, mask in _POINTS.items()
}
_ZONES: Final = {"UTC": 0, "GMT": 0, "CET": 1, "MEZ": 1}
"""The standard lists no names. These are certain; a summer time or an EST is not guessed."""


@lru_cache(maxsize=8192)
def time_of(value: str, form: str, zone: str) -> Span:
    """Read a time in the partner's zone; raise Wrong where it is none."""
    try:
        if form in _SHAPES:
            return _point(value, form, zone)
        if form in _PERIODS:
            return _period(value, _PERIODS[form], zone)
    except (ValueError, OverflowError) as error:
        raise Wrong(f"{shown(value)} is in no calendar: {error}") from error
    if not form:
        raise Wrong(
            f"{shown(value)} has no format code; say `date_format` in the partner's profile"
        )
    raise Wrong(f"time format {shown(form)} is not read here ({shown(value)})")


def _point(value: str, form: str, zone: str) -> Span:
    match = _SHAPES[form].fullmatch(value)
    if match is None:
        raise Wrong(f"{shown(value)} is not of the time format {form}")
    found = match.groupdict()
    year = int(found["year"]) if "year" in found else full_year(int(found["short"]))
    if "hour" in found:
        return moment(_moment_of(found, year), zone)
    if "weekday" in found:
        day = date.fromisocalendar(year, int(found["week"]), int(found["weekday"]))
    elif "week" in found:
        return week_of(year, int(found["week"]), zone)
    elif "ordinal" in found:
        day = date(year, 1, 1) + timedelta(days=int(found["ordinal"]) - 1)
        if day.year != year or found["ordinal"] == "000":
            raise Wrong(f"{shown(value)}: the year has no day {found['ordinal']}")
    elif "day" in found:
        day = date(year, int(found["month"]), int(found["day"]))
    elif "month" in found:
        return month_of(year, int(found["month"]), zone)
    else:
        return Span(days(year, 1, 1, 1, zone).from_us, days(year, 12, 31, 1, zone).until_us)
    return days(day.year, day.month, day.day, 1, zone)


def _moment_of(found: Mapping[str, str], year: int) -> datetime:
    day = date(year, int(found["month"]), int(found["day"]))
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found.get("second") or 0)
    at = datetime(day.year, day.month, day.day, tzinfo=_offset(found))
    if (hour, minute, second) == (24, 0, 0):
        return at + timedelta(days=1)  # the end of the day, as EDI may write it
    return at.replace(hour=hour, minute=minute, second=second)


def _offset(found: Mapping[str, str]) -> tzinfo | None:
    if offset := found.get("offset"):
        minutes = int(offset[1:3]) * 60 + int(offset[3:])
        return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    name = found.get("zone")
    if name is None:
        return None
    if name[0] in "+-":
        return timezone(timedelta(hours=int(name)))
    if name not in _ZONES:
        raise Wrong(f"time zone {shown(name)} is not defined; say ±HH or UTC")
    return timezone(timedelta(hours=_ZONES[name])) if _ZONES[name] else UTC


def _period(value: str, form: str, zone: str) -> Span:
    plain = value.replace("-", "", 1) if value.count("-") == 1 else value
    half, odd = divmod(len(plain), 2)
    if odd:
        raise Wrong(f"{shown(value)} is no period: its ends differ in length")
    first, last = _point(plain[:half], form, zone), _point(plain[half:], form, zone)
    if last.from_us < first.from_us:
        raise Wrong(f"{shown(value)} ends before it begins")
    return Span(first.from_us, last.until_us)
