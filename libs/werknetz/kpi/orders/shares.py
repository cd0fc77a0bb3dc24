"""The elements of each order in a bucket; what is left of the bucket belongs to no order.

Time belongs to the order that runs. A quantity belongs to the order that runs right before its
instant, as an increment belongs to the time that ends with its sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from werknetz.domain.status import UNCERTAIN as GOOD_BELOW
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.counts import SummedQuantities, increment_sums
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.orders.cells import OrderCells
from werknetz.kpi.series import Flags, Ids, Instants, MachineSamples, Numbers
from werknetz.kpi.timeline.machine import MachineTimeline
from werknetz.kpi.timeline.quantities import sum_reported


@dataclass(frozen=True, slots=True)
class OrderShare:
    """What an order has of a bucket."""

    bucket: int
    order_number: str
    elements: dict[str, float] | None  # those that are not 0; None: the whole bucket


@dataclass(frozen=True, slots=True)
class MeasuredTime:
    """Adjacent intervals of a range, cut wherever anything changes."""

    start: Instants
    duration_us: Numbers
    order: Ids  # as numbers of texts
    masks: Mapping[str, Flags]  # which intervals belong to each element
    time: StateTime


def order_shares_of(
    measured: MeasuredTime,
    line: MachineTimeline,
    samples: MachineSamples,
    before: Mapping[str, CounterStart],
    quantities: SummedQuantities,
    start_ups: Instants,
    span: tuple[int, int],
) -> list[OrderShare]:
    """Return what each order has of each bucket of the span, in order of buckets."""
    cells = OrderCells.of(measured.start, measured.order, span[0])
    texts = line.order_numbers.texts
    if not cells.is_cut:
        return shares_of(cells, {}, texts)
    columns = _sum_times(cells, measured)
    _count_events(cells, line, samples, columns)
    reported = Reported.of(samples.counts, before, samples.reports)
    frame = Frame.of(cells.edges, reported, measured.time, start_ups)
    columns |= _sum_quantities(cells, frame, line, samples, before, quantities)
    return shares_of(cells, columns, texts)


def _sum_times(cells: OrderCells, measured: MeasuredTime) -> dict[str, Numbers]:
    """Return the seconds of each element in each cell."""
    cell, count = cells.cell_from(measured.start), len(cells)
    return {
        name: np.bincount(cell[mask], measured.duration_us[mask], minlength=count + 1)[:count] / 1e6
        for name, mask in measured.masks.items()
    }


def _count_events(
    cells: OrderCells,
    line: MachineTimeline,
    samples: MachineSamples,
    columns: dict[str, Numbers],
) -> None:
    """Count fault runs in the cell in which they begin, and samples."""
    runs = line.runs
    minor = runs.minor & runs.eligible & runs.has_malfunction
    for name, selected in (("fe", runs.failure), ("minor_stops", minor)):
        since = np.sort(runs.since[selected])
        columns[name] = np.diff(np.searchsorted(since, cells.edges)).astype(np.float64)
    for name in ("samples", "good_samples"):
        columns[name] = np.zeros(len(cells))
    for series in samples.all_series():
        bounds = np.searchsorted(series.at, cells.edges)
        columns["samples"] += np.diff(bounds)
        good = np.append(0, np.cumsum(series.status < GOOD_BELOW))
        columns["good_samples"] += np.diff(good[bounds])


def _sum_quantities(
    cells: OrderCells,
    frame: Frame,
    line: MachineTimeline,
    samples: MachineSamples,
    before: Mapping[str, CounterStart],
    quantities: SummedQuantities,
) -> dict[str, Numbers]:
    """Return the elements of quantity in each cell. `frame` has the edges of the cells."""
    reports = (*samples.reports.quantities, *samples.reports.entered)
    by_role = sum_reported(reports, line.run_time, line.plan, frame)
    for count in samples.counts:
        key = str(count.signal_id)
        steps, start = quantities.increments[key], before.get(key)
        if not count.interpolate:
            inside = cells.ends_in_cut_bucket(steps.at)
            if not inside.any():
                continue
            # What was made before the range belongs to its first increment.
            start = start if bool(inside[0]) else None
            steps = replace(
                steps, since=steps.since[inside], at=steps.at[inside],
                quantity=steps.quantity[inside], value=steps.value[inside],
            )  # fmt: skip
        sums = increment_sums(count, steps, start, line.run_time, frame)
        by_role.setdefault(count.role, []).append(
            sums.scale(quantities.share_left[key][cells.bucket])
        )
    return frame.columns_of(by_role)


def shares_of(
    cells: OrderCells, columns: Mapping[str, Numbers], texts: Sequence[str | None]
) -> list[OrderShare]:
    """Return the share of each order in each bucket, in order of buckets."""
    shares = [OrderShare(n, _text(texts, order), None) for n, order in cells.whole]
    summed: dict[tuple[int, int], dict[str, float]] = {}
    for cell in np.flatnonzero((cells.bucket >= 0) & (cells.order > 0)).tolist():
        key = (int(cells.bucket[cell]), int(cells.order[cell]))
        elements = summed.setdefault(key, {})
        for name, column in columns.items():
            if column[cell]:
                elements[name] = elements.get(name, 0.0) + float(column[cell])
    shares += [
        OrderShare(bucket, _text(texts, order), elements)
        for (bucket, order), elements in summed.items()
    ]
    return sorted(shares, key=lambda share: (share.bucket, share.order_number))


def _text(texts: Sequence[str | None], number: int) -> str:
    text = texts[number]
    assert text is not None  # noqa: S101 - only the number 0 has no text
    return text
