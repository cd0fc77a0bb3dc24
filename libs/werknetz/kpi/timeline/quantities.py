"""Quantities that the MES and people report, by bucket.

The quantity of a job is spread evenly over the planned busy time of the job: (start, end] without
breaks and free shifts; over all of it where nothing was planned. A quantity of an instant counts in
the bucket of that instant; an instant that is an edge belongs to the bucket that ends with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import Instants, Numbers, Steps
from werknetz.kpi.timeline.reports import ReportedQuantity


@dataclass(frozen=True, slots=True)
class ReportedSums:
    """Of one role, by bucket. Negative: a person corrected downwards."""

    quantity: Numbers
    planned_s: Numbers  # the quantity times the planned run time per item


def sum_reported(
    quantities: Sequence[ReportedQuantity], run_time: Steps, plan: PlannedTime, edges: Instants
) -> dict[Role, ReportedSums]:
    """Sum the quantities by role and bucket; `edges` are the starts and the last end."""
    sums: dict[Role, ReportedSums] = {}
    for reported in quantities:
        part = _spread(reported, run_time, plan, edges)
        old = sums.get(reported.role)
        if old is not None:
            part = ReportedSums(old.quantity + part.quantity, old.planned_s + part.planned_s)
        sums[reported.role] = part
    return sums


def _spread(
    reported: ReportedQuantity, run_time: Steps, plan: PlannedTime, edges: Instants
) -> ReportedSums:
    ends, share = _shares_of(reported, run_time, plan, edges)
    quantity = reported.quantity * share
    if reported.run_time_s is None:
        each_s = run_time.value[run_time.index_before(ends)]
    else:
        each_s = np.full(len(ends), reported.run_time_s)
    bucket = np.searchsorted(edges, ends, side="left") - 1
    inside = (bucket >= 0) & (ends <= edges[-1])
    count = len(edges) - 1
    return ReportedSums(
        np.bincount(bucket[inside], quantity[inside], minlength=count).astype(np.float64),
        np.bincount(bucket[inside], (quantity * each_s)[inside], minlength=count).astype(
            np.float64
        ),
    )


def _shares_of(
    reported: ReportedQuantity, run_time: Steps, plan: PlannedTime, edges: Instants
) -> tuple[Instants, Numbers]:
    """Return the pieces of the interval by their ends, and the share of the quantity in each."""
    since_us, at_us = reported.since_us, reported.at_us
    if since_us >= at_us:
        return np.array([at_us], np.int64), np.ones(1)
    cuts = np.concatenate((plan.boundaries, edges, run_time.at))
    cuts = np.unique(cuts[(cuts > since_us) & (cuts < at_us)])
    start, end = np.append(since_us, cuts), np.append(cuts, at_us)
    duration = (end - start).astype(np.float64)
    busy = duration * (plan.shifts.contains(start) & ~plan.breaks.contains(start))
    weight = busy if busy.any() else duration
    return end, weight / weight.sum()
