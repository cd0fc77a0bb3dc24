"""Produced quantities of buckets: the sums of what counters counted.

An increment belongs to the interval between two samples: it counts at the later one, which may be
the end of a bucket, or is spread evenly (`interpolate`). A correction downwards subtracts in its
bucket. No bucket falls below zero: the rest corrects the bucket before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import (
    ONE_ITEM,
    QUANTITY_MAX,
    CounterStart,
    Increments,
    SetAside,
    increments_of,
)
from werknetz.kpi.knowledge.frame import Frame, PhaseSums
from werknetz.kpi.series import CountSeries, Instants, Numbers, Steps, index_of_ascending

Spread = tuple[int, int, float]
"""An increment over a bucket's start: the sample before, the sample, and the quantity."""

NEGLIGIBLE: Final = 1e-6  # of a correction: less is left of sums of floats


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
class SummedQuantities:
    columns: dict[str, Numbers]  # elements of quantity by name, one value a bucket
    counters: tuple[dict[str, CounterStart], ...]  # what to continue from after each bucket
    debts: tuple[Debt, ...]  # what each bucket passes to the one before it
    set_aside: tuple[SetAside, ...]
    production_s: Numbers  # by bucket, how long the machine produced while its items were counted
    increments: Mapping[str, Increments]
    share_left: Mapping[str, Numbers]  # of each counter and bucket, after corrections downwards


def sum_quantities(
    counts: Sequence[CountSeries],
    before: Mapping[str, CounterStart],
    run_time: Steps,
    frame: Frame,
    corrections: Mapping[str, float] | None = None,
    others: Mapping[Role, Sequence[PhaseSums]] | None = None,
    increments: Mapping[str, Increments] | None = None,
) -> SummedQuantities:
    """Sum the increments bucket by bucket.

    `corrections`: what the bucket after the last one passes back, by signal id. `others`: sums of
    what is not counted by a signal. `increments`: those of the counters, where they are known.
    """
    if increments is None:
        increments = increments_by_counter(counts, before, run_time)
    by_role: dict[Role, list[PhaseSums]] = {
        role: list(sums) for role, sums in (others or {}).items()
    }
    debts: dict[str, Numbers] = {}
    share_left: dict[str, Numbers] = {}
    set_aside: list[SetAside] = []
    for count in counts:
        key = str(count.signal_id)
        sums = increment_sums(count, increments[key], before.get(key), run_time, frame)
        debt = (corrections or {}).get(key, 0.0)
        share_left[key], debts[key] = _correct(sums, increments[key], frame, debt)
        by_role.setdefault(count.role, []).append(sums.scale(share_left[key]))
        set_aside += [
            aside for aside in increments[key].set_aside if aside.at_us <= frame.edges[-1]
        ]
    return SummedQuantities(
        columns=frame.columns_of(by_role),
        counters=counters_after(increments, before, frame),
        debts=debts_of(counts, increments, debts, frame.edges),
        set_aside=tuple(sorted(set_aside, key=lambda aside: (aside.at_us, aside.signal_id))),
        production_s=_production_of(increments, before, frame),
        increments=increments,
        share_left=share_left,
    )


def increments_by_counter(
    counts: Iterable[CountSeries], before: Mapping[str, CounterStart], run_time: Steps
) -> dict[str, Increments]:
    """Return what each counter counted from sample to sample, by signal id."""
    increments = {}
    for count in counts:
        key = str(count.signal_id)
        steps = increments_of(count, before.get(key), run_time)
        increments[key] = steps.select_in_force(count.in_force)
    return increments


def sum_increments(
    count: CountSeries,
    increments: Increments,
    start: CounterStart | None,
    weight: Steps,
    frame: Frame,
    debt: float,
) -> tuple[PhaseSums, Numbers]:
    """Sum what a counter counted, less corrections, alone and times `weight`: energy of a unit.

    Return the sums, and what each bucket passes to the one before it. `debt`: what the bucket
    after the last one passes back.
    """
    sums = increment_sums(count, increments, start, weight, frame)
    share, passed = _correct(sums, increments, frame, debt)
    return sums.scale(share), passed


def increment_sums(
    count: CountSeries,
    increments: Increments,
    start: CounterStart | None,
    run_time: Steps,
    frame: Frame,
) -> PhaseSums:
    """Sum the increments upwards by bucket; `start`: what counted before the first one."""
    positive = np.maximum(increments.quantity, 0.0)
    if count.interpolate:
        sums = _spread_evenly(increments, positive, run_time, frame)
    else:
        since, at = increments.since, increments.at
        before = (0, 0) if start is None else (start.apt_us, start.unknown_us)
        each_s = run_time.value[index_of_ascending(run_time.at, at)]
        # One item was finished at its sample; more were made since the sample before.
        share, many = frame.is_known_at(at), positive > ONE_ITEM
        if many.any():
            share[many] = frame.share_of(since[many], at[many], before if bool(many[0]) else (0, 0))
        sums = frame.sum(at, positive, each_s, share, at)
    is_count = (sums.quantity.sum(axis=0) <= QUANTITY_MAX) & np.isfinite(sums.planned_s).all(axis=0)
    if is_count.all():
        return sums
    return PhaseSums(
        *(np.where(is_count, part, 0.0) for part in (sums.quantity, sums.planned_s, sums.known_s))
    )


def _correct(
    sums: PhaseSums, increments: Increments, frame: Frame, debt: float
) -> tuple[Numbers, Numbers]:
    """Subtract corrections; return which share is left, and what is passed to the bucket before."""
    quantity: Numbers = sums.quantity.sum(axis=0)
    if not debt and not (increments.quantity < 0).any():
        return (quantity != 0).astype(np.float64), np.zeros(len(quantity))
    amount = np.minimum(np.maximum(-increments.quantity, 0.0), QUANTITY_MAX)
    corrections = _sum_by_bucket(increments.at, amount, frame.edges)
    left, passed = _subtract(quantity, corrections, debt)
    share = np.divide(left, quantity, out=np.zeros(len(quantity)), where=quantity > 0)
    return share, passed


def _subtract(quantity: Numbers, corrections: Numbers, debt: float) -> tuple[Numbers, Numbers]:
    """Subtract corrections from their buckets, from the last to the first."""
    left, passed = quantity.copy(), np.zeros(len(quantity))
    for bucket in range(len(quantity) - 1, -1, -1):
        rest = float(quantity[bucket] - corrections[bucket] - debt)
        left[bucket], debt = max(rest, 0.0), -rest if rest < -NEGLIGIBLE else 0.0
        passed[bucket] = debt
    return left, passed


def _sum_by_bucket(at: Instants, quantity: Numbers, edges: Instants) -> Numbers:
    """Sum by bucket; an instant that is an edge belongs to the bucket that ends with it."""
    # What lies at the start and was not counted before it has no other bucket.
    bucket = np.maximum(np.searchsorted(edges, at, side="left") - 1, 0)
    inside = (at >= edges[0]) & (at <= edges[-1])
    summed = np.bincount(bucket[inside], quantity[inside], minlength=len(edges) - 1)
    return summed.astype(np.float64)


def _spread_evenly(
    increments: Increments, quantity: Numbers, run_time: Steps, frame: Frame
) -> PhaseSums:
    """Sum by bucket with each increment even over its interval.

    An increment without an interval lies at its instant: the sample before is not known, or has
    the same instant.
    """
    edges = frame.edges
    single = increments.since == increments.at
    alone = increments.at[single]
    each_s = run_time.value[run_time.index(alone)]
    sums = frame.sum(alone, quantity[single], each_s, np.ones(len(alone)), alone)
    if single.all():
        return sums
    # The intervals are adjacent, so one line through their ends has every increment as a rise.
    at = np.append(increments.since[~single][0], increments.at[~single]) - edges[0]
    counted = np.append(0.0, np.cumsum(quantity[~single]))
    others = np.concatenate((run_time.at, frame.cuts))
    cuts = np.union1d(edges, others[(others > edges[0]) & (others < edges[-1])])
    pieces = np.maximum(np.diff(np.interp(cuts - edges[0], at, counted)), 0.0)
    each_s = run_time.value[run_time.index_before(cuts[1:])]
    unknown_us = np.diff(frame.time.unknown_until(cuts))
    return sums + frame.sum(cuts[1:], pieces, each_s, 1.0 * (unknown_us == 0), cuts[:-1])


def counters_after(
    increments: Mapping[str, Increments], before: Mapping[str, CounterStart], frame: Frame
) -> tuple[dict[str, CounterStart], ...]:
    """Return what to continue from after each bucket."""
    edges, time = frame.edges, frame.time
    after: tuple[dict[str, CounterStart], ...] = tuple({} for _ in edges[1:])
    for key, steps in increments.items():
        last = np.searchsorted(steps.at, edges[1:], side="right") - 1
        since = np.append(edges[:1], steps.at)[last + 1]
        apt_us = (time.apt_until(edges[1:]) - time.apt_until(since)).astype(np.int64).tolist()
        unknown = time.unknown_until(edges[1:]) - time.unknown_until(since)
        unknown_us = unknown.astype(np.int64).tolist()
        for bucket, index in enumerate(last.tolist()):
            start = steps.start_at(index, before.get(key))
            if start is not None:
                after[bucket][key] = CounterStart(
                    start.value,
                    start.at_us,
                    start.before,
                    start.apt_us + apt_us[bucket],
                    start.unknown_us + unknown_us[bucket],
                )
    return after


def _production_of(
    increments: Mapping[str, Increments], before: Mapping[str, CounterStart], frame: Frame
) -> Numbers:
    """Return the longest production over which a counter counted the items of each bucket."""
    edges, time = frame.edges, frame.time
    longest = np.diff(time.apt_until(edges))
    for key, steps in increments.items():
        if not len(steps.at):
            continue
        first = np.searchsorted(steps.at, edges[:-1], side="right")
        end = np.searchsorted(steps.at, edges[1:], side="right")
        counted = first < end
        since, until = steps.since[first[counted]], steps.at[end[counted] - 1]
        apt_us = time.apt_until(until) - time.apt_until(since)
        start = before.get(key)
        if start is not None:
            apt_us += np.where(first[counted] == 0, start.apt_us, 0)
        longest[counted] = np.maximum(longest[counted], apt_us)
    return longest / 1e6


def debts_of(
    counts: Sequence[CountSeries],
    increments: Mapping[str, Increments],
    corrections: Mapping[str, Numbers],
    edges: Instants,
) -> tuple[Debt, ...]:
    """Return what each bucket passes to the one before it."""
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
