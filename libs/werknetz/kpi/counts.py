"""Produced quantities: increments of counters that are cumulative, reset or roll over.

An increment belongs to the instant of the later sample. If a counter falls unexpectedly, the
increment is 0, and counting continues from the new value.
"""

from dataclasses import dataclass

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.series import CountSeries, Instants, Numbers, Steps


@dataclass(frozen=True, slots=True)
class Increments:
    at: Instants
    quantity: Numbers


def increments_of(count: CountSeries, before: float | None) -> Increments:
    """Return the increment of each usable sample; the very first one only sets the start value."""
    usable = count.series.select_usable()
    if count.kind == "increment":
        return Increments(usable.at, usable.value)
    if not len(usable):
        return Increments(usable.at, usable.value)
    earlier = np.append(usable.value[0] if before is None else before, usable.value[:-1])
    step = usable.value - earlier
    has_fallen = step < 0
    if count.reset == "to_zero":
        step = np.where(has_fallen, usable.value, step)
    elif count.reset == "rollover" and count.modulus:
        step = np.where(has_fallen, step + count.modulus, step)
    return Increments(usable.at, np.maximum(step, 0.0))


@dataclass(frozen=True, slots=True)
class Quantities:
    pq: Numbers
    gq: Numbers
    sq: Numbers
    rq: Numbers
    pri_pq_s: Numbers


def sum_quantities(
    counts: tuple[CountSeries, ...],
    before: dict[str, float],
    run_time: Steps,
    edges: Instants,
) -> Quantities:
    """Sum the increments bucket by bucket; `edges` are the starts and the last end."""
    by_role: dict[Role, list[Increments]] = {}
    for count in counts:
        count_increments = increments_of(count, before.get(str(count.signal_id)))
        by_role.setdefault(count.role, []).append(count_increments)
    produced = by_role.get(Role.TOTAL_COUNT)
    if produced is None:
        produced = [*by_role.get(Role.GOOD_COUNT, []), *by_role.get(Role.SCRAP_COUNT, [])]
    pq = _sum_by_bucket(produced, edges)
    sq = _sum_by_bucket(by_role.get(Role.SCRAP_COUNT, []), edges)
    good = by_role.get(Role.GOOD_COUNT)
    planned = [
        Increments(i.at, i.quantity * run_time.value[run_time.index(i.at)]) for i in produced
    ]
    return Quantities(
        pq=pq,
        gq=_sum_by_bucket(good, edges) if good is not None else pq - sq,
        sq=sq,
        rq=_sum_by_bucket(by_role.get(Role.REWORK_COUNT, []), edges),
        pri_pq_s=_sum_by_bucket(planned, edges),
    )


def _sum_by_bucket(parts: list[Increments], edges: Instants) -> Numbers:
    total = np.zeros(len(edges) - 1)
    for part in parts:
        bucket = np.searchsorted(edges, part.at, side="right") - 1
        inside = (bucket >= 0) & (bucket < len(total))
        total += np.bincount(bucket[inside], part.quantity[inside], minlength=len(total))
    return total
