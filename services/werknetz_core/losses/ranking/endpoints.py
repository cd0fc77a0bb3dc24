"""Losses ranked by minutes or by count, in any grouping, and compared with a period or a peer."""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.kpi.losses.categories import LossKind
from werknetz_core.access.equipment_scope import EquipmentFilter
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.polling import (
    SUPPLY_WATERMARKS,
    Revision,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.list_params import OutputDep, document_response
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.limits.weight import Reads
from werknetz_core.losses.ranking.query import (
    DIMENSIONS,
    LossScope,
    RankingQuery,
    parse_compare,
    parse_dimensions,
)
from werknetz_core.losses.ranking.report import rank_losses
from werknetz_core.losses.ranking.schemas import LossRankingView
from werknetz_core.losses.ranking.table import table_of

router = APIRouter(tags=["losses"])
GroupBy = Annotated[list[str], Query(description=f"{', '.join(DIMENSIONS)}; with commas.")]
_LOSSES_AND_UNKNOWN = [LossKind.LOSS, LossKind.NOT_JUDGED]


@router.get(
    "/losses",
    response_model=LossRankingView,
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def get_losses(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    under: EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    group_by: GroupBy = ["category"],  # noqa: B006 - as above
    start: Annotated[str, Query(description="RFC 3339, -7d, week:2026-W47 …")] = "-7d",
    end: Annotated[str | None, Query(description="As start. Default: now.")] = None,
    compare: Annotated[
        str | None,
        Query(description="previous, a period FROM..TO, or the path of another equipment."),
    ] = None,
    kind: Annotated[
        list[LossKind],
        Query(description="Repeated: any of them. planned: breaks and time without a shift."),
    ] = _LOSSES_AND_UNKNOWN,
    sort: Annotated[
        Literal["-seconds", "-stops"], Query(description="By time or by number: Pareto.")
    ] = "-seconds",
    limit: Annotated[int, Query(ge=1, le=10_000, description="Further groups are summed.")] = 200,
    tz: Annotated[str | None, Query(description="IANA zone. Default: the plant's.")] = None,
    output: OutputDep,
) -> Response:
    """Rank where the time of equipment was lost; the rows and the rest add up to the totals.

    Each second has one category, and each stop the reason that its code or a person gives it.
    CSV and NDJSON have the rows alone, with a column for each dimension and currency.
    """
    roots, time = await _roots(context, principal, under, tz)
    scope = LossScope(roots, parse_span(start, end, time).to_buckets())
    compared = await parse_compare(compare, scope, context, principal, time)
    query = RankingQuery(
        scope, parse_dimensions(group_by), frozenset(kind), compared, time, sort == "-stops", limit
    )
    tree = await context.tree.current()
    scopes = [scope] if compared is None else [scope, compared]
    sources = [*sorted({root.path for s in scopes for root in s.roots}), *SUPPLY_WATERMARKS]
    revision = await Revision.of(request, context, sources, _facts_of(tree, query, scopes))
    if revision.is_known:
        return revision.not_modified()
    reads = await _plan_reads(context, tree, scopes)
    async with (
        reading(context, principal, reads) as context_of_reads,
        context_of_reads.database.acquire() as connection,
    ):
        document = await rank_losses(connection, tree, query)
    response = document_response(request, output, document, table_of, revision.headers)
    return revision.complete(request, response)


def _facts_of(
    tree: EquipmentTree, query: RankingQuery, scopes: Iterable[LossScope]
) -> list[object]:
    """Return what the answer depends on beside the losses."""
    return [
        tree.version, query.dimensions, sorted(query.kinds), query.by_count, query.limit,
        query.time.zone.key,
        [([root.path for root in s.roots], s.span.start_us, s.span.end_us) for s in scopes],
    ]  # fmt: skip


async def _plan_reads(
    context: AppContext, tree: EquipmentTree, scopes: Iterable[LossScope]
) -> Reads:
    reads = Reads()
    for scope in scopes:
        machines = len({number for root in scope.roots for number in tree.ids_below[root.path]})
        reads += await reads_of_machines(context, machines, scope.span.start_us, scope.span.end_us)
    return reads


async def _roots(
    context: AppContext, principal: Principal, under: list[str], tz: str | None
) -> tuple[tuple[EquipmentNode, ...], TimeContext]:
    """Return the requested equipment, or all that the key may see, and the time context."""
    roots = [await context.tree.find_node(path, principal) for path in dict.fromkeys(under)]
    tree = await context.tree.current()
    if not roots:
        visible = [node for node in tree.nodes.values() if principal.can_see(node.path)]
        paths = {node.path for node in visible}
        roots = [node for node in visible if node.path.rpartition("/")[0] not in paths]
    if len(roots) == 1:
        return tuple(roots), time_context_of(context, tree, roots[0], tz)
    zones = {node.time_zone for node in roots}
    zone = zones.pop() if len(zones) == 1 else None
    return tuple(roots), TimeContext(context.now_us(), parse_zone(tz, zone or "UTC"))
