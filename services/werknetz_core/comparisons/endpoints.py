"""Comparisons of plants, lines or machines: ranked only where they are comparable."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.kpi.definition import EQUIPMENT, Kpi
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.texts.sentence import Sentence
from werknetz_core.access.require import MayRead
from werknetz_core.comparisons.report import (
    LIMITS_DOCUMENT,
    ComparisonQuery,
    compare_equipment,
)
from werknetz_core.comparisons.schemas import ComparisonView
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.kpi_catalogue import KpiCatalogue, require_level
from werknetz_core.context.polling import (
    PRODUCTS_WATERMARK,
    polled_response,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import format_local, parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading, reads_of_machines

router = APIRouter(tags=["kpis"])
Part = Literal["product_family", "definition", "coverage", "calendar"]


@router.get(
    "/comparisons",
    response_model=ComparisonView,
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def compare_plants(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    under: Annotated[str, Query(description="Equipment path: what is compared lies below it.")],
    level: Annotated[Literal["plant", "area", "line", "machine"], Query()] = "plant",
    kpi: Annotated[str, Query(description="Name of a KPI of equipment, see /api/v1/kpis.")] = "oee",
    start: Annotated[str, Query(description="RFC 3339, -28d, month:2026-10 …")] = "-28d",
    end: Annotated[str | None, Query(description="As start. Default: now.")] = None,
    ignore: Annotated[
        list[Part], Query(description="Parts of comparability that prevent no ranking.")
    ] = [],  # noqa: B006 - FastAPI copies
) -> Response:
    """Rank equipment of one level by a KPI; what is not comparable has no rank, but the reasons.

    Comparable are equipments with the same products, definition and calendar, and enough coverage.
    """
    node = await context.tree.find_node(under, principal)
    if LEVELS.index(level) <= LEVELS.index(node.level):
        raise invalid_parameter(
            "level",
            Sentence("kpis.level_not_below", level=level, path=node.path, of_level=node.level),
            Sentence("kpis.compare_below"),
        )
    tree = await context.tree.current()
    catalogue = await context.kpis.with_names([kpi])
    time = time_context_of(context, tree, node, None)
    span = parse_span(start, end, time).to_buckets()
    definition = _find_comparable_kpi(kpi, catalogue, level)
    definition = definition.in_force_at(min(span.end_us, time.now_us) - 1)
    nodes = [n for n in tree.subtree(node.path) if n.level == level and principal.can_see(n.path)]
    query = ComparisonQuery(nodes, definition, span, frozenset(ignore), time.now_us)
    facts = [
        tree.version, definition.name, definition.version, span.start_us, span.end_us, level,
        sorted(ignore),
    ]  # fmt: skip

    async def compute() -> object:
        machines = sum(len(tree.ids_below[n.path]) for n in nodes)
        reads = await reads_of_machines(context, machines, span.start_us, span.end_us)
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.acquire() as connection,
        ):
            items = await compare_equipment(connection, tree, query)
        return _document_of(query, node.path, level, time.zone, items)

    sources = [node.path, PRODUCTS_WATERMARK]
    return await polled_response(request, context, sources, facts, compute)


def _document_of(
    query: ComparisonQuery, under: str, level: str, zone: ZoneInfo, items: list[dict[str, Any]]
) -> dict[str, object]:
    return {
        "under": under,
        "level": level,
        "kpi": query.kpi.name,
        "unit": str(query.kpi.unit),
        "start": format_local(query.span.start_us, zone),
        "end": format_local(query.span.end_us, zone),
        "limits": LIMITS_DOCUMENT,
        "ignored": sorted(query.ignored),
        "items": items,
        "no_data": all(item["value"] is None for item in items),
    }


def _find_comparable_kpi(name: str, catalogue: KpiCatalogue, level: str) -> Kpi:
    """Return a KPI over times and counts of machines; raise 422 for another."""
    definition = catalogue.find(name)
    require_level(definition, level)
    if definition.subject.name != EQUIPMENT.name or not set(definition.inputs) <= set(
        ELEMENT_NAMES
    ):
        raise invalid_parameter(
            "kpi", Sentence("kpis.not_comparable", name=name),
            Sentence("kpis.use_comparable"),
        )  # fmt: skip
    return definition
