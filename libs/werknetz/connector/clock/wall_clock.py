"""Reads written times of one format and clock, and tracks their order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

from werknetz.connector.clock.local_time import (
    ClockSetting,
    Offsets,
    Passes,
    offsets_of_clock,
    offsets_of_zone,
    passes_of,
    start_of_day_us,
)
from werknetz.connector.time_format import (
    EXCEL_EPOCHS,
    OFFSET_FORM,
    TimeFormat,
    excel_time,
)
from werknetz.connector.values import UnreadableValue
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US

KEYS_MAX: Final = 100_000  # addresses whose order is tracked; further ones share one entry
UNIX_US: Final = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
_DIRECTIVES: Final = {
    "%d": r"(?P<day>\d{1,2})", "%m": r"(?P<month>\d{1,2})", "%Y": r"(?P<year>\d{4})",
    "%H": r"(?P<hour>\d{1,2})", "%M": r"(?P<minute>\d{1,2})", "%S": r"(?P<second>\d{1,2})",
    "%f": r"(?P<fraction>\d{1,6})",
}  # fmt: skip
_HOURS: Final = ("%H", "%I", "%X", "%c", "%T")


@dataclass(slots=True)
class _AddressClock:
    """What is known of the order of one address."""

    last: datetime  # the latest local time of the current pass
    is_sure: bool  # whether the current pass is certain
    in_fold: bool = False
    is_second: bool = False


@dataclass(slots=True)
class WallClock:
    """A clock that writes times in one format. Times without a zone are in `zone` or `offset`.

    With `ordered`, the times of an address ascend, and a step back in the repeated hour starts its
    second pass.
    """

    form: str = "iso"  # iso, unix_s, unix_ms, unix_us, or a strptime pattern
    zone: str = "UTC"  # IANA name, or an offset such as +01:00
    changes: Sequence[ClockSetting] = ()  # with an offset: when the clock was set by hand
    ordered: bool = True
    _parse: Callable[[str], datetime] = field(init=False)
    _offsets: Offsets = field(init=False)
    _clocks: dict[str, _AddressClock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._parse = create_time_parser(self.form)
        if OFFSET_FORM.fullmatch(self.zone):
            self._offsets = offsets_of_clock(self.zone, self.changes)
        else:
            self._offsets = offsets_of_zone(self.zone)

    def to_instant(
        self,
        value: Any,
        address: str = "",
        *,
        arrival_us: int | None = None,
        is_live: bool = False,
        known_us: int | None = None,
    ) -> tuple[int, bool]:
        """Return µs UTC, and whether they are certain; raise UnreadableValue.

        `is_live`: the value arrives soon after its time, so that the arrival shows which pass of a
        repeated hour is meant. Otherwise the arrival only excludes a pass that is yet to come.
        `known_us`: if it is one of the passes, that pass is meant.
        """
        if self.form in UNIX_US:
            return _unix(value, self.form), True
        local = self._local(value)
        if not self.changes and is_day(value, self.form):
            return _in_range(start_of_day_us(local.date(), self.zone)), True
        try:
            passes = passes_of(local, self._offsets)
        except OverflowError as error:
            raise UnreadableValue("the time is out of range") from error
        if local.tzinfo is not None:
            return _in_range(passes.first_us), True
        if known_us in {passes.first_us, passes.second_us} and known_us is not None:
            return known_us, True
        by_arrival = passes.is_second_by_arrival(arrival_us, is_live=is_live)
        is_sure, is_second = self._pass_of(local, passes, address, by_arrival)
        return _in_range(passes.second_us if is_second else passes.first_us), is_sure

    def _local(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime.combine(value, time())
        try:
            return self._parse(str(value).strip())
        except ValueError as error:
            raise UnreadableValue(
                f"{str(value)[:80]!r} is not a time of the format {self.form!r}"
            ) from error

    def _pass_of(
        self, local: datetime, passes: Passes, address: str, by_arrival: bool | None
    ) -> tuple[bool, bool]:
        """Return whether the pass is certain, and whether it is the second."""
        in_fold = not passes.are_equal
        if not self.ordered:
            return not in_fold or by_arrival is not None, in_fold and bool(by_arrival)
        if address not in self._clocks and len(self._clocks) >= KEYS_MAX:
            address = ""
        clock = self._clocks.get(address)
        if in_fold and by_arrival is not None:
            self._clocks[address] = _AddressClock(local, is_sure=True, in_fold=True,
                                                  is_second=by_arrival)  # fmt: skip
            return True, by_arrival
        if clock is None:
            self._clocks[address] = _AddressClock(local, not in_fold, in_fold)
            return not in_fold, False
        if local >= clock.last:
            # An equal time again within the repeated hour: its pass is unknown.
            sure = not in_fold or (clock.is_sure and local > clock.last)
            if not in_fold:
                clock.is_sure, clock.is_second = True, False
            clock.last, clock.in_fold = local, in_fold
            return sure, clock.is_second
        repeated_us = passes.second_us - passes.first_us
        step_us = (clock.last - local).total_seconds() * 1e6
        if in_fold and clock.in_fold and not clock.is_second and step_us <= repeated_us:
            clock.last, clock.is_second, clock.is_sure = local, True, True
            return True, True
        return False, clock.is_second and in_fold  # out of order


@lru_cache(maxsize=256)
def unordered_clock(form: str, zone: str) -> WallClock:
    """Return a clock whose values have no order: it can be shared."""
    return WallClock(form, zone, ordered=False)


def read_time(
    value: Any, form: TimeFormat, *, arrival_us: int | None = None, is_live: bool = False
) -> tuple[int | None, bool]:
    """Return the instant of a written time, in UTC by default, and whether it is certain.

    None: it is invalid, or the clock skipped it. `arrival_us`, `is_live`: see `to_instant`.
    """
    clock = unordered_clock(form.format, form.own_zone or "UTC")
    try:
        return clock.to_instant(value, arrival_us=arrival_us, is_live=is_live)
    except UnreadableValue:
        return None, False


def create_time_parser(form: str) -> Callable[[str], datetime]:
    """Return a function that parses times of a format; it raises ValueError."""
    if form == "iso" or form in UNIX_US:
        return datetime.fromisoformat
    if form in EXCEL_EPOCHS:
        return lambda text: excel_time(float(text), form)
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
            fields = match.groupdict()
            return datetime(  # noqa: DTZ001  the zone is added later
                int(fields.get("year", 1900)), int(fields.get("month", 1)),
                int(fields.get("day", 1)), int(fields.get("hour", 0)),
                int(fields.get("minute", 0)), int(fields.get("second", 0)),
                int(fields.get("fraction", "0").ljust(6, "0")),
            )  # fmt: skip

        return parse
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007  the zone is added later


def is_day(value: Any, form: str) -> bool:
    """Return whether a written time is a whole day."""
    if isinstance(value, datetime):
        return False
    if isinstance(value, date):
        return True
    if form == "iso":
        return len(str(value).strip()) <= len("2026-11-24")
    return "%" in form and not any(part in form for part in _HOURS)


def _unix(value: Any, form: str) -> int:
    try:
        return _in_range(round(float(value) * UNIX_US[form]))
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableValue(
            f"{str(value)[:80]!r} is not a time of the format {form!r}"
        ) from error


def _in_range(at_us: int) -> int:
    if not TIME_MIN_US <= at_us <= TIME_MAX_US:
        raise UnreadableValue("the time is out of range")
    return at_us
