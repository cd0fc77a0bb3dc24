"""Public holidays on which plants are closed, computed by the rules of each country."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from werknetz_simulator.plants.plan import ShiftRule

YEARS: Final = range(2025, 2036)
ShiftExceptions = tuple[tuple[date, tuple[ShiftRule, ...]], ...]


def closed_days(rule: Callable[[int], Iterable[date]]) -> ShiftExceptions:
    """Return the holidays of all years as days without a shift."""
    return tuple(sorted({(day, ()) for year in YEARS for day in rule(year)}))


def german_holidays(year: int) -> list[date]:
    return _fixed_dates(year, (1, 1), (5, 1), (10, 3), (10, 31), (12, 25), (12, 26))


def saxon_holidays(year: int) -> list[date]:
    """Return the German holidays and Buß- und Bettag, the Wednesday before November 23."""
    before = date(year, 11, 22)
    return [*german_holidays(year), before - timedelta(days=(before.weekday() - 2) % 7)]


def balearic_holidays(year: int) -> list[date]:
    """Return the holidays of Spain and of the Balearic Islands."""
    fixed = _fixed_dates(
        year, (1, 1), (1, 6), (3, 1), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)
    )
    return [*fixed, *(easter_sunday(year) + timedelta(days=n) for n in (-3, -2, 1))]


def slovak_holidays(year: int) -> list[date]:
    fixed = _fixed_dates(
        year, (1, 1), (1, 6), (5, 1), (7, 5), (8, 29), (11, 1), (12, 24), (12, 25), (12, 26)
    )
    return [*fixed, *(easter_sunday(year) + timedelta(days=n) for n in (-2, 1))]


def mexican_holidays(year: int) -> list[date]:
    """Return the holidays of the labour law, and the fifth of May of Puebla."""
    mondays = [nth_weekday(year, 2, 0, 1), nth_weekday(year, 3, 0, 3), nth_weekday(year, 11, 0, 3)]
    return [*_fixed_dates(year, (1, 1), (5, 1), (5, 5), (9, 16), (12, 25)), *mondays]


def american_holidays(year: int) -> list[date]:
    """Return the holidays on which plants in Tennessee are usually closed."""
    thanksgiving = nth_weekday(year, 11, 3, 4)
    memorial = nth_weekday(year, 6, 0, 1) - timedelta(days=7)
    return [
        *_fixed_dates(year, (1, 1), (7, 4), (12, 24), (12, 25)),
        *(memorial, nth_weekday(year, 9, 0, 1), thanksgiving, thanksgiving + timedelta(days=1)),
    ]


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Return the `number`-th given weekday (0 is Monday) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def easter_sunday(year: int) -> date:
    """Return Easter Sunday, by the Gauss algorithm with its constants for 1900 to 2099."""
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    if moon == 29 and sunday == 6:
        return date(year, 4, 19)
    if moon == 28 and sunday == 6 and year % 19 > 10:
        return date(year, 4, 18)
    return date(year, 3, 22) + timedelta(days=moon + sunday)


def _fixed_dates(year: int, *days: tuple[int, int]) -> list[date]:
    return [date(year, month, day) for month, day in days]
