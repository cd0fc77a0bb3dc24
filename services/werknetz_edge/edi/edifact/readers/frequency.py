"""The frequency of a demand (SCC 2013): one date stands for a whole period. Pure functions."""

from datetime import date, timedelta
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz_edge.edi.values import TimeSpan, span_of_dates, zone_of

NAMES: Final = {
    "A": "year", "D": "day", "F": "interval", "G": "ten_days", "H": "half_month", "J": "day",
    "M": "month", "Q": "quarter", "S": "half_year", "T": "four_weeks", "W": "week", "Y": "day",
}  # fmt: skip
"""Calendar periods begin with their first day. B, C, E and ZZZ name no period."""

NO_PERIOD: Final = frozenset({"B", "C", "E", "ZZZ"})
DAY_US: Final = 25 * 3_600_000_000  # the longest day, with its change of the clock


def widen(from_us: int, until_us: int, frequency: str, zone: str) -> TimeSpan:
    """Return the period that contains a date. A span of several days stays as it is."""
    if until_us - from_us > DAY_US:
        return TimeSpan(from_us, until_us)
    day = instant_of(from_us).astimezone(zone_of(zone)).date()
    period = _period_of(day, frequency)
    return TimeSpan(from_us, until_us) if period is None else span_of_dates(*period, zone)


def _period_of(day: date, frequency: str) -> tuple[date, date] | None:
    """Return the first day of the period, and of the next one."""
    match frequency:
        case "week":
            first = day - timedelta(days=day.weekday())
            return first, first + timedelta(days=7)
        case "four_weeks":
            return day, day + timedelta(days=28)
        case "month" | "quarter" | "half_year" | "year":
            months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[frequency]
            first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
            return first, _plus_months(first, months)
        case "half_month":
            middle, after = day.replace(day=16), _plus_months(day.replace(day=1), 1)
            return (day.replace(day=1), middle) if day.day < 16 else (middle, after)
        case "ten_days":
            start = min((day.day - 1) // 10, 2) * 10 + 1
            after = _plus_months(day.replace(day=1), 1)
            return day.replace(day=start), after if start == 21 else day.replace(day=start + 10)
    return None


def _plus_months(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)
