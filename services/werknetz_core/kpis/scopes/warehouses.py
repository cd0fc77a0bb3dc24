"""KPI values of warehouses: elements of what lies there, by day of the plant that it serves.

Turns are of purchased targets in the warehouse, by value where unit costs are known, else by
quantity where all have one unit; extra_fields each value stands which, and what is left out.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.window import Window
from werknetz.kpi.data_gaps import gap_kind_of
from werknetz.kpi.definition import Kpi
from werknetz.kpi.stock.elements import StockElements
from werknetz.kpi.stock.formulas import WAREHOUSE
from werknetz.kpi.stock.plan import Span, clip_spans
from werknetz.kpi.stock.supply_caused import merge_spans
from werknetz.store.gaps import LOST_MESSAGES
from werknetz.store.queries.kpi_sums import (
    CONNECTORS_OF_WAREHOUSES,
    MATERIALS_OF_WAREHOUSES,
    WAREHOUSE_IDS,
    WAREHOUSE_SUMS,
)
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.inventory import InventoryMeasure, inventory_measures
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums, definition_versions

ALL: Final = "*"
WATERMARK: Final = "#stock"  # the watermark that the worker counts up
_COLUMNS: Final = (
    "expected_s", "known_s", "stock_out_s", "stock_outs", "warehouse_s", "outflow", "inflow",
    "stock_s", "unmeasured",
)  # fmt: skip


class WarehouseScope:
    subject = WAREHOUSE

    async def targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        span, time = await daily_sums.read(query, context, principal)
        rows = await context.database.fetch(WAREHOUSE_IDS, await _plants(context, principal))
        known = {row["key"]: row["id"] for row in rows}
        names = list(known) if ALL in query.names else query.names
        for name in names:
            if name not in known:
                raise _unknown_key(name, list(known))
        return [QueryTarget(name, [known[name]], span, time) for name in names]

    async def tag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Gaps and costs change the answer, too, without a mark of stock."""
        numbers = {number for target in targets for number in target.ids}
        losses = await _load_lost_spans(context, numbers)
        told = await context.database.fetch(MATERIALS_OF_WAREHOUSES, sorted(numbers))
        facts = (
            definition_versions(query),
            query.granularity,
            query.list_params,
            query.tz,
            [(p.name, tuple(p.ids), p.span.start_us, p.span.end_us) for p in targets],
            sorted(losses.items()),
            [tuple(row) for row in told],
        )
        return await context.watermarks.etag_of([WATERMARK], facts, context.now_us())

    def windows(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return daily_sums.windows(query, target.span, target.time)

    async def sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],  # noqa: ARG002 - one statement has them all
    ) -> list[Mapping[int, WindowSums]]:
        numbers = {number for target, _ in targets for number in target.ids}
        losses = await _load_lost_spans(context, numbers)
        held = inventory_measures(
            await context.database.fetch(MATERIALS_OF_WAREHOUSES, list(numbers))
        )
        params = _statement_arguments(targets, held)
        rows = await context.database.fetch(WAREHOUSE_SUMS, *params, instant_of(context.now_us()))
        summed: list[dict[int, WindowSums]] = [{} for _ in targets]
        for row in rows:
            target, windows = targets[row["part"]]
            inventory = held[target.ids[0]]
            lost = losses.get(target.ids[0], ())
            elements = StockElements(
                **{name: row[name] for name in _COLUMNS},
                lost_s=_seconds_lost(lost, windows[row["n"] - 1], target.time.now_us),
            )
            summed[row["part"]][row["n"]] = WindowSums(
                elements, row["computed_at"], extra_fields={"inventory": inventory.document()}
            )
        return list(summed)


def _statement_arguments(
    targets: Sequence[tuple[QueryTarget, Sequence[Window]]], held: Mapping[int, InventoryMeasure]
) -> tuple[list[Any], ...]:
    """Return the columns of the windows, and of the warehouses with how each is measured."""
    windows = [
        (number, n, window.day, daily_sums.last_day(window, target.time))
        for number, (target, cut) in enumerate(targets)
        for n, window in enumerate(cut, start=1)
    ]
    nothing = InventoryMeasure.nothing()
    warehouses = [
        (number, id_, held.get(id_, nothing).measure, held.get(id_, nothing).unit)
        for number, (target, _) in enumerate(targets)
        for id_ in target.ids
    ]
    return (
        *([row[column] for row in windows] for column in range(4)),
        *([row[column] for row in warehouses] for column in range(4)),
    )


async def _load_lost_spans(
    context: AppContext, warehouses: set[int]
) -> dict[int, tuple[Span, ...]]:
    """Return when messages about a warehouse may have been lost; what goes on ends now."""
    telling: dict[str, set[int]] = {}
    for row in await context.database.fetch(CONNECTORS_OF_WAREHOUSES, list(warehouses)):
        telling.setdefault(row["connector_id"], set()).add(row["warehouse_id"])
    found: dict[int, list[Span]] = {}
    for row in await context.database.fetch(LOST_MESSAGES, sorted(telling)):
        if gap_kind_of(row["cause"], is_listed=False) is None:
            continue
        end_us = context.now_us() if row["end_at"] is None else microseconds_of(row["end_at"])
        for warehouse in telling[row["connector_id"]]:
            found.setdefault(warehouse, []).append((microseconds_of(row["start_at"]), end_us))
    return {
        warehouse: tuple(merge_spans(span for span in spans if span[0] < span[1]))
        for warehouse, spans in found.items()
    }


def _seconds_lost(spans: Sequence[Span], window: Window, now_us: int) -> float:
    inside = clip_spans(spans, window.start_us, min(window.end_us, now_us))
    return sum(end - start for start, end in inside) / 1e6


async def _plants(context: AppContext, principal: Principal) -> list[int] | None:
    """Return the equipment whose warehouses the key may see; None: all."""
    if principal.plants is None:
        return None
    tree = await context.tree.current()
    return [node.id for node in tree.nodes.values() if principal.can_see(node.path)]


def _unknown_key(key: str, known: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "GET /api/v1/warehouses lists all."
    return Problem(404, "unknown_warehouse", f"There is no warehouse {key!r}.", hint)
