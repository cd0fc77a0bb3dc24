"""Parses times: RFC 3339, epoch milliseconds, -8h, now, shift:current, week:2026-W47.

The result is a half-open span in microseconds UTC. A named period such as `day:yesterday` means
its start in `start`, and its end in `end`.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.domain.shift import Shift, ShiftSource, local_day, local_us
from werknetz.domain.window import Period, window_at
from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.json_types import TEXT_ONLY
from werknetz_core.http.problem import Problem, invalid_parameter

ACCEPTED_FORMS: Final = Sentence("requests.time_forms")
EARLIEST_US: Final = 0
LATEST_US: Final = microseconds_of(datetime(2200, 1, 1, tzinfo=UTC))
EARLIEST, LATEST = instant_of(EARLIEST_US), instant_of(LATEST_US)


def _check_years(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise PydanticCustomError("instant_range", "It is not between 1970 and 2200")
    return at


Instant = Annotated[AwareDatetime, TEXT_ONLY, AfterValidator(_check_years)]
"""An instant that a body gives: with its zone, and in years that every part can compute with."""

_RELATIVE: Final = re.compile(r"(?:now)?\s*([+-])(\d{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DECODED_PLUS: Final = re.compile(r" (\d\d:\d\d)$")  # "+" in a URL is decoded to a space
_SHIFT_SEARCH: Final = 28 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class TimeContext:
    """What relative times, local times and shifts refer to."""

    now_us: int
    zone: ZoneInfo
    calendar: ShiftSource | None = None


@dataclass(frozen=True, slots=True)
class UtcSpan:
    """A half-open span of time in microseconds UTC."""

    start_us: int
    end_us: int
    shift: Shift | None = field(default=None, compare=False)  # that `start` names

    def to_buckets(self) -> "UtcSpan":
        """Return the span widened to whole buckets."""
        start_us = self.start_us - self.start_us % BUCKET_US
        return replace(self, start_us=start_us, end_us=self.end_us + (-self.end_us) % BUCKET_US)


def parse_span(start: str, end: str | None, time: TimeContext) -> UtcSpan:
    """Parse `start` and `end`; without an end, a named period is taken whole, others end now."""
    first = _parse(start, "start", time)
    if end is not None:
        last = _parse(end, "end", time)[1]
    else:
        last = first[1] if first[1] > first[0] else time.now_us
    span = UtcSpan(first[0], last, _named_shift(start, time))
    for name, at_us in (("start", span.start_us), ("end", span.end_us)):
        if not EARLIEST_US <= at_us <= LATEST_US:
            raise invalid_parameter(
                name, Sentence("requests.time_out_of_range", name=name), ACCEPTED_FORMS
            )
    if span.start_us >= span.end_us:
        raise invalid_parameter(
            "start",
            Sentence(
                "requests.start_not_before_end",
                start=format_utc(span.start_us),
                end=format_utc(span.end_us),
            ),
            Sentence("requests.send_earlier_start"),
        )
    return span


def parse_instant(text: str | None, parameter: str, time: TimeContext) -> int:
    """Parse an instant; a named period means its start, None means now."""
    at_us = time.now_us if text is None else _parse(text, parameter, time)[0]
    if not EARLIEST_US <= at_us <= LATEST_US:
        raise invalid_parameter(
            parameter, Sentence("requests.time_out_of_range", name=parameter), ACCEPTED_FORMS
        )
    return at_us


def parse_zone(name: str | None, default: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or default)
    except (KeyError, ValueError, OSError) as error:
        raise invalid_parameter(
            "tz", Sentence("requests.no_time_zone", name=name), Sentence("requests.use_time_zone")
        ) from error


def format_utc(at_us: int) -> str:
    """Return RFC 3339 in UTC, with a fraction only if it is not zero."""
    return instant_of(at_us).isoformat().replace("+00:00", "Z")


def format_local(at_us: int, zone: ZoneInfo) -> str:
    return instant_of(at_us).astimezone(zone).isoformat()


def _parse(text: str, parameter: str, time: TimeContext) -> tuple[int, int]:
    """Return start and end of a named period; both are the same for an instant."""
    stripped = text.strip()
    try:
        if stripped == "now":
            return time.now_us, time.now_us
        if match := _RELATIVE.fullmatch(stripped):
            length = int(match[2]) * _SECONDS[match[3]] * 1_000_000
            at_us = time.now_us + (length if match[1] == "+" else -length)
            return at_us, at_us
        if re.fullmatch(r"\d{9,15}", stripped):
            return int(stripped) * 1000, int(stripped) * 1000
        kind, colon, name = stripped.partition(":")
        if colon and kind in {"shift", "day", "week", "month"}:
            return _parse_period(kind, name, time)
        return _parse_absolute(stripped, time)
    except (ValueError, OverflowError) as error:
        raise invalid_parameter(
            parameter, Sentence("requests.not_a_time", name=parameter, text=text), ACCEPTED_FORMS
        ) from error


def _parse_absolute(text: str, time: TimeContext) -> tuple[int, int]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        start = local_us(date.fromisoformat(text), 0, time.zone)
        return start, start
    at = datetime.fromisoformat(_DECODED_PLUS.sub(r"+\1", text))
    if at.tzinfo is None:
        at = at.replace(tzinfo=time.zone)
    at_us = microseconds_of(at.astimezone(UTC))
    return at_us, at_us


def _parse_period(kind: str, name: str, time: TimeContext) -> tuple[int, int]:
    today = local_day(time.now_us, time.zone)
    if kind == "shift":
        return _parse_shift(name, time)
    if kind == "day":
        names = {"today": today, "yesterday": today - timedelta(days=1)}
        day, period = names.get(name) or date.fromisoformat(name), Period.DAY
    elif kind == "week":
        names = {"current": today, "previous": today - timedelta(days=7)}
        day, period = names.get(name) or date.fromisoformat(f"{name}-1"), Period.WEEK
    else:
        names = {"current": today, "previous": today.replace(day=1) - timedelta(days=1)}
        day, period = names.get(name) or date.fromisoformat(f"{name}-01"), Period.MONTH
    window = window_at(period, local_us(day, 0, time.zone), zone=time.zone)
    assert window is not None  # noqa: S101 - every instant lies in a day, a week and a month
    return window.start_us, window.end_us


def _parse_shift(name: str, time: TimeContext) -> tuple[int, int]:
    shift = _find_shift(name, time)
    return shift.start_us, shift.end_us


def _named_shift(text: str, time: TimeContext) -> Shift | None:
    kind, _, name = text.strip().partition(":")
    return _find_shift(name, time) if kind == "shift" else None


def _find_shift(name: str, time: TimeContext) -> Shift:
    """Return the shift that runs, else the one that ended last, or the one before it."""
    if name not in {"current", "previous"}:
        raise ValueError(name)
    if time.calendar is None:
        raise Problem(
            422,
            "no_shift_calendar",
            Sentence("calendars.no_shift_calendar"),
            Sentence("calendars.set_or_other_time"),
        )
    now = time.now_us
    past = time.calendar.shifts_between(now - _SHIFT_SEARCH, now + 1)
    position = 1 if name == "current" else 2
    if len(past) < position:
        raise Problem(
            404,
            "no_such_shift",
            Sentence("calendars.no_such_shift", name=name),
            Sentence("requests.use_other_time"),
        )
    return past[-position]


def shift_fields(shift: Shift | None, time: TimeContext) -> dict[str, object] | None:
    """Return a named shift as answers show it, and whether it runs."""
    if shift is None:
        return None
    return {
        "name": shift.name,
        "day": shift.day,
        "start": format_local(shift.start_us, time.zone),
        "end": format_local(shift.end_us, time.zone),
        "breaks": [[format_local(at, time.zone) for at in pair] for pair in shift.breaks],
        "is_running": shift.start_us <= time.now_us < shift.end_us,
    }
