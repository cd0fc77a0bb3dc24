"""Produced quantities of buckets: the sums of what counters counted.

An increment belongs to the interval between two samples: it counts at the later one, which may be
the end of a bucket, or is spread evenly (`interpolate`). A correction downwards subtracts in its
bucket. No bucket falls below zero: the rest corrects the bucket before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart, Increments, SetAside, increments_of
from werknetz.kpi.series import CountSeries, Instants, Numbers, Steps

Spread = tuple[int, int, float]
"""An increment over a bucket's start: the sample before, the sample, and the quantity."""

NEGLIGIBLE: Final = 1e-6  # of a correction: less is left of sums of floats
QUANTITY_MAX: Final = 1e15
"""Of one signal in one bucket. More is no count, and sums of it would not be finite."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a bucket passes to the one before it: both come from later samples."""

    corrections: Mapping[str, float] = field(default_factory=dict)  # by signal id
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def to_document(self) -> dict[str, dict[str, float | list[float]]]:
        document: dict[str, dict[str, float | list[float]]] = {}
        if self.corrections:
            document["corrections"] = dict(self.corrections)
        if self.spreads:
            document["spreads"] = {key: list(spread) for key, spread in self.spreads.items()}
        return document

    def is_like(self, document: Mapping[str, Any]) -> bool:
        """Return whether a stored document says the same, up to the last digits of sums."""
        stored = document.get("corrections", {})
        spreads = {key: tuple(spread) for key, spread in document.get("spreads", {}).items()}
        return (
            spreads == self.spreads
            and stored.keys() == self.corrections.keys()
            and all(abs(stored[key] - n) <= NEGLIGIBLE for key, n in self.corrections.items())
        )


NO_DEBT: Final = Debt()


@dataclass(frozen=True, slots=True)
class Quantities:
    pq: Numbers
    gq: Numbers
    sq: Numbers
    rq: Numbers
    pri_pq_s: Numbers
    counters: tuple[dict[str, CounterStart], ...]  # what to continue from after each bucket
    debts: tuple[Debt, ...]  # what each bucket passes to the one before it
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of one signal, by bucket."""

    quantity: Numbers
    planned_s: Numbers  # the quantity, item by item, times the planned run time of the item
    debt: Numbers  # passed to the bucket before


def sum_quantities(
    counts: Sequence[CountSeries],
    before: Mapping[str, CounterStart],
    run_time: Steps,
    edges: Instants,
    corrections: Mapping[str, float] | None = None,
) -> Quantities:
    """Sum the increments bucket by bucket; `edges` are the starts and the last end.

    `corrections`: what the bucket after the last one passes back, by signal id.
    """
    by_role: dict[Role, list[_Sums]] = {}
    increments: dict[str, Increments] = {}
    debts: dict[str, Numbers] = {}
    set_aside: list[SetAside] = []
    for count in counts:
        key = str(count.signal_id)
        increments[key] = increments_of(count, before.get(key), run_time)
        sums = _sum_signal(
            count, increments[key], run_time, edges, (corrections or {}).get(key, 0.0)
        )
        by_role.setdefault(count.role, []).append(sums)
        debts[key] = sums.debt
        set_aside += [aside for aside in increments[key].set_aside if aside.at_us <= edges[-1]]
    produced = by_role.get(Role.TOTAL_COUNT)
    if produced is None:
        produced = [*by_role.get(Role.GOOD_COUNT, []), *by_role.get(Role.SCRAP_COUNT, [])]
    buckets = len(edges) - 1

    def total_of(parts: Sequence[_Sums]) -> Numbers:
        return sum((part.quantity for part in parts), np.zeros(buckets))

    pq, sq = total_of(produced), total_of(by_role.get(Role.SCRAP_COUNT, []))
    good = by_role.get(Role.GOOD_COUNT)
    return Quantities(
        pq=pq,
        gq=total_of(good) if good is not None else pq - sq,
        sq=sq,
        rq=total_of(by_role.get(Role.REWORK_COUNT, [])),
        pri_pq_s=sum((part.planned_s for part in produced), np.zeros(buckets)),
        counters=_counters_after(increments, before, edges),
        debts=_debts_of(counts, increments, debts, edges),
        set_aside=tuple(sorted(set_aside, key=lambda aside: (aside.at_us, aside.signal_id))),
    )


def _sum_signal(
    count: CountSeries, increments: Increments, run_time: Steps, edges: Instants, debt: float
) -> _Sums:
    positive = np.maximum(increments.quantity, 0.0)
    if count.interpolate:
        quantity, planned_s = _spread_evenly(increments, positive, run_time, edges)
    else:
        each_s = positive * run_time.value[run_time.index(increments.at)]
        quantity = _sum_by_bucket(increments.at, positive, edges)
        planned_s = _sum_by_bucket(increments.at, each_s, edges)
    is_count = (quantity <= QUANTITY_MAX) & np.isfinite(planned_s)
    quantity, planned_s = np.where(is_count, quantity, 0.0), np.where(is_count, planned_s, 0.0)
    corrections = _sum_by_bucket(
        increments.at, np.minimum(np.maximum(-increments.quantity, 0.0), QUANTITY_MAX), edges
    )
    if not debt and not corrections.any():
        return _Sums(quantity, planned_s, np.zeros(len(quantity)))
    return _subtract(quantity, planned_s, corrections, debt)


def _subtract(quantity: Numbers, planned_s: Numbers, corrections: Numbers, debt: float) -> _Sums:
    """Subtract corrections from their buckets, from the last to the first."""
    left, passed = quantity.copy(), np.zeros(len(quantity))
    for bucket in range(len(quantity) - 1, -1, -1):
        rest = float(quantity[bucket] - corrections[bucket] - debt)
        left[bucket], debt = max(rest, 0.0), -rest if rest < -NEGLIGIBLE else 0.0
        passed[bucket] = debt
    share = np.divide(left, quantity, out=np.zeros(len(quantity)), where=quantity > 0)
    return _Sums(left, planned_s * share, passed)


def _sum_by_bucket(at: Instants, quantity: Numbers, edges: Instants) -> Numbers:
    """Sum by bucket; an instant that is an edge belongs to the bucket that ends with it."""
    # What lies at the start and was not counted before it has no other bucket.
    bucket = np.maximum(np.searchsorted(edges, at, side="left") - 1, 0)
    inside = (at >= edges[0]) & (at <= edges[-1])
    summed = np.bincount(bucket[inside], quantity[inside], minlength=len(edges) - 1)
    return summed.astype(np.float64)


def _spread_evenly(
    increments: Increments, quantity: Numbers, run_time: Steps, edges: Instants
) -> tuple[Numbers, Numbers]:
    """Return quantity and planned time by bucket, each increment even over its interval.

    An increment without an interval lies at its instant: the sample before is not known, or has
    the same instant.
    """
    single = increments.since == increments.at
    single_s = quantity * run_time.value[run_time.index(increments.at)]
    total = _sum_by_bucket(increments.at[single], quantity[single], edges)
    total_s = _sum_by_bucket(increments.at[single], single_s[single], edges)
    if single.all():
        return total, total_s
    # The intervals are adjacent, so one line through their ends has every increment as a rise.
    at = np.append(increments.since[~single][0], increments.at[~single]) - edges[0]
    counted = np.append(0.0, np.cumsum(quantity[~single]))
    inside = (run_time.at > edges[0]) & (run_time.at < edges[-1])
    cuts = np.union1d(edges, run_time.at[inside])
    pieces = np.maximum(np.diff(np.interp(cuts - edges[0], at, counted)), 0.0)
    each_s = pieces * run_time.value[run_time.index_before(cuts[1:])]
    total += _sum_by_bucket(cuts[1:], pieces, edges)
    total_s += _sum_by_bucket(cuts[1:], each_s, edges)
    return total, total_s


def _counters_after(
    increments: Mapping[str, Increments], before: Mapping[str, CounterStart], edges: Instants
) -> tuple[dict[str, CounterStart], ...]:
    after: tuple[dict[str, CounterStart], ...] = tuple({} for _ in edges[1:])
    for key, steps in increments.items():
        last = np.searchsorted(steps.at, edges[1:], side="right") - 1
        for bucket, index in enumerate(last.tolist()):
            start = steps.start_at(index, before.get(key))
            if start is not None:
                after[bucket][key] = start
    return after


def _debts_of(
    counts: Sequence[CountSeries],
    increments: Mapping[str, Increments],
    corrections: Mapping[str, Numbers],
    edges: Instants,
) -> tuple[Debt, ...]:
    passed: list[dict[str, float]] = [{} for _ in edges[1:]]
    spreads: list[dict[str, Spread]] = [{} for _ in edges[1:]]
    for count in counts:
        key = str(count.signal_id)
        for bucket in np.flatnonzero(corrections[key]).tolist():
            passed[bucket][key] = float(corrections[key][bucket])
        steps = increments[key]
        if not count.interpolate or not len(steps.at):
            continue
        over = np.searchsorted(steps.at, edges[:-1], side="right")
        for bucket, index in enumerate(over.tolist()):
            if index >= len(steps.at) or steps.quantity[index] <= 0:
                continue
            if steps.since[index] < edges[bucket]:
                spreads[bucket][key] = (
                    int(steps.since[index]), int(steps.at[index]), float(steps.quantity[index])
                )  # fmt: skip
    return tuple(
        Debt(*pair) if any(pair) else NO_DEBT for pair in zip(passed, spreads, strict=True)
    )
