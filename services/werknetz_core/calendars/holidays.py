"""Public holidays as exceptions of a calendar: country and subdivision are data of the document.

`holidays: {"country": "DE", "subdivision": "NI", "years": [2026, 2028], "language": "de"}` makes an
exception of each holiday, closed, or with the `shifts` given. A day that has an exception already
keeps it.
"""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import holidays as catalogue

from werknetz.domain.shift import CalendarRejected
from werknetz.texts.sentence import Sentence

_KEYS: Final = frozenset({"country", "subdivision", "years", "language", "shifts", "categories"})
YEARS_MAX: Final = 30
YEARS_AHEAD: Final = 5


def add_holidays(
    document: Mapping[str, Any], this_year: int
) -> tuple[dict[str, Any], dict[date, str]]:
    """Return the document with an exception for each holiday, and the names of the holidays.

    Exceptions that an earlier call added are made anew. Raises CalendarRejected with the remedy.
    """
    spec = document.get("holidays")
    entries = document.get("exceptions", [])
    if spec is None or not isinstance(entries, Sequence):
        return dict(document), {}
    others = [entry for entry in entries if not _is_holiday(entry)]
    days = _find_holidays(spec, this_year)
    explicit = {str(entry.get("date")) for entry in others if isinstance(entry, Mapping)}
    shifts = {"shifts": spec["shifts"]} if spec.get("shifts") else {"closed": True}
    added = [
        {"date": day.isoformat(), "name": name, "holiday": True, **shifts}
        for day, name in sorted(days.items())
        if day.isoformat() not in explicit
    ]
    exceptions = sorted([*others, *added], key=_date_of)
    return {**document, "exceptions": exceptions}, {
        day: name for day, name in days.items() if day.isoformat() not in explicit
    }


def _find_holidays(spec: object, this_year: int) -> dict[date, str]:
    if not isinstance(spec, Mapping) or "country" not in spec:
        raise CalendarRejected(Sentence("calendars.holidays_form", spec=spec))
    if unknown := spec.keys() - _KEYS:
        raise CalendarRejected(
            Sentence("calendars.holidays_unknown_key", unknown=min(unknown), keys=sorted(_KEYS))
        )
    country, subdivision = str(spec["country"]), spec.get("subdivision")
    supported = catalogue.list_supported_countries(include_aliases=True)
    if country not in supported:
        raise CalendarRejected(
            Sentence("calendars.holidays_country", country=country, near=_near(country, supported))
        )
    if subdivision is not None and subdivision not in supported[country]:
        raise CalendarRejected(
            Sentence(
                "calendars.holidays_subdivision",
                subdivision=subdivision,
                country=country,
                supported=", ".join(supported[country]) or "none",
            )
        )
    try:
        days = catalogue.country_holidays(
            country,
            subdiv=None if subdivision is None else str(subdivision),
            years=_years(spec.get("years"), this_year),
            language=spec.get("language"),
            categories=spec.get("categories"),
        )
    except (ValueError, NotImplementedError) as error:
        raise CalendarRejected(Sentence("calendars.holidays_rejected", error=error)) from error
    return {day: str(name) for day, name in days.items()}


def _years(value: object, this_year: int) -> range:
    if value is None:
        return range(this_year - 1, this_year + YEARS_AHEAD + 1)
    if (
        isinstance(value, Sequence)
        and len(value) == 2
        and all(isinstance(year, int) and 1970 <= year <= 2200 for year in value)
        and 0 <= value[1] - value[0] < YEARS_MAX
    ):
        return range(value[0], value[1] + 1)
    raise CalendarRejected(Sentence("calendars.holidays_years", value=value, years_max=YEARS_MAX))


def _is_holiday(entry: object) -> bool:
    return isinstance(entry, Mapping) and entry.get("holiday") is True


def _date_of(entry: object) -> str:
    return str(entry.get("date")) if isinstance(entry, Mapping) else ""


def _near(text: str, names: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(text.upper(), names, n=3, cutoff=0.3)
    return f" such as {', '.join(near)}" if near else ""
