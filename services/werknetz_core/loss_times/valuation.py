"""What a lost hour of a machine is worth, and why it stopped: rates, ideal cycles, reasons."""

from collections.abc import Iterable, Mapping, Sequence

from werknetz.domain.path import EquipmentPath
from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.ledger import Valuation
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.loss_times.measure import MachineLosses
from werknetz_core.losses.inputs import load_line_rates


async def load_valuations(
    connection: ReadConnection,
    tree: EquipmentTree,
    measured: Sequence[MachineLosses],
    at_us: int,
) -> dict[int, Valuation]:
    """Return the valuation of each machine.

    The rate of a line is divided by its machines, so that an hour in which all of them stop costs
    the rate. The ideal cycle is the mean planned run time of what the machine produced.
    """
    machines = {row.machine.id: row.machine for row in measured}
    ancestors = {node.id: ancestors_of(tree, node) for node in machines.values()}
    ids = {node.id for nodes in ancestors.values() for node in nodes}
    rates = await load_line_rates(connection, ids, at_us)
    run_times = _mean_run_times(measured)
    valuations = {}
    for machine, nodes in ancestors.items():
        rated = next((node for node in nodes if node.id in rates), None)
        currency, per_hour = (None, 0.0) if rated is None else rates[rated.id]
        count = 1 if rated is None else machine_count(tree, rated.path)
        valuations[machine] = Valuation(run_times.get(machine), currency, per_hour / count)
    return valuations


def ancestors_of(tree: EquipmentTree, node: EquipmentNode) -> list[EquipmentNode]:
    """Return the equipment and its ancestors, the nearest first."""
    paths = reversed(EquipmentPath.parse(node.path).ancestors())
    return [tree.nodes[str(path)] for path in paths if str(path) in tree.nodes]


def machine_count(tree: EquipmentTree, path: str) -> int:
    """Return the number of machines of an equipment; at least 1."""
    return max(1, sum(node.level == "machine" for node in tree.subtree(path)))


def _mean_run_times(measured: Iterable[MachineLosses]) -> Mapping[int, float]:
    sums: dict[int, Elements] = {}
    for row in measured:
        sums[row.machine.id] = sums.get(row.machine.id, Elements()) + row.elements
    return {
        machine: e.pri_pq_s / e.pq for machine, e in sums.items() if e.pri_pq_s > 0 and e.pq > 0
    }
