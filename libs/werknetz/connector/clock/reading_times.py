"""The time of each single reading: which clock counts, and written times."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.clock.clock_check import LIVE, MAY_BE_OLD, UNJUDGED, ClockCheck
from werknetz.connector.clock.local_time import AHEAD_MAX_US
from werknetz.connector.clock.wall_clock import WallClock
from werknetz.connector.contract import HEARTBEAT, Reading
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.values import Target, UnreadableValue
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import BusinessEvent, Record
from werknetz.events.facts import (
    AttendanceRecorded,
    JobFinished,
    JobStarted,
    MaterialConsumed,
    QualityInspected,
    StateChanged,
    StockCounted,
    StockMoved,
)

HAPPENED: Final = (
    AttendanceRecorded, JobFinished, JobStarted, MaterialConsumed, QualityInspected, StateChanged,
    StockCounted, StockMoved,
)  # fmt: skip
"""Facts whose time is when they happened; that of a document may be the day it is for."""


@dataclass(slots=True)
class ReadingTimes:
    """Reads the times of readings, delivery by delivery."""

    check: ClockCheck
    _kind: int = LIVE
    _arrival_us: int = 0
    _clocks: dict[tuple[str, str], WallClock] = field(default_factory=dict)

    def begin(self, kind: int, arrival_us: int) -> None:
        """Begin a delivery."""
        self._kind, self._arrival_us = kind, arrival_us

    def time_of(self, target: Target, reading: Reading, status: int) -> tuple[int, int, int]:
        """Return time, status and kind: see `clock_check`."""
        kind = MAY_BE_OLD if reading.may_be_old and self._kind == LIVE else self._kind
        at_us: int | None = reading.source_time_us
        if target.time is not None:
            written = (reading.fields or {}).get(target.time.path)
            at_us, is_sure = self._read(written, target.time, target.zone, reading.source, kind)
            if not is_sure:
                status = status if status >= UNCERTAIN else UNCERTAIN_TIME
        elif target.clock == "arrival":
            at_us = None
        elif target.clock == "server":
            at_us = reading.server_time_us
            if at_us is None and status < UNCERTAIN:
                status = UNCERTAIN_TIME
        if at_us is None:
            return self._arrival_us, status, UNJUDGED
        if not TIME_MIN_US <= at_us <= TIME_MAX_US:
            status = status if status >= UNCERTAIN else UNCERTAIN_TIME
            return self._arrival_us, status, UNJUDGED
        return at_us, status, UNJUDGED if reading.source == HEARTBEAT else kind

    def note_unsure(self, source: str, arrival_us: int) -> None:
        """Report a local time whose pass of a repeated hour is unknown."""
        self.check.findings.add("local_time", source, arrival_us, arrival_us)

    def note_events(self, source: str, events: Iterable[Record], arrival_us: int) -> None:
        """Report events at machines and in stock whose time is ahead: they have happened."""
        for event in events:
            if (
                isinstance(event, BusinessEvent)
                and event.at_us - arrival_us > AHEAD_MAX_US
                and isinstance(event.fact, HAPPENED)
            ):
                self.check.findings.add("event_ahead", source, event.at_us, arrival_us)

    def _read(
        self, written: object, form: TimeFormat, zone: str | None, source: str, kind: int
    ) -> tuple[int | None, bool]:
        if written is None:
            return None, False
        key = (form.format, form.own_zone or zone or "UTC")
        clock = self._clocks.get(key)
        if clock is None:
            clock = self._clocks[key] = WallClock(*key)
        try:
            at_us, is_sure = clock.to_instant(
                written, source, arrival_us=self._arrival_us, is_live=kind == LIVE
            )
        except UnreadableValue:
            return None, False
        if not is_sure:
            self.note_unsure(source, self._arrival_us)
        return at_us, is_sure
