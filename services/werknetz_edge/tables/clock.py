"""From what a clock on the wall showed to the instant, also where it was set back.

Never guessed: a time that a clock cannot have shown is an error, and one that it showed twice is
marked as uncertain unless the order of the rows tells which it was.
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

KEYS_MAX: Final = 100_000  # addresses whose order is watched; more share one
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  a wall clock's
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
"""What is to be subtracted from a time on the clock's face, in its first and its second pass."""


@dataclass(slots=True)
class _Seen:
    last: datetime  # the latest on the clock's face, in the pass that is running
    is_sure: bool  # we know which pass is running
    in_fold: bool = False
    is_second: bool = False


@dataclass(slots=True)
class WallClock:
    """Of one file: it remembers how far each address has come."""

    form: TimeConfig
    zone: str | None = None  # of the mapping or the edge, where the form names none
    _parse: Callable[[str], datetime] = field(init=False)
    _offsets: Offsets = field(init=False)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._parse = parser_of(self.form.format)
        self._offsets = _offsets_of(self.form, self.zone or "UTC")

    def instant(self, written: Any, address: str = "") -> tuple[int, bool]:
        """Return µs UTC and whether they are sure; raise Unreadable."""
        if self.form.format in _UNIX_US:
            return _unix(written, self.form.format), True
        local = self._local(written)
        if local.tzinfo is not None:
            return _in_range((local.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MICRO), True
        first, second = self._offsets(local)
        sure, is_second = self._pass(local, first - second, address)
        return _in_range((local - (second if is_second else first) - _EPOCH) // _MICRO), sure

    def _local(self, written: Any) -> datetime:
        if isinstance(written, datetime):
            return written
        if isinstance(written, date):
            return datetime(written.year, written.month, written.day)  # noqa: DTZ001  a wall clock's
        try:
            return self._parse(str(written).strip())
        except ValueError as error:
            form = self.form.format
            raise UnreadableValue(
                f"{str(written)[:80]!r} is no time of the form {form!r}"
            ) from error

    def _pass(self, local: datetime, fold: timedelta, address: str) -> tuple[bool, bool]:
        """Return whether it is sure which pass of the clock this is, and whether the second."""
        in_fold = bool(fold)
        if not self.form.ordered:
            return not in_fold, False
        if address not in self._seen and len(self._seen) >= KEYS_MAX:
            address = ""
        seen = self._seen.get(address)
        if seen is None:
            self._seen[address] = _Seen(local, not in_fold, in_fold)
            return not in_fold, False
        if local >= seen.last:
            # The same time once more in the hour that comes twice: nobody can say which it is.
            sure = not in_fold or (seen.is_sure and local > seen.last)
            if not in_fold:
                seen.is_sure, seen.is_second = True, False
            seen.last, seen.in_fold = local, in_fold
            return sure, seen.is_second
        if in_fold and seen.in_fold and not seen.is_second and seen.last - local <= fold:
            seen.last, seen.is_second, seen.is_sure = local, True, True
            return True, True
        return False, seen.is_second and in_fold  # out of order


def parser_of(form: str) -> Callable[[str], datetime]:
    """Return what reads times of a form; raises ValueError."""
    if form == "iso":
        return datetime.fromisoformat
    parts = re.split(r"(%.)", form)
    if (
        all(part in _DIRECTIVES for part in parts[1::2])
        and len(set(parts[1::2])) == len(parts) // 2
    ):
        pattern = re.compile("".join(_DIRECTIVES.get(p) or re.escape(p) for p in parts))

        def fast(text: str) -> datetime:
            found = pattern.fullmatch(text)
            if found is None:
                raise ValueError(text)
            given = {name: int(value) for name, value in found.groupdict().items()}
            if "fraction" in given:
                given["microsecond"] = int(found["fraction"].ljust(6, "0"))
                del given["fraction"]
            return datetime(**({"year": 1900, "month": 1, "day": 1} | given))  # type: ignore[arg-type]  # noqa: DTZ001

        return fast
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007  its zone comes later


def _offsets_of(form: TimeConfig, zone: str) -> Offsets:
    if form.offset is not None:
        return _offsets_by_hand(form)
    known = ZoneInfo(form.zone or zone)

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        first = local.replace(tzinfo=known, fold=0).utcoffset() or timedelta()
        second = local.replace(tzinfo=known, fold=1).utcoffset() or timedelta()
        if first < second:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S} was skipped in {known.key}, where the clocks were put "
                "forward: is it another zone, or a clock that knows no summer time (`offset`)?"
            )
        return first, second

    return offsets


def _offsets_by_hand(form: TimeConfig) -> Offsets:
    """A clock's face between two settings: from where it was set to, to where it was set next."""
    sign = -1 if (form.offset or "").startswith("-") else 1
    hours, minutes = (form.offset or "+00:00")[1:].split(":")
    offset = sign * timedelta(hours=int(hours), minutes=int(minutes))
    spans: list[tuple[datetime, datetime, timedelta]] = []
    start = _FIRST
    for change in sorted(form.changes, key=lambda each: each.at):
        spans.append((start, change.at, offset))
        start, offset = change.to, offset + (change.to - change.at)
    spans.append((start, _LAST, offset))

    def offsets(local: datetime) -> tuple[timedelta, timedelta]:
        found = [offset for start, end, offset in spans if start <= local < end]
        if not found:
            raise UnreadableValue(
                f"{local:%Y-%m-%d %H:%M:%S}: the clock was set past it, see `changes`"
            )
        return found[0], found[min(1, len(found) - 1)]

    return offsets


def _unix(written: Any, form: str) -> int:
    try:
        return _in_range(round(float(written) * _UNIX_US[form]))
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableValue(f"{str(written)[:80]!r} is no time of the form {form!r}") from error


def _in_range(at_us: int) -> int:
    if not TIME_MIN_US <= at_us <= TIME_MAX_US:
        raise UnreadableValue("the time lies outside all calendars")
    return at_us
