"""Judges the times of values by their arrival: wrong clocks are marked and reported (M6).

A live value arrives soon after its time, unless something between the machine and us was
interrupted. So a value of a point is late if it is older than the last contact with that point; a
backlog continues where the contact ended, and runs faster than the time until it has caught up.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from werknetz.connector.clock.local_time import AHEAD_MAX_US
from werknetz.connector.clock.time_findings import TimeFindings
from werknetz.connector.contract import Delivery
from werknetz.connector.time_format import Clock
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import UNCERTAIN, UNCERTAIN_TIME

OFFSETS_COUNT: Final = 101  # values whose offsets the median is taken of
CATCH_UP_US: Final = 60_000_000  # a backlog is judged after this long
CATCH_UP_SPEED: Final = 1.5  # a backlog passes more time than this in a second
NEVER_SET_BEFORE_US: Final = 1_356_998_400_000_000
"""2013: a live time before it is that of a controller that lost its clock. Controllers start in
1970, 1980, 1984, 1990, 2000, 2010 or 2012, and go on counting from there."""

VALID_FROM_US: Final = 946_684_800_000_000  # 2000: no value that is stored anywhere is older
_DAY_US: Final = 86_400_000_000
_ZONES_US: Final = 14 * 3_600_000_000  # a controller's midnight is that of its own zone
_DEFAULT_DATES_US: Final = tuple(
    int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (2000, 2010, 2012)
)
_AFTER_POWER_LOSS_US: Final = 31 * _DAY_US

UNJUDGED: Final = 0  # our own time, or none was given
LIVE: Final = 1
MAY_BE_OLD: Final = 2  # current, whatever its time: retained, or the first of a subscription
HISTORY: Final = 3
_UNKNOWN: Final = TIME_MIN_US

Times = NDArray[np.int64]
Statuses = NDArray[np.uint32]


class TimeOptions(BaseModel):
    """The key `time` of an edge file: which clock counts, and how its values may be late."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    clock: Clock = Field("source", description="source, server or arrival: whose time counts")
    late_max_s: float = Field(
        60.0, ge=1, le=86_400 * 366, description="how late a value may be without an outage"
    )
    history: bool = Field(
        False, description="the source sends stored values: their age is not judged"
    )


@dataclass(frozen=True, slots=True)
class JudgedTimes:
    """Times and statuses to store, and the times of the source where arrival replaces them."""

    time: Times
    status: Statuses
    source_time: Times | None = None  # where it differs from `time`, the source gave it


@dataclass(slots=True)
class ClockCheck:
    """The clocks of one connector, by the numbers of its points.

    `known_points`: points with a number up to it were contacted before this start; when is unknown,
    so that any age may be a backlog until it has caught up.
    """

    options: TimeOptions = field(default_factory=TimeOptions)
    known_points: int = 0
    judges_age: bool = True  # false: in a replay, which does not know the contacts
    findings: TimeFindings = field(default_factory=TimeFindings)
    _started_us: int | None = None
    _offsets: deque[int] = field(default_factory=lambda: deque(maxlen=OFFSETS_COUNT))
    _contact: Times = field(default_factory=lambda: np.empty(0, np.int64))
    _mark_arrival: Times = field(default_factory=lambda: np.empty(0, np.int64))  # 0: no backlog
    _mark_time: Times = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def offset_s(self) -> float | None:
        """The median offset of the source's clock: above 0 it is ahead; None: not measured."""
        return round(median(self._offsets) / 1e6, 3) if self._offsets else None

    def details(self) -> dict[str, str]:
        """Return the offset for the status."""
        return {} if self.offset_s is None else {"clock_offset_s": f"{self.offset_s:+.3f}"}

    def judge(
        self, point: NDArray[np.int32], time: Times, status: Statuses,
        kind: NDArray[np.int8] | int, arrival_us: int, name_of: Callable[[int], str],
    ) -> JudgedTimes:  # fmt: skip
        """Return what to store. `kind`: of all rows or of each; `name_of`: row → its address."""
        if not len(time):
            return JudgedTimes(time, status)
        self._note_points(point, arrival_us)
        if kind is LIVE and self._are_plausible(time, arrival_us):
            self._contact[point] = arrival_us
            self._mark_arrival[point] = 0
            self._offsets.append(int(time[-1]) - arrival_us)
            return JudgedTimes(time, status)
        return self._judge(
            point, time, status, np.broadcast_to(np.asarray(kind, np.int8), len(time)),
            arrival_us, name_of,
        )  # fmt: skip

    def _are_plausible(self, time: Times, arrival_us: int) -> bool:
        late_us = int(self.options.late_max_s * 1e6)
        return bool(time.min() >= arrival_us - late_us and time.max() <= arrival_us + AHEAD_MAX_US)

    def _judge(
        self, point: NDArray[np.int32], time: Times, status: Statuses, kind: NDArray[np.int8],
        arrival_us: int, name_of: Callable[[int], str],
    ) -> JudgedTimes:  # fmt: skip
        age = arrival_us - time
        is_bad = self._is_never_set(time, kind)
        is_ahead = (age < -AHEAD_MAX_US) & (kind != UNJUDGED)
        may_be_late = (kind == LIVE) & ~is_bad & (status < UNCERTAIN)  # a bad one repeats old times
        is_late = self._is_late(point, time, age, may_be_late, arrival_us)
        measured = (kind == LIVE) & ~is_bad & ~(self._is_backlog(age) & ~is_late)
        if measured.any():
            self._offsets.append(-int(age[np.flatnonzero(measured)[-1]]))
        impossible = (time < TIME_MIN_US) | (time > TIME_MAX_US)
        is_old = (time < VALID_FROM_US) & (kind != UNJUDGED)
        doubtful = is_bad | is_ahead | is_late | impossible | is_old
        if not doubtful.any():
            return JudgedTimes(time, status)
        for name, rows in (("bad_time", is_bad), ("clock_ahead", is_ahead), ("late", is_late)):
            for row in np.flatnonzero(rows)[-TimeFindings.SOURCES_MAX :].tolist():
                self.findings.add(name, name_of(row), int(time[row]), arrival_us)
        stored = np.where(is_bad | impossible, np.int64(arrival_us), time)
        return JudgedTimes(
            stored,
            np.where(doubtful & (status < UNCERTAIN), np.uint32(UNCERTAIN_TIME), status),
            np.where(is_bad & ~impossible, time, stored) if is_bad.any() else None,
        )

    def _is_never_set(self, time: Times, kind: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return where the time is a controller's default date, or soon after it."""
        if int(time.min(initial=TIME_MAX_US)) >= NEVER_SET_BEFORE_US:
            return np.zeros(len(time), np.bool_)
        is_default = time < VALID_FROM_US
        for start_us in _DEFAULT_DATES_US:
            since = time - (start_us - _ZONES_US)
            is_default |= (since >= 0) & (since < _AFTER_POWER_LOSS_US)
        is_live = (kind == LIVE) & (time < NEVER_SET_BEFORE_US)
        return np.asarray(is_live | ((kind == MAY_BE_OLD) & is_default), np.bool_)

    def _is_late(
        self, point: NDArray[np.int32], time: Times, age: Times,
        may_be_late: NDArray[np.bool_], arrival_us: int,
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Return where no outage explains the age, and note the contacts."""
        if not self.judges_age:
            return np.zeros(len(time), np.bool_)
        late_us = int(self.options.late_max_s * 1e6)
        is_old = self._is_backlog(age) & may_be_late
        is_late = is_old & (time < self._contact[point] - late_us)
        explained = is_old & ~is_late
        in_contact = point[may_be_late & ~explained]
        self._contact[in_contact] = arrival_us
        self._mark_arrival[in_contact] = 0
        if explained.any():
            self._follow_backlog(point[explained], time[explained], arrival_us)
        return np.asarray(is_late, np.bool_)

    def _is_backlog(self, age: Times) -> NDArray[np.bool_]:
        return age > int(self.options.late_max_s * 1e6)

    def _follow_backlog(self, point: NDArray[np.int32], time: Times, arrival_us: int) -> None:
        """End a backlog that does not catch up: its clock is behind."""
        began = self._mark_arrival[point] == 0
        self._mark_arrival[point[began]] = arrival_us
        self._mark_time[point[began]] = time[began]
        elapsed = arrival_us - self._mark_arrival[point]
        due = ~began & (elapsed >= CATCH_UP_US)
        progress = time - self._mark_time[point]
        is_slow = due & (progress < CATCH_UP_SPEED * elapsed)
        self._contact[point[is_slow]] = arrival_us
        self._mark_arrival[point[due]] = arrival_us
        self._mark_time[point[due]] = time[due]

    def _note_points(self, point: NDArray[np.int32], arrival_us: int) -> None:
        if self._started_us is None:
            self._started_us = arrival_us
        size = int(point.max(initial=0)) + 1
        before = len(self._contact)
        if size <= before:
            return
        size += 1024
        contact = np.full(size, self._started_us, np.int64)
        contact[: self.known_points + 1] = _UNKNOWN
        contact[:before] = self._contact
        self._contact = contact
        self._mark_arrival = _enlarge(self._mark_arrival, size)
        self._mark_time = _enlarge(self._mark_time, size)


def kind_of(options: TimeOptions, delivery: Delivery) -> int:
    """Return how the times of a delivery are judged."""
    if options.history or delivery.is_history or delivery.lane == "backfill":
        return HISTORY
    return MAY_BE_OLD if delivery.may_repeat else LIVE


def _enlarge(column: NDArray[Any], size: int) -> NDArray[Any]:
    wide = np.zeros(size, column.dtype)
    wide[: len(column)] = column
    return wide
