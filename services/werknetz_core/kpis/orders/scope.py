"""KPI values of production orders: sums over the time of the order at all its machines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.orders.formulas import ORDER
from werknetz.kpi.orders.routing import MachineRun, operations_in_sequence, order_elements_of
from werknetz.store.kpis.order_sums import order_sums
from werknetz.store.kpis.products import PRODUCTS_OF_ORDERS
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.kpi_catalogue import require_level
from werknetz_core.context.time_spec import TimeContext, UtcSpan, format_local, parse_span
from werknetz_core.context.windows import time_context_of, windows_of
from werknetz_core.kpis.orders.lookup import FoundOrder, OrderTarget, find_order
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.scope import (
    QueryTarget,
    WindowSums,
    columns_of_rows,
    definition_versions,
)

_ALL_NAMES = frozenset(ELEMENT_NAMES)
Document = dict[str, Any]


class OrderScope:
    subject = ORDER

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        for kpi in query.kpis:
            require_level(kpi, ORDER.name)
        targets: list[QueryTarget] = []
        for name in query.names:
            order = await find_order(name, context, principal)
            tree = await context.tree.current()
            time = time_context_of(context, tree, tree.nodes[order.plant], query.tz)
            ids = [run.equipment_id for run in order.runs]
            span = _span_of(query, order, time)
            targets.append(OrderTarget(name, ids, span, time, number=order.number, runs=order.runs))
        return targets

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        tree = await context.tree.current()
        paths = sorted(path for target in targets for path in _paths_of(tree, target).values())
        if not paths:
            return None
        spans = [(t.name, t.span.start_us, t.span.end_us, _runs_of(t)) for t in targets]
        facts = (
            tree.version,
            definition_versions(query),
            query.granularity,
            query.divisor.value,
            query.list_params,
            [target.time.zone.key for target in targets],
            spans,
        )
        return await context.watermarks.etag_of(paths, facts, targets[0].time.now_us)

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return windows_of(query.granularity, target.span, target.time)

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],  # noqa: ARG002 - the machines of an order show all elements
    ) -> list[Mapping[int, WindowSums]]:
        tree = await context.tree.current()
        summed: list[Mapping[int, WindowSums]] = []
        for target, windows in targets:
            assert isinstance(target, OrderTarget)  # noqa: S101 - narrows, as below
            by_window = await load_order_rows(context, target, windows)
            product = await _load_product(context, target)
            summed.append(
                {
                    n: _window_sums(tree, target, window, by_window.get(n, []), product)
                    for n, window in enumerate(windows, start=1)
                    if by_window.get(n)
                }
            )
        return summed


def _span_of(query: KpiQuery, order: FoundOrder, time: TimeContext) -> UtcSpan:
    """Return the span of the query; without a start, it begins and ends with the order."""
    if query.start:
        return parse_span(query.start, query.end, time).to_buckets()
    if not order.runs:
        return UtcSpan(time.now_us, time.now_us + 1).to_buckets()
    start_us = min(run.start_us for run in order.runs)
    if query.end is not None:
        text = instant_of(start_us).isoformat()
        return parse_span(text, query.end, time).to_buckets()
    return UtcSpan(start_us, max(run.end_us for run in order.runs)).to_buckets()


def _runs_of(target: QueryTarget) -> tuple[MachineRun, ...]:
    assert isinstance(target, OrderTarget)  # noqa: S101 - narrows what `load_targets` returns
    return target.runs


def _paths_of(tree: EquipmentTree, target: QueryTarget) -> dict[int, str]:
    ids = set(target.ids)
    return {node.id: node.path for node in tree.nodes.values() if node.id in ids}


async def load_order_rows(
    context: AppContext, target: OrderTarget, windows: Sequence[Window]
) -> dict[int, list[asyncpg.Record]]:
    """Return the elements of each machine of the order, by the number of the window."""
    spans = [
        (0, n, instant_of(window.start_us), instant_of(window.end_us))
        for n, window in enumerate(windows, start=1)
    ]
    machines = [(0, id_) for id_ in target.ids]
    rows = await context.database.fetch(
        order_sums(_ALL_NAMES), *columns_of_rows(spans, 4), *columns_of_rows(machines, 2),
        target.number,
    )  # fmt: skip
    by_window: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        by_window.setdefault(row["n"], []).append(row)
    return by_window


async def _load_product(context: AppContext, target: OrderTarget) -> str | None:
    rows = await context.database.fetch(
        PRODUCTS_OF_ORDERS, list(target.ids), [target.number] * len(target.ids)
    )
    return next((row["product"] for row in rows if row["product"]), None)


def _window_sums(
    tree: EquipmentTree,
    target: QueryTarget,
    window: Window,
    rows: Sequence[asyncpg.Record],
    product: str | None,
) -> WindowSums:
    runs = _runs_of(target)
    of_machines = {row["equipment_id"]: Elements.of(row) for row in rows}
    elements = order_elements_of(runs, of_machines, (window.start_us, window.end_us))
    sequence = operations_in_sequence(runs)
    paths = _paths_of(tree, target)
    zone = target.time.zone
    is_running = any(run.is_running for run in runs)
    order_run = {
        "product": product,
        "start": format_local(min(run.start_us for run in runs), zone),
        "end": None if is_running else format_local(max(run.end_us for run in runs), zone),
        "aoet_s": elements.aoet_s,
        "first_operation": sequence[0] or None,
        "last_operation": sequence[-1] or None,
        "machines": [
            _machine(paths[run.equipment_id], run, of_machines[run.equipment_id], target.time)
            for run in sorted(runs, key=lambda run: (run.start_us, paths[run.equipment_id]))
            if run.equipment_id in of_machines
        ],
    }
    computed: list[datetime] = [row["computed_at"] for row in rows]
    is_provisional = is_running or any(row["provisional"] for row in rows)
    return WindowSums(elements, max(computed), is_provisional, {"order_run": order_run})


def _machine(path: str, run: MachineRun, elements: Elements, time: TimeContext) -> Document:
    counts = {"produced": "pq", "good": "gq", "scrap": "sq", "rework": "rq"}
    return {
        "equipment": path,
        "operations": list(run.operations),
        "start": format_local(run.start_us, time.zone),
        "end": None if run.is_running else format_local(run.end_us, time.zone),
        **{name: getattr(elements, name) for name in ("apt_s", "aust_s", "adet_s", "aubt_s")},
        "unknown_s": elements.unknown_s,
        **{count: elements.find_reported(name) for count, name in counts.items()},
    }
