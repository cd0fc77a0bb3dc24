"""Supply-caused downtime: lines that starved, and the deliveries behind it."""

from typing import Annotated

from fastapi import APIRouter, Query

from werknetz.domain.bucket import instant_of
from werknetz_core.access.equipment_scope import EquipmentFilter
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext, ContextDep, Viewer
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.losses import views
from werknetz_core.losses.attribution import losses_of
from werknetz_core.losses.schemas import SupplyCausedDowntimeView

router = APIRouter(tags=["losses"])


@router.get("/losses/supply-caused")
async def get_supply_caused_downtime(
    *,
    context: ContextDep,
    principal: Viewer,
    under: EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    start: str = "-7d",
    end: str | None = None,
    group_by: views.GroupBy = "loss",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> SupplyCausedDowntimeView:
    """Rank starved minutes by missing material, late delivery and supplier, each with its chain.

    What cannot be tied to a material without stock stays unattributed, with the reason.
    """
    machines = await _machines(context, principal, under)
    span = parse_span(start, end, TimeContext(context.now_us(), parse_zone(None, "UTC")))
    tree = await context.tree.current()
    async with context.database.acquire() as connection:
        answer = await losses_of(
            connection, tree, machines, span.start_us, span.end_us, context.now_us()
        )
    return SupplyCausedDowntimeView(
        start=instant_of(span.start_us),
        end=instant_of(span.end_us),
        totals=views.totals(answer),
        groups=views.groups(answer, group_by),
        items=[views.loss_view(answer, loss) for loss in answer.losses[:limit]],
        more=max(0, len(answer.losses) - limit),
    )


async def _machines(
    context: AppContext, principal: Principal, under: list[str]
) -> list[EquipmentNode]:
    """Return the equipment that has states: what was asked for, within the key's plants."""
    params = [await context.tree.find_node(path, principal) for path in under]
    tree = await context.tree.current()
    return [
        node
        for node in tree.nodes.values()
        if principal.can_see(node.path)
        and (not params or any(_is_in(node.path, above.path) for above in params))
    ]


def _is_in(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")
