"""What targets read when they are measured."""

from collections.abc import Iterable

from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.limits.reading import reads_of_machines
from werknetz_core.limits.weight import Reads
from werknetz_core.targets.report import StoredTarget
from werknetz_core.targets.scope import nodes_of
from werknetz_core.targets.series import periods_of


def reads_of_targets(targets: Iterable[StoredTarget], now_us: int) -> Reads:
    """Return what their state reads: a value for each period since their baseline began."""
    return Reads(values=sum(1 + len(periods_of(t.definition, now_us)) for t in targets))


async def reads_of_details(
    context: AppContext, tree: EquipmentTree, target: StoredTarget, now_us: int
) -> Reads:
    """Return what the details of a target read: also the losses of its machines since then."""
    machines = len(nodes_of(tree, target.definition))
    start_us = target.definition.baseline.start_us
    losses = await reads_of_machines(context, machines, start_us, now_us)
    return reads_of_targets([target], now_us) + losses
