"""KPI values of warehouses: sums over their materials, by day of the plant that they serve.

Turns are of purchased parts in the warehouse: by value if unit costs are known, else by quantity
if all have the same unit. Each value has a field that says which, and what is left out.
"""

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
from werknetz.store.kpis.kpi_sums import (
    CONNECTORS_OF_WAREHOUSES,
    MATERIALS_OF_WAREHOUSES,
    WAREHOUSE_IDS,
    WAREHOUSE_SUMS,
)
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.inventory import InventoryMeasure, inventory_measures
from werknetz_core.kpis.scopes.scope import (
    QueryTarget,
    WindowSums,
    columns_of_rows,
    definition_versions,
    unknown_target,
    window_rows,
)

ALL: Final = "*"
WATERMARK: Final = "#stock"  # name of the watermark that the worker increments
_COLUMNS: Final = (
    "expected_s", "known_s", "stock_out_s", "stock_outs", "warehouse_s", "outflow", "inflow",
    "stock_s", "unmeasured",
)  # fmt: skip


class WarehouseScope:
    subject = WAREHOUSE

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        tree = await context.tree.current()
        span, time = await daily_sums.parse_times(query, context, principal)
        rows = await context.database.fetch(WAREHOUSE_IDS, tree.visible_ids(principal))
        ids = {row["key"]: row["id"] for row in rows}
        names = list(ids) if ALL in query.names else query.names
        for name in names:
            if name not in ids:
                raise unknown_target("warehouse", name, list(ids))
        return [QueryTarget(name, [ids[name]], span, time) for name in names]

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Include gaps and costs: they change the values without a change of the watermark."""
        ids = {id_ for target in targets for id_ in target.ids}
        lost_spans = await _load_lost_spans(context, ids)
        materials = await context.database.fetch(MATERIALS_OF_WAREHOUSES, sorted(ids))
        facts = (
            definition_versions(query),
            query.granularity,
            query.list_params,
            query.tz,
            [(p.name, tuple(p.ids), p.span.start_us, p.span.end_us) for p in targets],
            sorted(lost_spans.items()),
            [tuple(row) for row in materials],
        )
        return await context.watermarks.etag_of([WATERMARK], facts, context.now_us())

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return daily_sums.windows_of_days(query, target.span, target.time)

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],  # noqa: ARG002 - one statement serves all KPIs
    ) -> list[Mapping[int, WindowSums]]:
        ids = {id_ for target, _ in targets for id_ in target.ids}
        lost_spans = await _load_lost_spans(context, ids)
        materials = await context.database.fetch(MATERIALS_OF_WAREHOUSES, list(ids))
        measures = inventory_measures(materials)
        arguments = _statement_arguments(targets, measures)
        rows = await context.database.fetch(
            WAREHOUSE_SUMS, *arguments, instant_of(context.now_us())
        )
        summed: list[dict[int, WindowSums]] = [{} for _ in targets]
        for row in rows:
            target, windows = targets[row["part"]]
            inventory = measures[target.ids[0]]
            lost = lost_spans.get(target.ids[0], ())
            elements = StockElements(
                **{name: row[name] for name in _COLUMNS},
                lost_s=_overlap_s(lost, windows[row["n"] - 1], target.time.now_us),
            )
            summed[row["part"]][row["n"]] = WindowSums(
                elements, row["computed_at"], extra_fields={"inventory": inventory.to_document()}
            )
        return list(summed)


def _statement_arguments(
    targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
    measures: Mapping[int, InventoryMeasure],
) -> list[list[Any]]:
    """Return the columns of windows and of warehouses with their measure."""
    none = InventoryMeasure.none()
    warehouses = []
    for number, (target, _) in enumerate(targets):
        for id_ in target.ids:
            measure = measures.get(id_, none)
            warehouses.append((number, id_, measure.measure, measure.unit))
    return [*columns_of_rows(window_rows(targets), 4), *columns_of_rows(warehouses, 4)]


async def _load_lost_spans(
    context: AppContext, warehouses: set[int]
) -> dict[int, tuple[Span, ...]]:
    """Return when messages about a warehouse may be lost; a gap that is open ends now."""
    warehouses_of: dict[str, set[int]] = {}
    for row in await context.database.fetch(CONNECTORS_OF_WAREHOUSES, list(warehouses)):
        warehouses_of.setdefault(row["connector_id"], set()).add(row["warehouse_id"])
    spans_of: dict[int, list[Span]] = {}
    for row in await context.database.fetch(LOST_MESSAGES, sorted(warehouses_of)):
        if gap_kind_of(row["cause"], is_listed=False) is None:
            continue
        end_us = context.now_us() if row["end_at"] is None else microseconds_of(row["end_at"])
        for warehouse in warehouses_of[row["connector_id"]]:
            spans_of.setdefault(warehouse, []).append((microseconds_of(row["start_at"]), end_us))
    return {
        warehouse: tuple(merge_spans(span for span in spans if span[0] < span[1]))
        for warehouse, spans in spans_of.items()
    }


def _overlap_s(spans: Sequence[Span], window: Window, now_us: int) -> float:
    inside = clip_spans(spans, window.start_us, min(window.end_us, now_us))
    return sum(end - start for start, end in inside) / 1e6
