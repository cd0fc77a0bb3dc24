"""Finds the order that a query names: its plant, its machines and when it ran at each."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.path import EquipmentPath
from werknetz.kpi.orders.routing import MachineRun
from werknetz.store.kpis.order_sums import EQUIPMENT_OF_ORDER, ORDER_NUMBERS, RUNS_OF_ORDER
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.kpis.scopes.scope import QueryTarget

SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class FoundOrder:
    number: str
    plant: str  # its path
    runs: tuple[MachineRun, ...]


@dataclass(frozen=True, slots=True)
class OrderTarget(QueryTarget):
    number: str = ""
    runs: tuple[MachineRun, ...] = ()


async def find_order(name: str, context: AppContext, principal: Principal) -> FoundOrder:
    """Find an order by its number, or by plant:number; plants may use the same numbers."""
    tree = await context.tree.current()
    path, separator, rest = name.partition(SEPARATOR)
    node = tree.nodes.get(path) if separator else None
    number, ids = name, tree.visible_ids(principal)
    if node is not None and principal.can_see(node.path):
        number, ids = rest, list(tree.ids_below.get(node.path, []))
    rows = await context.database.fetch(RUNS_OF_ORDER, number, ids)
    runs = [
        MachineRun(
            row["equipment_id"], microseconds_of(row["start_at"]), microseconds_of(row["end_at"]),
            tuple(row["operations"]), row["is_running"],
        )
        for row in rows
        if row["start_at"] is not None and row["end_at"] is not None
    ]  # fmt: skip
    machines = [run.equipment_id for run in runs] or [
        row[0] for row in await context.database.fetch(EQUIPMENT_OF_ORDER, number, ids)
    ]
    if not machines:
        raise await _unknown_order(context, number, ids)
    return FoundOrder(number, _plant_of(tree, machines, number), tuple(runs))


def _plant_of(tree: EquipmentTree, ids: Sequence[int], number: str) -> str:
    path_of = {node.id: node.path for node in tree.nodes.values()}
    plants = sorted({plant_path(path_of[id_]) for id_ in ids if id_ in path_of})
    if len(plants) == 1:
        return plants[0]
    raise invalid_parameter(
        "order",
        Sentence("kpis.order_of_several_plants", number=number, plants=len(plants)),
        Sentence(
            "kpis.name_the_plant", names=[f"order={p}{SEPARATOR}{number}" for p in plants[:3]]
        ),
    )


def plant_path(path: str) -> str:
    """Return the path of the plant of an equipment; above plants, its own."""
    ancestors = EquipmentPath.parse(path).ancestors()
    return next((str(ancestor) for ancestor in ancestors if ancestor.level == "plant"), path)


async def _unknown_order(context: AppContext, number: str, ids: Sequence[int] | None) -> Problem:
    numbers = [row[0] for row in await context.database.fetch(ORDER_NUMBERS, ids)]
    near = difflib.get_close_matches(number, numbers, n=3, cutoff=0.5)
    hint = Sentence("requests.did_you_mean", near=[*near]) if near else Sentence("kpis.list_orders")
    return Problem(404, "unknown_order", Sentence("kpis.unknown_order", number=number), hint)
