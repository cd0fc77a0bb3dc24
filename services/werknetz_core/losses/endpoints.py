"""Supply-caused downtime: lines that starved, and the deliveries behind it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz_core.access.equipment_scope import EquipmentFilter
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.polling import SUPPLY_WATERMARKS, polled_response
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.losses import views
from werknetz_core.losses.attribution import compute_supply_caused_downtime
from werknetz_core.losses.schemas import SupplyCausedDowntimeView

router = APIRouter(tags=["losses"])


@router.get(
    "/losses/supply-caused",
    response_model=SupplyCausedDowntimeView,
    responses=UNCHANGED,
)
async def get_supply_caused_downtime(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    under: EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    start: str = "-7d",
    end: str | None = None,
    group_by: views.GroupBy = "loss",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """Rank starved time by missing material, late delivery and supplier, with the evidence.

    Time that no missing material explains stays unattributed, with the reason. With an ETag, a
    period to now ends at most a minute ago.
    """
    roots = [await context.tree.find_node(path, principal) for path in under]
    tree = await context.tree.current()
    machines = _find_machines(tree, roots, principal)
    span = parse_span(start, end, TimeContext(context.now_us(), parse_zone(None, "UTC")))

    async def compute() -> object:
        reads = await reads_of_machines(context, len(machines), span.start_us, span.end_us)
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.acquire() as connection,
        ):
            downtime = await compute_supply_caused_downtime(
                connection, tree, machines, span.start_us, span.end_us, context.now_us()
            )
        return SupplyCausedDowntimeView(
            start=instant_of(span.start_us),
            end=instant_of(span.end_us),
            totals=views.totals_view(downtime),
            groups=views.group_views(downtime, group_by),
            items=[views.loss_view(downtime, loss) for loss in downtime.losses[:limit]],
            more=max(0, len(downtime.losses) - limit),
        ).model_dump()

    paths = {root.path for root in roots} or {path for path in tree.nodes if "/" not in path}
    sources = [*sorted(paths), *SUPPLY_WATERMARKS]
    return await polled_response(request, context, sources, [principal.plants], compute)


def _find_machines(
    tree: EquipmentTree, roots: Sequence[EquipmentNode], principal: Principal
) -> list[EquipmentNode]:
    """Return the requested equipment, restricted to the key's plants."""
    return [
        node
        for node in tree.nodes.values()
        if principal.can_see(node.path)
        and (not roots or any(_is_within(node.path, root.path) for root in roots))
    ]


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")
