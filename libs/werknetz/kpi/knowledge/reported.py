"""Which quantities of a machine are reported, and when: produced, good, scrap and rework.

Of produced, good and scrap, two give the third: PQ = GQ + SQ. A quantity that nobody reports is
unknown, never zero. A counter reports from the bucket of its first sample on: elements are no
finer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.series import EARLIEST_US, CountSeries, Flags, Instants, Numbers
from werknetz.kpi.timeline.reports import NO_REPORTS, Reports

LATEST_US: Final = np.iinfo(np.int64).max
Span = tuple[int, int]
_ROLES: Final = (Role.TOTAL_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT)


@dataclass(frozen=True, slots=True)
class ReportedAt:
    """Which counts are reported at each of some instants."""

    total: Flags
    good: Flags
    scrap: Flags
    rework: Flags

    @property
    def pq(self) -> Flags:
        return self.total | (self.good & self.scrap)

    @property
    def gq(self) -> Flags:
        return self.good | (self.total & self.scrap)

    @property
    def sq(self) -> Flags:
        return self.scrap | (self.total & self.good)

    @property
    def quality(self) -> Flags:
        """Whether produced, good and scrap are all known: two of the three are reported."""
        return self.pq & self.gq & self.sq

    def factors_of(self, role: Role) -> dict[str, Numbers]:
        """Return how a count of the role enters PQ, GQ, SQ and RQ: 1, 0 or -1."""
        total, good, scrap = self.total, self.good, self.scrap
        whole, none = np.ones(len(total)), np.zeros(len(total))
        match role:
            case Role.TOTAL_COUNT:
                pq, gq, sq = whole, _numbers(~good & scrap), _numbers(~scrap & good)
            case Role.GOOD_COUNT:
                pq, gq, sq = _numbers(~total & scrap), whole, -_numbers(~scrap & total)
            case Role.SCRAP_COUNT:
                pq, gq, sq = _numbers(~total & good), -_numbers(~good & total), whole
            case _:
                return {"pq": none, "gq": none, "sq": none, "rq": whole}
        return {"pq": pq, "gq": gq, "sq": sq, "rq": none}


@dataclass(frozen=True, slots=True)
class Reported:
    """The spans in which a count of each role is reported."""

    spans: Mapping[Role, tuple[Span, ...]]

    @classmethod
    def of(
        cls,
        counts: Iterable[CountSeries],
        before: Mapping[str, CounterStart],
        reports: Reports = NO_REPORTS,
    ) -> "Reported":
        """Read them from counters and reports; `before` has what counted before the range."""
        spans = {role: _reported_spans(reports, role) for role in _ROLES}
        for count in counts:
            start = start_of(count, is_before=str(count.signal_id) in before)
            end = LATEST_US if count.until_us is None else count.until_us + 1
            if start < end:
                spans[count.role] = (*spans[count.role], (start, end))
        return cls(spans)

    def phases_of(self, start_us: int, end_us: int) -> Instants:
        """Return the instants from which another set of counts is reported; the start first."""
        ends = np.array(
            [at for spans in self.spans.values() for span in spans for at in span], np.int64
        )
        first = np.array([start_us], np.int64)
        return np.unique(np.append(first, ends[(ends > start_us) & (ends < end_us)]))

    def at(self, instants: Instants) -> ReportedAt:
        return ReportedAt(*(self._is_reported(role, instants) for role in _ROLES))

    def _is_reported(self, role: Role, instants: Instants) -> Flags:
        reported = np.zeros(len(instants), np.bool_)
        for start, end in self.spans[role]:
            reported |= (instants >= start) & (instants < end)
        return reported


def _numbers(flags: Flags) -> Numbers:
    return flags.astype(np.float64)


def _reported_spans(reports: Reports, role: Role) -> tuple[Span, ...]:
    """Return when people or the MES report a role: where they do, and between jobs."""
    spans = [
        (quantity.since_us, quantity.at_us)
        if quantity.since_us < quantity.at_us
        else (bucket_of(quantity.at_us - 1), bucket_of(quantity.at_us - 1) + BUCKET_US)
        for quantity in (*reports.quantities, *reports.entered)
        if quantity.role is role
    ]
    since_us = reports.reported_since_us.get(role)
    if since_us is not None:
        jobs = [(job.start_us, job.end_us) for job in reports.jobs if job.start_us is not None]
        for start, end in sorted(jobs):
            if since_us < start:
                spans.append((since_us, start))
            since_us = max(since_us, end)
        spans.append((since_us, LATEST_US))
    return tuple(spans)


def start_of(count: CountSeries, *, is_before: bool) -> int:
    """Return from when on a counter reports; `is_before`: it did before the range."""
    since_us = EARLIEST_US if count.since_us is None else count.since_us
    if is_before:
        return since_us
    usable = count.series.select_usable()
    if not len(usable):
        return LATEST_US
    # An increment belongs to the bucket that ends with it; a first value begins the next one.
    is_increment = count.kind == "increment"
    return max(since_us, bucket_of(int(usable.at[0]) - is_increment))
