"""KPI values of warehouses: elements of what lies there, by day of the plant that it serves.

Turns are of purchased parts in the warehouse, by value where unit costs are known, else by
quantity where all have one unit; beside each value stands which, and what is left out.
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
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.query import Question
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.inventory import MATERIALS, Inventory, inventories
from werknetz_core.kpis.scopes.scope import Part, Sums, definitions

EVERY: Final = "*"
MARK: Final = "#stock"  # the watermark that the worker counts up
_WAREHOUSES: Final = """
SELECT w.key, w.id FROM warehouses w LEFT JOIN sites s ON s.id = w.site_id
WHERE $1::int[] IS NULL OR coalesce(w.equipment_id, s.equipment_id) = ANY($1) ORDER BY w.key"""
_SUMMED: Final = """
WITH w AS (SELECT * FROM unnest($1::int[], $2::int[], $3::date[], $4::date[])
    AS w (part, n, first_day, last_day)),
p AS (SELECT p.*, coalesce(e.time_zone, se.time_zone, 'UTC') AS zone
    FROM unnest($5::int[], $6::int[], $7::text[], $8::text[]) AS p (part, id, measure, unit)
    JOIN warehouses h ON h.id = p.id LEFT JOIN equipment e ON e.id = h.equipment_id
    LEFT JOIN sites s ON s.id = h.site_id LEFT JOIN equipment se ON se.id = s.equipment_id),
each AS (SELECT w.part, w.n, d.*, extract(epoch FROM greatest(interval '0', least(
        (d.day + 1)::timestamp AT TIME ZONE p.zone, $9) - d.day::timestamp AT TIME ZONE p.zone
    ))::float8 AS expected_s,
    CASE p.measure WHEN 'quantity' THEN 1 WHEN 'value' THEN
        CASE WHEN coalesce(m.currency, '') = p.unit THEN m.unit_cost END END AS worth
    FROM w JOIN p ON p.part = w.part JOIN stock_days d ON d.warehouse_id = p.id
        AND d.day BETWEEN w.first_day AND w.last_day
    JOIN materials m ON m.id = d.material_id),
by_day AS (SELECT part, n, day, max(computed_at) AS computed_at, sum(expected_s) AS expected_s,
    sum(known_s) AS known_s, sum(stock_out_s) AS stock_out_s, sum(stock_outs) AS stock_outs,
    max(known_s) AS warehouse_s, sum(outflow * worth) AS outflow, sum(inflow * worth) AS inflow,
    sum(average * known_s * worth) AS stock_s, count(*) FILTER (WHERE worth IS NULL) AS unmeasured
    FROM each GROUP BY part, n, day)
SELECT part, n, max(computed_at) AS computed_at, sum(expected_s) AS expected_s,
    sum(known_s) AS known_s, sum(stock_out_s) AS stock_out_s, sum(stock_outs) AS stock_outs,
    sum(warehouse_s) AS warehouse_s, coalesce(sum(outflow), 0) AS outflow,
    coalesce(sum(inflow), 0) AS inflow, coalesce(sum(stock_s), 0) AS stock_s,
    sum(unmeasured)::float8 AS unmeasured
FROM by_day GROUP BY part, n"""
_COLUMNS: Final = (
    "expected_s", "known_s", "stock_out_s", "stock_outs", "warehouse_s", "outflow", "inflow",
    "stock_s", "unmeasured",
)  # fmt: skip
# Who tells of a warehouse: the connectors of the last that was heard of each item.
_CONNECTORS: Final = """
SELECT DISTINCT i.warehouse_id, b.connector_id
FROM stock_items i CROSS JOIN LATERAL (
    (SELECT event_id FROM stock_counts WHERE stock_item_id = i.id AND known_to IS NULL
        ORDER BY at DESC LIMIT 1)
    UNION ALL
    (SELECT event_id FROM stock_movements WHERE stock_item_id = i.id AND known_to IS NULL
        ORDER BY at DESC LIMIT 1)) AS told
JOIN business_events b ON b.event_id = told.event_id
WHERE i.warehouse_id = ANY($1)"""


class Warehouses:
    subject = WAREHOUSE

    async def parts(
        self, question: Question, context: AppContext, principal: Principal
    ) -> list[Part]:
        span, clock = await daily_sums.read(question, context, principal)
        rows = await context.database.fetch(_WAREHOUSES, await _plants(context, principal))
        known = {row["key"]: row["id"] for row in rows}
        names = list(known) if EVERY in question.names else question.names
        for name in names:
            if name not in known:
                raise _unknown(name, list(known))
        return [Part(name, [known[name]], span, clock) for name in names]

    async def tag(
        self, question: Question, parts: Sequence[Part], context: AppContext
    ) -> str | None:
        """Gaps and costs change the answer, too, without a mark of stock."""
        numbers = {number for part in parts for number in part.ids}
        losses = await _lost(context, numbers)
        told = await context.database.fetch(MATERIALS, sorted(numbers))
        facts = (
            definitions(question),
            question.granularity,
            question.shape,
            question.tz,
            [(p.name, tuple(p.ids), p.span.start_us, p.span.end_us) for p in parts],
            sorted(losses.items()),
            [tuple(row) for row in told],
        )
        return await context.watermarks.etag_of([MARK], facts, context.now_us())

    def windows(self, question: Question, part: Part) -> list[Window]:
        return daily_sums.windows(question, part.span, part.clock)

    async def sums(
        self,
        context: AppContext,
        parts: Sequence[tuple[Part, Sequence[Window]]],
        kpis: Sequence[Kpi],  # noqa: ARG002 - one statement has them all
    ) -> list[Mapping[int, Sums]]:
        numbers = {number for part, _ in parts for number in part.ids}
        losses = await _lost(context, numbers)
        held = inventories(await context.database.fetch(MATERIALS, list(numbers)))
        params = _asked(parts, held)
        rows = await context.database.fetch(_SUMMED, *params, instant_of(context.now_us()))
        summed: list[dict[int, Sums]] = [{} for _ in parts]
        for row in rows:
            part, windows = parts[row["part"]]
            inventory = held[part.ids[0]]
            lost = losses.get(part.ids[0], ())
            elements = StockElements(
                **{name: row[name] for name in _COLUMNS},
                lost_s=_lost_s(lost, windows[row["n"] - 1], part.clock.now_us),
            )
            summed[row["part"]][row["n"]] = Sums(
                elements, row["computed_at"], beside={"inventory": inventory.document()}
            )
        return list(summed)


def _asked(
    parts: Sequence[tuple[Part, Sequence[Window]]], held: Mapping[int, Inventory]
) -> tuple[list[Any], ...]:
    """Return the columns of the windows, and of the warehouses with how each is measured."""
    windows = [
        (number, n, window.day, daily_sums.last_day(window, part.clock))
        for number, (part, cut) in enumerate(parts)
        for n, window in enumerate(cut, start=1)
    ]
    nothing = Inventory.nothing()
    warehouses = [
        (number, id_, held.get(id_, nothing).measure, held.get(id_, nothing).unit)
        for number, (part, _) in enumerate(parts)
        for id_ in part.ids
    ]
    return (
        *([row[column] for row in windows] for column in range(4)),
        *([row[column] for row in warehouses] for column in range(4)),
    )


async def _lost(context: AppContext, warehouses: set[int]) -> dict[int, tuple[Span, ...]]:
    """Return when messages about a warehouse may have been lost; what goes on ends now."""
    telling: dict[str, set[int]] = {}
    for row in await context.database.fetch(_CONNECTORS, list(warehouses)):
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


def _lost_s(spans: Sequence[Span], window: Window, now_us: int) -> float:
    inside = clip_spans(spans, window.start_us, min(window.end_us, now_us))
    return sum(end - start for start, end in inside) / 1e6


async def _plants(context: AppContext, principal: Principal) -> list[int] | None:
    """Return the equipment whose warehouses the key may see; None: all."""
    if principal.plants is None:
        return None
    tree = await context.tree.current()
    return [node.id for node in tree.nodes.values() if principal.can_see(node.path)]


def _unknown(key: str, known: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "GET /api/v1/warehouses lists all."
    return Problem(404, "unknown_warehouse", f"There is no warehouse {key!r}.", hint)
