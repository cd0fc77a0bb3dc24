"""The elements behind a value: of each machine, and of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.orders.routing import order_elements_of
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.kpis.explanation.trace import TraceSpan, load_sums_by_machine
from werknetz_core.kpis.orders.lookup import OrderTarget
from werknetz_core.kpis.orders.scope import load_order_rows
from werknetz_core.kpis.scopes.facts import FACT_NAMES, FactQuery, FactSums, load_fact_sums
from werknetz_core.kpis.scopes.scope import QueryTarget

MACHINES_MAX = 25
_ALL = 0  # no machine has this id: the facts of the whole target


@dataclass(frozen=True, slots=True)
class ExplainedParts:
    """By equipment id, in the order of paths. `machines` has the first of them."""

    paths: Mapping[int, str]
    sums: Mapping[int, Elements]
    machines: Mapping[int, Elements]  # what the formula is computed from
    total: Elements
    order_number: str | None = None


async def load_parts(
    context: AppContext, tree: EquipmentTree, target: QueryTarget, kpi: Kpi
) -> ExplainedParts:
    if isinstance(target, OrderTarget):
        return await _load_parts_of_order(context, tree, target)
    as_of = None if target.as_of_us is None else instant_of(target.as_of_us)
    span = TraceSpan(instant_of(target.span.start_us), instant_of(target.span.end_us), as_of)
    rows = await load_sums_by_machine(context.database, target.ids, span)
    paths = _paths_of(tree, rows)
    shown = list(paths)[:MACHINES_MAX]
    facts = await _load_facts(context, target, kpi, shown)
    total = EquipmentElements.sum(_with_facts(row) for row in rows.values())
    return ExplainedParts(
        paths,
        {id_: Elements.of(rows[id_]) for id_ in paths},
        {id_: _with_facts(rows[id_], facts.get(id_)) for id_ in shown},
        replace(total, **facts.get(_ALL, {})),
    )


async def _load_parts_of_order(
    context: AppContext, tree: EquipmentTree, target: OrderTarget
) -> ExplainedParts:
    bounds = (target.span.start_us, target.span.end_us)
    window = Window(*bounds, instant_of(bounds[0]).date())
    by_window = await load_order_rows(context, target, [window])
    rows = {row["equipment_id"]: row for row in by_window.get(1, [])}
    sums = {id_: Elements.of(rows[id_]) for id_ in _paths_of(tree, rows)}
    runs = {run.equipment_id: run for run in target.runs}
    return ExplainedParts(
        _paths_of(tree, rows),
        sums,
        {
            id_: order_elements_of([runs[id_]], {id_: elements}, bounds)
            for id_, elements in list(sums.items())[:MACHINES_MAX]
        },
        order_elements_of(target.runs, sums, bounds),
        target.number,
    )


def _paths_of(tree: EquipmentTree, rows: Mapping[int, asyncpg.Record]) -> dict[int, str]:
    nodes = sorted(tree.nodes.values(), key=lambda node: node.path)
    return {node.id: node.path for node in nodes if node.id in rows}


async def _load_facts(
    context: AppContext, target: QueryTarget, kpi: Kpi, machine_ids: list[int]
) -> FactSums:
    """Return the fact elements of the KPI by machine, and those of the whole target."""
    names = FACT_NAMES.intersection(kpi.inputs)
    if not names:
        return {}
    start_us, end_us = target.span.start_us, target.span.end_us
    window = Window(start_us, end_us, instant_of(start_us).date())
    facts: FactSums = {}
    as_of = None if target.as_of_us is None else instant_of(target.as_of_us)
    async with context.database.acquire() as connection:
        for key, ids in ((_ALL, target.ids), *((id_, [id_]) for id_ in machine_ids)):
            query = FactQuery(ids, [window], target.time.now_us, as_of)
            facts[key] = (await load_fact_sums(connection, query, names)).get(1, {})
    return facts


def _with_facts(row: asyncpg.Record, facts: Mapping[str, float] | None = None) -> EquipmentElements:
    stored = {name: float(row[name] or 0.0) for name in ELEMENT_NAMES}
    return EquipmentElements(**stored, **(facts or {}))
