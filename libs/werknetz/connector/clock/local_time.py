"""Local times become instants: one implementation for rules, events, tables, SQL, REST and EDI.

Nothing is guessed. A local time that the clock skipped is an error. In the hour that the clock
repeats, the arrival or the order of the values decides which pass is meant; else the first pass
is returned, marked as not sure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from werknetz.connector.time_format import OFFSET_FORM
from werknetz.connector.values import UnreadableValue
from werknetz.domain.bucket import microseconds_of

AHEAD_MAX_US: Final = 60_000_000
"""A clock that is further ahead of ours than this is wrong."""

_FIRST: Final = datetime(1, 1, 1)  # noqa: DTZ001  local time
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001

Offsets = Callable[[datetime], tuple[timedelta, timedelta]]
"""UTC offsets of a local time on its first and its second pass; equal where it has only one.

Raises UnreadableValue where the clock skipped that time.
"""


class ClockSetting(Protocol):
    """A clock that was set by hand: from the local time `at` to the local time `to`."""

    @property
    def at(self) -> datetime: ...
    @property
    def to(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Passes:
    """The instants that a local time may mean, in µs: two in the hour that the clock repeats."""

    first_us: int
    second_us: int

    @property
    def are_equal(self) -> bool:
        return self.first_us == self.second_us

    def is_second_by_arrival(self, arrival_us: int | None, *, is_live: bool) -> bool | None:
        """Return whether the second pass is meant; None where the arrival does not show it.

        A second pass that lies in the future is impossible. A live value arrives soon after its
        time: the pass that is nearer to the arrival is meant, up to half of what is repeated.
        """
        if arrival_us is None:
            return None
        if self.second_us - arrival_us > AHEAD_MAX_US:
            return False
        near = 2 * (arrival_us - self.second_us) <= self.second_us - self.first_us
        return True if is_live and near else None


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """Return an IANA zone, or the fixed zone of an offset such as +01:00."""
    return timezone(timedelta_of(name)) if OFFSET_FORM.fullmatch(name) else ZoneInfo(name)


def passes_of(local: datetime, offsets: Offsets) -> Passes:
    """Return the instants of a local time; one with a zone of its own has one.

    Raises UnreadableValue where the clock skipped it, OverflowError outside the years 1 to 9999.
    """
    if local.tzinfo is not None:
        at_us = microseconds_of(local)
        return Passes(at_us, at_us)
    first, second = (
        microseconds_of(local.replace(tzinfo=UTC)) - offset // timedelta(microseconds=1)
        for offset in offsets(local)
    )
    return Passes(first, second)


def start_of_day_us(day: date, zone: str) -> int:
    """Return the first instant of a local day, also where the clock skips its midnight."""
    return microseconds_of(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)))


@lru_cache(maxsize=64)
def offsets_of_zone(zone: str) -> Offsets:
    """Return the offsets of an IANA zone."""
    time_zone = zone_of(zone)

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        first = local.replace(tzinfo=time_zone, fold=0).utcoffset() or timedelta()
        second = local.replace(tzinfo=time_zone, fold=1).utcoffset() or timedelta()
        if first < second:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S} does not exist in {zone}: the clocks were put "
                "forward. Is it another zone, or a clock without summer time (`offset`)?"
            )
        return first, second

    return offsets


def offsets_of_clock(offset: str, changes: Sequence[ClockSetting] = ()) -> Offsets:
    """Return the offsets of a clock without summer time that was set by hand at `changes`."""
    span_offset = timedelta_of(offset)
    spans: list[tuple[datetime, datetime, timedelta]] = []
    start = _FIRST
    for change in sorted(changes, key=lambda change: change.at):
        spans.append((start, change.at, span_offset))
        start, span_offset = change.to, span_offset + (change.to - change.at)
    spans.append((start, _LAST, span_offset))

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        matches = [offset for start, end, offset in spans if start <= local < end]
        if not matches:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S}: does not exist on this clock, see `changes`"
            )
        return matches[0], matches[min(1, len(matches) - 1)]

    return offsets


def timedelta_of(offset: str) -> timedelta:
    """Return the difference to UTC of a written offset: +01:00, -05:30."""
    sign = -1 if offset.startswith("-") else 1
    hours, minutes = offset[1:].split(":")
    return sign * timedelta(hours=int(hours), minutes=int(minutes))
