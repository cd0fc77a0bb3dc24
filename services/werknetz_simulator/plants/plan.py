"""The shift plan of a simulated plant: shifts, breaks and closed days in the plant's time zone.

Computed independently of the platform's calendar, so that tests can compare the two.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
ANCHOR: Final = "2026-01-05"  # a Monday: day 0 of the shift cycle
SEARCH_DAYS: Final = 21  # no plant is closed for longer
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def us_of(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND_US + delta.microseconds


def instant_of(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)


@dataclass(frozen=True, slots=True)
class ShiftRule:
    """A shift on some days of the week (0 is Monday), in local times of the plant."""

    name: str
    days: tuple[int, ...]
    start: str
    end: str
    breaks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedShift:
    """One shift that takes place. It belongs to the day on which it starts."""

    on: date
    name: str
    start_us: int
    end_us: int
    breaks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ShiftPlan:
    time_zone: str
    rules: tuple[ShiftRule, ...]
    exceptions: tuple[tuple[date, tuple[ShiftRule, ...]], ...] = ()

    def shifts_between(self, start_us: int, end_us: int) -> list[PlannedShift]:
        """Return the shifts that overlap the window, in order of time."""
        day, last = self.day_of(start_us) - timedelta(days=1), self.day_of(end_us)
        shifts = []
        while day <= last:
            shifts += [
                s for s in _shifts_on(self, day) if s.start_us < end_us > start_us < s.end_us
            ]
            day += timedelta(days=1)
        return shifts

    def last_started_shift(self, at_us: int) -> PlannedShift | None:
        """Return the last shift that started at or before the instant, even if it has ended."""
        day = self.day_of(at_us)
        for back in range(SEARCH_DAYS):
            for shift in reversed(_shifts_on(self, day - timedelta(days=back))):
                if shift.start_us <= at_us:
                    return shift
        return None

    def next_shift(self, shift: PlannedShift) -> PlannedShift:
        for ahead in range(SEARCH_DAYS):
            for other in _shifts_on(self, shift.on + timedelta(days=ahead)):
                if other.start_us > shift.start_us:
                    return other
        raise LookupError(f"no shift within {SEARCH_DAYS} days after {shift.on} {shift.name}")

    def day_of(self, at_us: int) -> date:
        return instant_of(at_us).astimezone(ZoneInfo(self.time_zone)).date()

    def day_bounds(self, on: date) -> tuple[int, int]:
        """Return start and end of a local day of the plant: 23, 24 or 25 hours."""
        return self._at(on, "00:00"), self._at(on + timedelta(days=1), "00:00")

    def to_document(self) -> dict[str, Any]:
        """Return the plan as the platform's calendar document."""
        return {
            "time_zone": self.time_zone,
            "cycle_days": 7,
            "anchor": ANCHOR,
            "shifts": [_rule_document(rule) | {"days": list(rule.days)} for rule in self.rules],
            "exceptions": [
                {"date": on.isoformat()}
                | (
                    {"shifts": [_rule_document(rule) for rule in rules]}
                    if rules
                    else {"closed": True}
                )
                for on, rules in self.exceptions
            ],
        }

    def _at(self, on: date, clock: str) -> int:
        hour, minute = map(int, clock.split(":"))
        local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(self.time_zone))
        return us_of(local.astimezone(UTC))

    def _shift(self, on: date, rule: ShiftRule) -> PlannedShift:
        def after_start(clock: str) -> int:
            return self._at(on if clock > rule.start else on + timedelta(days=1), clock)

        return PlannedShift(
            on,
            rule.name,
            self._at(on, rule.start),
            after_start(rule.end),
            tuple((after_start(begin), after_start(end)) for begin, end in rule.breaks),
        )


@lru_cache(maxsize=4096)
def _shifts_on(plan: ShiftPlan, on: date) -> tuple[PlannedShift, ...]:
    exceptional = dict(plan.exceptions)
    rules = exceptional.get(on, tuple(rule for rule in plan.rules if on.weekday() in rule.days))
    return tuple(sorted((plan._shift(on, rule) for rule in rules), key=lambda s: s.start_us))  # noqa: SLF001 - one module


def _rule_document(rule: ShiftRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "start": rule.start,
        "end": rule.end,
        "breaks": [list(pair) for pair in rule.breaks],
    }
