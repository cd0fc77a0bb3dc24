"""The six digits of a VDA date, and the codes that may stand in their place. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from werknetz_edge.edi.values import Span, Wrong, days, full_year, month_of, shown, week_of

NONE: Final = frozenset({"", "000000"})
END: Final = "000000"
PERIODS: Final = "555555"
_CODES: Final[dict[str, Literal["none", "backlog", "immediate", "planning"]]] = {
    "222222": "none", "333333": "backlog", "444444": "immediate", "999999": "planning",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """When a quantity is due, and what it is: one of the two at least."""

    span: Span | None = None
    commitment: str | None = None


def day_of(text: str, zone: str, name: str) -> Span | None:
    """YYMMDD as all of that day; None where no date is given; raise Wrong for what is none."""
    if text in NONE:
        return None
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        raise Wrong(f"{name}: {shown(text)} is no date of six digits")
    try:
        return days(full_year(int(text[:2])), int(text[2:4]), int(text[4:]), 1, zone)
    except ValueError as error:
        raise Wrong(f"{name}: {shown(text)} is in no calendar: {error}") from error


def due_of(text: str, zone: str, name: str, *, periods: bool, week_spans: bool) -> Due:
    """A date of the schedule. Behind 555555 months and weeks stand in place of days."""
    if text in _CODES:
        meant = _CODES[text]
        return Due(commitment=None if meant == "none" else meant)
    if not periods:
        return Due(day_of(text, zone, name))
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        raise Wrong(f"{name}: {shown(text)} is no period of six digits")
    try:
        return Due(_period(text, zone, name, week_spans=week_spans), "forecast")
    except ValueError as error:
        raise Wrong(f"{name}: {shown(text)} is no period: {error}") from error


def _period(text: str, zone: str, name: str, *, week_spans: bool) -> Span:
    year, middle, last = full_year(int(text[:2])), int(text[2:4]), int(text[4:])
    if last == 0:
        return month_of(year, middle, zone)
    if middle == 0:
        return week_of(year, last, zone)
    if not week_spans:
        raise Wrong(
            f"{name}: {shown(text)} behind {PERIODS} is weeks {middle} to {last} or a day; say "
            "`vda_week_spans` in the partner's profile if it is weeks"
        )
    if last < middle:
        raise Wrong(f"{name}: {shown(text)} ends before it begins")
    first, until = week_of(year, middle, zone), week_of(year, last, zone)
    return Span(first.from_us, until.until_us)
