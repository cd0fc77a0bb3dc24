"""What was made: increments out of counters that run on, start again or roll over.

An increment belongs to the instant of the later sample. A fall of a counter that should not fall
counts as nothing; counting goes on from the new value.
"""

from dataclasses import dataclass

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.series import CountSeries, Instants, Numbers, Steps


@dataclass(frozen=True, slots=True)
class Increments:
    at: Instants
    made: Numbers


def increments_of(count: CountSeries, before: float | None) -> Increments:
    """Return what each usable sample adds; the first of all only says where the counter stands."""
    usable = count.series.select_usable()
    if count.kind == "increment":
        return Increments(usable.at, usable.value)
    if not len(usable):
        return Increments(usable.at, usable.value)
    earlier = np.append(usable.value[0] if before is None else before, usable.value[:-1])
    step = usable.value - earlier
    fell = step < 0
    if count.reset == "to_zero":
        step = np.where(fell, usable.value, step)
    elif count.reset == "rollover" and count.modulus:
        step = np.where(fell, step + count.modulus, step)
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
    made: dict[Role, list[Increments]] = {}
    for count in counts:
        found = increments_of(count, before.get(str(count.signal_id)))
        made.setdefault(count.role, []).append(found)
    produced = made.get(Role.TOTAL_COUNT)
    if produced is None:
        produced = [*made.get(Role.GOOD_COUNT, []), *made.get(Role.SCRAP_COUNT, [])]
    pq = _sum_by_bucket(produced, edges)
    sq = _sum_by_bucket(made.get(Role.SCRAP_COUNT, []), edges)
    good = made.get(Role.GOOD_COUNT)
    planned = [Increments(i.at, i.made * run_time.value[run_time.index(i.at)]) for i in produced]
    return Quantities(
        pq=pq,
        gq=_sum_by_bucket(good, edges) if good is not None else pq - sq,
        sq=sq,
        rq=_sum_by_bucket(made.get(Role.REWORK_COUNT, []), edges),
        pri_pq_s=_sum_by_bucket(planned, edges),
    )


def _sum_by_bucket(parts: list[Increments], edges: Instants) -> Numbers:
    total = np.zeros(len(edges) - 1)
    for part in parts:
        bucket = np.searchsorted(edges, part.at, side="right") - 1
        inside = (bucket >= 0) & (bucket < len(total))
        total += np.bincount(bucket[inside], part.made[inside], minlength=len(total))
    return total
