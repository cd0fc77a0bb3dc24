"""Converts local times into instants, also where the clock was set back.

Nothing is guessed: a local time that did not exist is an error, and a repeated one is marked as
uncertain unless the order of the rows shows which it was.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from werknetz.connector.values import UnreadableValue
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz_edge.tables.config import TimeConfig

KEYS_MAX: Final = 100_000  # addresses whose order is tracked; further ones share one entry
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  local time
_FIRST: Final = datetime(1, 1, 1)  # noqa: DTZ001
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
_MICRO: Final = timedelta(microseconds=1)
_UNIX_US: Final = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
_DIRECTIVES: Final = {
    "%d": r"(?P<day>\d{1,2})", "%m": r"(?P<month>\d{1,2})", "%Y": r"(?P<year>\d{4})",
    "%H": r"(?P<hour>\d{1,2})", "%M": r"(?P<minute>\d{1,2})", "%S": r"(?P<second>\d{1,2})",
    "%f": r"(?P<fraction>\d{1,6})",
}  # fmt: skip

Offsets = Callable[[datetime], tuple[timedelta, timedelta]]
"""UTC offsets of a local time: on its first and on its second occurrence."""


@dataclass(slots=True)
class _AddressClock:
    last: datetime  # the latest local time of the current occurrence
    is_sure: bool  # whether the current occurrence is time_zone
    in_fold: bool = False
    is_second: bool = False


@dataclass(slots=True)
class WallClock:
    """The clock of one file: tracks the latest time of each address."""

    config: TimeConfig
    zone: str | None = None  # of the mapping or the edge, where the format has none
    _parse: Callable[[str], datetime] = field(init=False)
    _offsets: Offsets = field(init=False)
    _clocks: dict[str, _AddressClock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._parse = create_time_parser(self.config.format)
        self._offsets = _offsets_of(self.config, self.zone or "UTC")

    def to_instant(self, value: Any, address: str = "") -> tuple[int, bool]:
        """Return µs UTC, and whether they are certain; raise UnreadableValue."""
        if self.config.format in _UNIX_US:
            return _unix(value, self.config.format), True
        local = self._local(value)
        if local.tzinfo is not None:
            return _in_range((local.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MICRO), True
        first, second = self._offsets(local)
        sure, is_second = self._occurrence_of(local, first - second, address)
        return _in_range((local - (second if is_second else first) - _EPOCH) // _MICRO), sure

    def _local(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001  local time
        try:
            return self._parse(str(value).strip())
        except ValueError as error:
            expected = self.config.format
            raise UnreadableValue(
                f"{str(value)[:80]!r} is not a time in the format {expected!r}"
            ) from error

    def _occurrence_of(self, local: datetime, fold: timedelta, address: str) -> tuple[bool, bool]:
        """Return whether the occurrence is certain, and whether it is the second."""
        in_fold = bool(fold)
        if not self.config.ordered:
            return not in_fold, False
        if address not in self._clocks and len(self._clocks) >= KEYS_MAX:
            address = ""
        clock = self._clocks.get(address)
        if clock is None:
            self._clocks[address] = _AddressClock(local, not in_fold, in_fold)
            return not in_fold, False
        if local >= clock.last:
            # An equal time again within the repeated hour: its occurrence is unknown.
            sure = not in_fold or (clock.is_sure and local > clock.last)
            if not in_fold:
                clock.is_sure, clock.is_second = True, False
            clock.last, clock.in_fold = local, in_fold
            return sure, clock.is_second
        if in_fold and clock.in_fold and not clock.is_second and clock.last - local <= fold:
            clock.last, clock.is_second, clock.is_sure = local, True, True
            return True, True
        return False, clock.is_second and in_fold  # out of order


def create_time_parser(form: str) -> Callable[[str], datetime]:
    """Return a function that parses times of a format; it raises ValueError."""
    if form == "iso":
        return datetime.fromisoformat
    parts = re.split(r"(%.)", form)
    if (
        all(part in _DIRECTIVES for part in parts[1::2])
        and len(set(parts[1::2])) == len(parts) // 2
    ):
        pattern = re.compile("".join(_DIRECTIVES.get(p) or re.escape(p) for p in parts))

        def parse(text: str) -> datetime:
            match = pattern.fullmatch(text)
            if match is None:
                raise ValueError(text)
            fields = {name: int(value) for name, value in match.groupdict().items()}
            if "fraction" in fields:
                fields["microsecond"] = int(match["fraction"].ljust(6, "0"))
                del fields["fraction"]
            return datetime(**({"year": 1900, "month": 1, "day": 1} | fields))  # type: ignore[arg-type]  # noqa: DTZ001

        return parse
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007  the zone is added later


def _offsets_of(config: TimeConfig, zone: str) -> Offsets:
    if config.offset is not None:
        return _offsets_of_changes(config)
    time_zone = ZoneInfo(config.zone or zone)

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        first = local.replace(tzinfo=time_zone, fold=0).utcoffset() or timedelta()
        second = local.replace(tzinfo=time_zone, fold=1).utcoffset() or timedelta()
        if first < second:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S} does not exist in {time_zone.key}: the clocks were put "
                "forward. Is it another zone, or a clock without summer time (`offset`)?"
            )
        return first, second

    return offsets


def _offsets_of_changes(config: TimeConfig) -> Offsets:
    """The offsets of a clock that is set by hand: one for each span between two settings."""
    sign = -1 if (config.offset or "").startswith("-") else 1
    hours, minutes = (config.offset or "+00:00")[1:].split(":")
    offset = sign * timedelta(hours=int(hours), minutes=int(minutes))
    spans: list[tuple[datetime, datetime, timedelta]] = []
    start = _FIRST
    for change in sorted(config.changes, key=lambda change: change.at):
        spans.append((start, change.at, offset))
        start, offset = change.to, offset + (change.to - change.at)
    spans.append((start, _LAST, offset))

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        matches = [offset for start, end, offset in spans if start <= local < end]
        if not matches:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S}: does not exist on this clock, see `changes`"
            )
        return matches[0], matches[min(1, len(matches) - 1)]

    return offsets


def _unix(value: Any, form: str) -> int:
    try:
        return _in_range(round(float(value) * _UNIX_US[form]))
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableValue(
            f"{str(value)[:80]!r} is not a time in the format {form!r}"
        ) from error


def _in_range(at_us: int) -> int:
    if not TIME_MIN_US <= at_us <= TIME_MAX_US:
        raise UnreadableValue("the time is out of range")
    return at_us
