"""A comparison as a document: values, comparability, trust, ranks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.definition import Kpi, Trend
from werknetz.kpi.elements import Elements
from werknetz.kpi.targets.comparability import (
    LIMITS,
    Comparability,
    ComparedEquipment,
    ProductFamily,
    compare,
)
from werknetz.store.kpis.products import RUN_TIME_BY_PRODUCT
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import write_text
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.measure import MachineLosses, measure_losses
from werknetz_core.loss_times.reasons import load_reason_lookup
from werknetz_core.texts.reasons import write_reason

Document = dict[str, Any]
Families = Mapping[int, Mapping[ProductFamily | None, float]]
"""Run time in seconds by machine and family; None: no product is known."""
_WEEK_US: Final = 7 * 86_400_000_000
_PLAN_KNOWN_MIN: Final = 0.9
PRODUCTS_MAX: Final = 50
"""So many families and materials of an equipment are named."""


@dataclass(frozen=True, slots=True)
class ComparisonQuery:
    nodes: Sequence[EquipmentNode]
    kpi: Kpi
    span: UtcSpan
    ignored: frozenset[str]
    now_us: int


async def compare_equipment(
    connection: ReadConnection, tree: EquipmentTree, query: ComparisonQuery
) -> list[Document]:
    """Return ComparisonItemViews as documents, the best first, those without a rank last."""
    machines = [n for node in query.nodes for n in tree.subtree(node.path)]
    measured = await measure_losses(
        connection, tree, machines, [query.span], query.now_us, with_causes=False
    )
    lookup = await load_reason_lookup(connection, machines, query.span.end_us)
    families = await _load_families(connection, [node.id for node in machines], query.span)
    rows = {
        node.path: [m for m in measured.machines if _is_within(m.machine.path, node.path)]
        for node in query.nodes
    }
    compared = [
        _compared_equipment(node, rows[node.path], query, lookup.minor_stop_s, families)
        for node in query.nodes
    ]
    by_name = {equipment.name: equipment for equipment in compared}
    ranked = compare(compared, is_up=query.kpi.trend is Trend.UP, ignored=query.ignored)
    return [_item(c, by_name[c.name], rows[c.name], query) for c in ranked]


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _compared_equipment(
    node: EquipmentNode,
    rows: Sequence[MachineLosses],
    query: ComparisonQuery,
    minor_stop_s: Mapping[int, float],
    families: Families,
) -> ComparedEquipment:
    e = Elements.sum(row.elements for row in rows)
    family: dict[ProductFamily | None, float] = defaultdict(float)
    for row in rows:
        for name, seconds in families.get(row.machine.id, {}).items():
            family[name] += seconds
    thresholds = sorted({minor_stop_s[row.machine.id] for row in rows})
    return ComparedEquipment(
        node.path,
        query.kpi.compute(e)[0] if rows else None,
        dict(family),
        {"version": query.kpi.version, "minor_stop_s": thresholds},
        e.judged_s / e.pbt_s if e.pbt_s > 0 else None,
        _planned_hours_a_week(e),
        e.coverage,
        e.late_share,
    )


def _planned_hours_a_week(e: Elements) -> float | None:
    """Return the planned hours of a machine a week; None: there is no shift calendar."""
    if e.calendar_s <= 0 or e.plan_known_s < _PLAN_KNOWN_MIN * e.calendar_s:
        return None
    return e.pot_s / e.calendar_s * _WEEK_US / 3.6e9


async def _load_families(connection: ReadConnection, ids: Sequence[int], span: UtcSpan) -> Families:
    rows = await connection.fetch(
        RUN_TIME_BY_PRODUCT, list(ids), instant_of(span.start_us), instant_of(span.end_us)
    )
    families: dict[int, dict[ProductFamily | None, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        family = _family_of(row["product"], row["product_family"])
        families[row["equipment_id"]][family] += row["run_s"]
    return families


def _family_of(product: str | None, family: str | None) -> ProductFamily | None:
    if product is None:
        return None
    return ProductFamily(product, is_material=True) if family is None else ProductFamily(family)


def _product_fields(equipment: ComparedEquipment) -> Document:
    """Return what the equipment makes: families with their shares, and what is not known."""
    shares = equipment.known_family_s.items()
    run_s = equipment.run_s
    longest_first = sorted(shares, key=lambda item: (-item[1], item[0]))
    return {
        "product_unknown_share": equipment.unknown_product_share,
        "products": [
            {
                "product_family": None if family.is_material else family.name,
                "material": family.name if family.is_material else None,
                "share": seconds / run_s,
            }
            for family, seconds in longest_first[:PRODUCTS_MAX]
        ],
        "materials_without_family": _without_family(family for family, _ in longest_first),
    }


def _without_family(families: Iterable[ProductFamily]) -> list[str]:
    return sorted(family.name for family in families if family.is_material)[:PRODUCTS_MAX]


def _item(
    comparability: Comparability,
    equipment: ComparedEquipment,
    rows: Sequence[MachineLosses],
    query: ComparisonQuery,
) -> Document:
    reason = None
    if equipment.value is None:
        total = Elements.sum(row.elements for row in rows)
        reason = query.kpi.compute(total)[1] if rows else "no data"
    return {
        "equipment": comparability.name,
        "rank": comparability.rank,
        "value": equipment.value,
        "value_reason": write_reason(reason),
        "comparable": comparability.is_comparable,
        "score": comparability.score,
        "parts": dict(comparability.parts),
        "reasons": [write_text(reason) for reason in comparability.reasons],
        **_product_fields(equipment),
        "trust": comparability.trust,
        "provisional": any(row.provisional for row in rows) or query.span.end_us > query.now_us,
    }


LIMITS_DOCUMENT: Final = dict(LIMITS)
