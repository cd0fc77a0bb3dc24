"""What people and other systems (MES, quality, time recording) report about a machine, as spans.

All instants are microseconds since 1970 in UTC; spans are half-open, and OPEN_US ends one that has
not ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import TIME_MAX_US
from werknetz.domain.role import Role
from werknetz.kpi.timeline.instants import sort_distinct

OPEN_US: Final = TIME_MAX_US
Instants = NDArray[np.int64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A state from a person or another system. `state` None: the one that others report."""

    start_us: int
    end_us: int
    state: int | None
    code: str | None = None
    is_planned: bool | None = None  # true: planned down time; None: as the state is
    without_order: bool = False  # a stop of it is down time without an order (ADOT)


@dataclass(frozen=True, slots=True)
class JobRun:
    """An order on the machine as the MES reports it. `start_us` None: its start is not known."""

    order_number: str
    start_us: int | None
    end_us: int
    run_time_s: float | None = None  # planned run time per item


@dataclass(frozen=True, slots=True)
class ReportedQuantity:
    """A quantity made in (since, at]; both are equal where only the instant is known."""

    role: Role
    since_us: int
    at_us: int
    quantity: float
    run_time_s: float | None = None  # planned run time per item; None: that of the timeline


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports that touch a range, each kind in rising precedence: the last one wins."""

    entries: tuple[StateSpan, ...] = ()  # by people
    states: tuple[StateSpan, ...] = ()  # by the MES
    jobs: tuple[JobRun, ...] = ()
    first_job_us: int | None = None  # the first report of a job at all; None: there is none
    run_time_by_order: Mapping[str, float] = field(default_factory=dict)
    quantities: tuple[ReportedQuantity, ...] = ()  # by the MES, of roles that no counter has
    # From when on the MES reports a role. Of a job it does so when the job has finished.
    reported_since_us: Mapping[Role, int] = field(default_factory=dict)
    entered: tuple[ReportedQuantity, ...] = ()  # by people


NO_REPORTS: Final = Reports()


def topmost_of(spans: list[tuple[int, int]]) -> tuple[Instants, Ids]:
    """Return at which instants the topmost span changes, and its index from there; -1: none.

    Of spans that overlap the last one of the list is on top.
    """
    bounds = np.array(spans, np.int64).reshape(-1, 2)
    at = sort_distinct(bounds)
    index = np.full(len(at), -1, np.int64)
    for number, (first, last) in enumerate(np.searchsorted(at, bounds).tolist()):
        index[first:last] = number
    return at, index
