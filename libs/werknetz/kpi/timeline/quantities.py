"""Quantities that the MES and people report, by bucket.

The quantity of a job is spread evenly over the planned busy time of the job: (start, end] without
breaks and free shifts; over all of it where nothing was planned. A quantity of an instant counts in
the bucket of that instant; an instant that is an edge belongs to the bucket that ends with it.
"""

from collections.abc import Sequence

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.knowledge.frame import Frame, PhaseSums
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import Instants, Numbers, Steps
from werknetz.kpi.timeline.reports import ReportedQuantity


def sum_reported(
    quantities: Sequence[ReportedQuantity], run_time: Steps, plan: PlannedTime, frame: Frame
) -> dict[Role, list[PhaseSums]]:
    """Sum the quantities by role and bucket. Negative: a person corrected downwards."""
    sums: dict[Role, list[PhaseSums]] = {}
    for reported in quantities:
        sums.setdefault(reported.role, []).append(_spread(reported, run_time, plan, frame))
    return sums


def _spread(
    reported: ReportedQuantity, run_time: Steps, plan: PlannedTime, frame: Frame
) -> PhaseSums:
    start, end, share = _shares_of(reported, run_time, plan, frame)
    if reported.run_time_s is None:
        each_s = run_time.value[run_time.index_before(end)]
    else:
        each_s = np.full(len(end), reported.run_time_s)
    inside = end > frame.edges[0]
    start, end, quantity = start[inside], end[inside], reported.quantity * share[inside]
    share_known = frame.share_of(start, end)
    # What lies at an instant belongs to the time that ends with it.
    return frame.sum(end, quantity, each_s[inside], share_known, np.minimum(start, end - 1))


def _shares_of(
    reported: ReportedQuantity, run_time: Steps, plan: PlannedTime, frame: Frame
) -> tuple[Instants, Instants, Numbers]:
    """Return the pieces of the interval, and the share of the quantity in each."""
    since_us, at_us = reported.since_us, reported.at_us
    if since_us >= at_us:
        at = np.array([at_us], np.int64)
        return at, at, np.ones(1)
    cuts = np.concatenate((plan.boundaries, frame.edges, run_time.at, frame.cuts))
    cuts = np.unique(cuts[(cuts > since_us) & (cuts < at_us)])
    start, end = np.append(since_us, cuts), np.append(cuts, at_us)
    duration = (end - start).astype(np.float64)
    busy = duration * (plan.shifts.contains(start) & ~plan.breaks.contains(start))
    weight = busy if busy.any() else duration
    return start, end, weight / weight.sum()
