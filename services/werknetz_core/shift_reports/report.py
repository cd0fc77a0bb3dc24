"""Builds a shift report: target and actual, orders, stops, scrap, notes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.losses.shares import limit_reported
from werknetz.store.shop_floor.quantities import SCRAP_BY_REASON
from werknetz.store.shop_floor.shift_reports import (
    NOTES_IN_SPAN,
    ORDERS_IN_SPAN,
    SIGNATURES_OF_REPORT,
)
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import (
    TimeContext,
    UtcSpan,
    format_local,
    format_utc,
    shift_fields,
)
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.values.compute import compute_values, find_targets, plan_values
from werknetz_core.kpis.values.schemas import KpiQueryBody
from werknetz_core.loss_times.reasons import load_scrap_reasons
from werknetz_core.loss_times.shares import load_reported_scrap
from werknetz_core.reasons.loading import load_reasons, plant_of
from werknetz_core.shift_reports.contents import (
    report_digest,
    section_digests_of,
    signature_views,
)
from werknetz_core.shift_reports.order_quantities import NO_QUANTITIES, load_order_quantities
from werknetz_core.stops.loading import MachineStop, load_stops
from werknetz_core.stops.views import stop_item

KPIS: Final = (
    "oee",
    "availability",
    "effectiveness",
    "quality_ratio",
    "scrap_ratio",
    "rework_ratio",
)
TOP_STOPS: Final = 5
_NO_NAMES: Final = (None, None)
Document = dict[str, Any]


async def build_report(
    context: AppContext, node: EquipmentNode, span: UtcSpan, time: TimeContext, by: Principal
) -> Document:
    """Return a ShiftReportView as a document."""
    tree = await context.tree.current()
    ids = tree.ids_below[node.path]
    instants = (instant_of(span.start_us), instant_of(span.end_us))
    values = await _load_values(context, node, span, by)
    stops = await load_stops(context, ids, span.start_us, span.end_us)
    orders = [dict(row) for row in await context.database.fetch(ORDERS_IN_SPAN, ids, *instants)]
    notes = [dict(row) for row in await context.database.fetch(NOTES_IN_SPAN, ids, *instants)]
    counts = _counts_of(values)
    quantities = await load_order_quantities(context.database, ids, span)
    for order in orders:
        for name in ("producing_s", "setup_s", "lost_s"):
            order[name] = order[name] or 0.0
        key = (order.pop("equipment_id"), order["order_number"])
        order.update(quantities.get(key, NO_QUANTITIES))
    report: Document = {
        "equipment": node.path,
        "start": format_local(span.start_us, time.zone),
        "end": format_local(span.end_us, time.zone),
        "time_zone": time.zone.key,
        "as_of": format_local(time.now_us, time.zone),
        "computed_at": max(
            (value["computed_at"] for value in values if value["computed_at"] is not None),
            default=None,
        ),
        "shift": _shift_of(span, time),
        "provisional": any(value["provisional"] for value in values),
        "kpis": [
            {name: value[name] for name in ("kpi", "value", "reason", "unit", "coverage")}
            for value in values
        ],
        "counts": counts,
        "orders": orders,
        **_stop_fields(stops, span),
        "scrap_reasons": await _scrap_reasons(context, node, ids, instants, counts["scrap"]),
        "notes": notes,
        "no_data": not (orders or stops or any(v["value"] is not None for v in values)),
    }
    sections = section_digests_of(report)
    signatures = await context.database.fetch(SIGNATURES_OF_REPORT, node.id, *instants)
    return report | {
        "digest": report_digest(node.path, span.start_us, span.end_us, sections),
        "signatures": signature_views(map(dict, signatures), sections),
    }


async def _load_values(
    context: AppContext, node: EquipmentNode, span: UtcSpan, by: Principal
) -> list[Document]:
    body = KpiQueryBody(
        equipment=[node.path], kpi=list(KPIS), start=format_utc(span.start_us),
        end=format_utc(span.end_us),
    )  # fmt: skip
    query = KpiQuery.from_body(body)
    targets = await find_targets(query, context, by)
    items = (await compute_values(await plan_values(query, targets), context))["items"]
    assert isinstance(items, list)  # noqa: S101 - narrows what `compute_values` returns
    return items


def _counts_of(values: Sequence[Document]) -> Document:
    """Return the counts that the KPIs were computed from, and what OEE 100 % would have given."""
    inputs: Document = {}
    for value in values:
        inputs |= {name: n for name, n in value["inputs"].items() if n is not None}
    oee = next((value["value"] for value in values if value["kpi"] == "oee"), None)
    good = inputs.get("gq")
    return {
        "produced": inputs.get("pq"),
        "good": good,
        "scrap": inputs.get("sq"),
        "rework": inputs.get("rq"),
        "target": good / oee if good is not None and oee else None,
    }


def _shift_of(span: UtcSpan, time: TimeContext) -> Document | None:
    """Return the shift that the span is; None: it is none, or several."""
    shift = span.shift
    if shift is None and time.calendar is not None:
        shifts = time.calendar.shifts_between(span.start_us, span.end_us)
        same = [s for s in shifts if (s.start_us, s.end_us) == (span.start_us, span.end_us)]
        shift = same[0] if same else None
    return shift_fields(shift, time)


def _stop_fields(stops: Sequence[MachineStop], span: UtcSpan) -> Document:
    lost_s = {item.id: item.stop.lost_within_s(span.start_us, span.end_us) for item in stops}
    lost = [item for item in stops if lost_s[item.id] > 0]
    longer = [item for item in lost if not item.stop.is_minor]
    longest_first = sorted(longer, key=lambda item: (-lost_s[item.id], item.stop.start_us))
    whole_s = sum(lost_s[item.id] for item in lost)
    untagged_s = sum(lost_s[item.id] for item in lost if item.reason_code is None)
    return {
        "top_stops": [stop_item(item, span) for item in longest_first[:TOP_STOPS]],
        "stops": len(longer),
        "minor_stops": {
            "count": len(lost) - len(longer),
            "lost_s": sum(lost_s[item.id] for item in lost if item.stop.is_minor),
        },
        "lost_s": whole_s,
        "untagged_s": untagged_s,
        "untagged_share": untagged_s / whole_s if whole_s else None,
    }


async def _scrap_reasons(
    context: AppContext,
    node: EquipmentNode,
    ids: Sequence[int],
    instants: tuple[Any, Any],
    scrap: float | None,
) -> list[Document]:
    """Return the scrap by reason as people entered it, else as systems report it; or by none."""
    reasons = await load_reasons(context.database)
    available = reasons.of_plant(plant_of(await context.tree.current(), node.path))
    names: dict[str | None, tuple[str | None, str | None]] = {
        code: (reason.name_en, reason.name_de) for code, reason in available.items()
    }
    rows = await context.database.fetch(SCRAP_BY_REASON, list(ids), *instants)
    quantities: dict[str | None, float] = {row["reason"]: row["quantity"] for row in rows}
    if scrap is not None:
        quantities[None] = scrap - sum(n for code, n in quantities.items() if code is not None)
        for code, quantity in await _reported_scrap(context, ids, instants, quantities[None]):
            quantities[code] = quantities.get(code, 0.0) + quantity
            quantities[None] -= quantity
    return [
        {
            "reason": code,
            "name_en": names.get(code, _NO_NAMES)[0],
            "name_de": names.get(code, _NO_NAMES)[1],
            "quantity": quantity,
        }
        for code, quantity in sorted(quantities.items(), key=lambda item: (-item[1], item[0] or ""))
        if quantity
    ]


async def _reported_scrap(
    context: AppContext, ids: Sequence[int], instants: tuple[Any, Any], left: float
) -> list[tuple[str, float]]:
    """Return the scrap that systems report by reason, of what is left of the counted scrap."""
    tree = await context.tree.current()
    paths = {node.id: node.path for node in tree.nodes.values()}
    windows = [instants[0]], [instants[1]]
    async with context.database.acquire() as connection:
        reported = await load_reported_scrap(connection, ids, windows)
        reasons = await load_scrap_reasons(connection)
    parts = [
        replace(part, code=reasons.reason_of(paths[machine], part.code))
        for (machine, _), of_machine in sorted(reported.items())
        for part in of_machine
    ]
    return [(part.code, part.quantity) for part in limit_reported(parts, left)]
