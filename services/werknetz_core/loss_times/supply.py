"""Delays without material of machines, divided by what was out of stock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.kpi.losses.ledger import StopSum
from werknetz.kpi.losses.supply import DelayPiece, MaterialSpan, supply_stops_of
from werknetz.kpi.losses.times import SupplyCausedTime
from werknetz.store.losses.loss_sums import STARVED_DELAYS
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.losses.attribution import SupplyCausedDowntime, compute_supply_caused_downtime
from werknetz_core.losses.views import material_names_of

Key = tuple[int, int]  # machine, number of the window


@dataclass(frozen=True, slots=True)
class Delays:
    """By machine and window: delays as stops, and the supply-caused time among them."""

    stops: Mapping[Key, list[StopSum]] = field(default_factory=dict)
    supply: Mapping[Key, SupplyCausedTime] = field(default_factory=dict)
    downtime: SupplyCausedDowntime | None = None  # None: nothing starved


async def load_delays(
    connection: ReadConnection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    windows: Sequence[UtcSpan],
    now_us: int,
) -> Delays:
    """Return the delays of machines that starved or were suspended."""
    span = UtcSpan(windows[0].start_us, windows[-1].end_us)
    rows = await connection.fetch(
        STARVED_DELAYS, [node.id for node in machines], instant_of(span.start_us),
        instant_of(span.end_us),
    )  # fmt: skip
    if not rows:
        return Delays()
    pieces: dict[int, list[DelayPiece]] = defaultdict(list)
    for row in rows:
        start, end = microseconds_of(row["start_at"]), microseconds_of(row["end_at"])
        piece = DelayPiece(start, end, row["state"], row["code"], row["order_number"])
        pieces[row["equipment_id"]].append(piece)
    stopped = [node for node in machines if node.id in pieces]
    downtime = await compute_supply_caused_downtime(
        connection, tree, stopped, span.start_us, span.end_us, now_us
    )
    missing = _missing_materials(downtime)
    stops, supply = {}, {}
    for machine, of_machine in pieces.items():
        for number, window in enumerate(windows, start=1):
            inside = [p for p in of_machine if window.start_us <= p.start_us < window.end_us]
            if inside:
                of_window = supply_stops_of(inside, missing.get(machine, ()))
                stops[machine, number] = of_window
                supply[machine, number] = _supply_caused_time(inside, of_window)
    return Delays(stops, supply, downtime)


def _missing_materials(downtime: SupplyCausedDowntime) -> dict[int, list[MaterialSpan]]:
    """Return when which materials were missing, by machine; at an instant there is one cause."""
    spans: dict[int, list[MaterialSpan]] = defaultdict(list)
    for loss in downtime.losses:
        names = material_names_of(downtime, loss)
        for machine, of_machine in loss.spans.items():
            spans[machine] += [(start, end, names) for start, end in of_machine]
    return {machine: sorted(of_machine) for machine, of_machine in spans.items()}


def _supply_caused_time(pieces: Sequence[DelayPiece], stops: Sequence[StopSum]) -> SupplyCausedTime:
    total = {"starved": 0, "suspended": 0}
    for piece in pieces:
        state = "starved" if piece.state == MachineState.STARVED else "suspended"
        total[state] += piece.end_us - piece.start_us
    for stop in stops:
        if stop.category in total:
            total[stop.category] -= stop.us
    return SupplyCausedTime(total["starved"], total["suspended"])
