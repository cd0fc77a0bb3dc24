"""Loss times of machines in windows, from their elements, stops and missing materials."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.categories import category_of
from werknetz.kpi.losses.ledger import LossEntry, StopSum, entries_of
from werknetz.kpi.losses.times import LossTimes, loss_times_of
from werknetz.kpi.stops.thresholds import MINOR_STOP_US
from werknetz.store.losses.loss_sums import (
    ELEMENTS_BY_MACHINE,
    STOPS_BY_MACHINE,
    STOPS_BY_ORDER,
)
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.shares import load_shares
from werknetz_core.loss_times.supply import Delays, Key, load_delays

_FROM_PIECES: Final = frozenset({"starved", "suspended"})  # divided by the missing material


@dataclass(frozen=True, slots=True)
class MachineLosses:
    """One machine and window."""

    machine: EquipmentNode
    window: int  # from 1
    elements: Elements
    times: LossTimes
    provisional: bool
    computed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MeasuredLosses:
    machines: list[MachineLosses]
    delays: Delays

    @property
    def elements(self) -> Elements:
        return Elements.sum(row.elements for row in self.machines)

    @property
    def times(self) -> LossTimes:
        return LossTimes.sum(row.times for row in self.machines)

    @property
    def provisional(self) -> bool:
        return any(row.provisional for row in self.machines)

    @property
    def computed_at(self) -> datetime | None:
        times = [row.computed_at for row in self.machines if row.computed_at is not None]
        return max(times, default=None)


async def measure_losses(
    connection: ReadConnection,
    tree: EquipmentTree,
    nodes: Sequence[EquipmentNode],
    windows: Sequence[UtcSpan],
    now_us: int,
    *,
    with_causes: bool = True,
) -> MeasuredLosses:
    """Return the loss times of machines by window; windows are in order, without overlaps.

    Without `with_causes`, supply-caused time counts as starved or suspended.
    """
    if not windows:
        return MeasuredLosses([], Delays())
    by_id = {node.id: node for node in nodes}
    rows = await connection.fetch(ELEMENTS_BY_MACHINE, list(by_id), *_columns_of(windows))
    sums = [(row, Elements.of(row)) for row in rows]
    stopped = {row["equipment_id"] for row, e in sums if e.starved_s or e.suspended_s}
    delays = Delays()
    if stopped and with_causes:
        machines = [by_id[machine] for machine in sorted(stopped)]
        delays = await load_delays(connection, tree, machines, windows, now_us)
    measured = [
        MachineLosses(
            by_id[row["equipment_id"]],
            row["n"],
            elements,
            loss_times_of(elements, delays.supply.get((row["equipment_id"], row["n"]))),
            row["provisional"],
            row["computed_at"],
        )
        for row, elements in sums
    ]
    return MeasuredLosses(sorted(measured, key=lambda m: (m.machine.path, m.window)), delays)


async def load_entries(
    connection: ReadConnection,
    measured: MeasuredLosses,
    windows: Sequence[UtcSpan],
    minor_stop_s: Mapping[int, float],
    *,
    by_order: bool = False,
    by_reason: bool = False,
) -> list[LossEntry]:
    """Return the ledger entries of measured losses: each category with its stops.

    `minor_stop_s`: thresholds of machines that differ from the default.
    """
    ids = sorted({row.machine.id for row in measured.machines})
    default_s = MINOR_STOP_US / 1e6
    thresholds = [minor_stop_s.get(machine, default_s) for machine in ids]
    longest = timedelta(seconds=max(thresholds, default=default_s))
    rows = await connection.fetch(
        STOPS_BY_ORDER if by_order else STOPS_BY_MACHINE,
        ids,
        *_columns_of(windows),
        longest,
        thresholds,
    )
    stops: dict[Key, list[StopSum]] = defaultdict(list)
    for row in rows:
        category = category_of(row["category"], row["state"], is_minor=row["is_minor"])
        if category is not None and category not in _FROM_PIECES:
            stop = StopSum(category, row["us"], row["stops"], row["code"], row["order_number"])
            stops[row["equipment_id"], row["n"]].append(stop)
    for key, of_key in measured.delays.stops.items():
        stops[key] += of_key
    if by_order or by_reason:
        times = {(row.machine.id, row.window): row.times for row in measured.machines}
        counts = {(row.machine.id, row.window): row.elements.sq for row in measured.machines}
        columns = _columns_of(windows)
        shares = await load_shares(connection, times, counts, columns, by_order=by_order)
        for key, of_key in shares.items():
            stops[key] += of_key
    return [
        entry
        for row in measured.machines
        for entry in entries_of(
            row.machine.id, row.window, row.times, stops.get((row.machine.id, row.window), ())
        )
    ]


def _columns_of(windows: Sequence[UtcSpan]) -> tuple[list[datetime], list[datetime]]:
    return (
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
