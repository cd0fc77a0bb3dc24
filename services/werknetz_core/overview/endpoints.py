"""The overview: what a screen of a group or a plant shows, in one request with one ETag."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.polling import (
    SUPPLY_WATERMARKS,
    content_response,
    polled_response,
    refuse_unknown_parameters,
)
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading
from werknetz_core.overview.current import load_silent_connectors
from werknetz_core.overview.report import reads_of_overview, report_overview
from werknetz_core.overview.schemas import OverviewView
from werknetz_core.targets.loading import is_by_attendance, load_targets
from werknetz_core.targets.reads import reads_of_targets

router = APIRouter(tags=["overview"])
ITEMS_MAX = 500


@router.get(
    "/overview",
    response_model=OverviewView,
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def get_overview(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: Annotated[str, Query(description="Equipment path: a group, a plant, a line.")],
    depth: Annotated[
        Literal["plant", "area", "line", "machine"] | None,
        Query(description="Level of the items. Default: the next one below `under`."),
    ] = None,
) -> Response:
    """Show an equipment and those of a level below it: shift, KPIs, stops, targets, connectors.

    Between shifts `now` is null, and `week` has the last seven days. The ETag covers all of it.
    """
    node = await context.tree.find_node(under, principal)
    tree = await context.tree.current()
    level = depth or _next_level(node)
    children = _children_of(tree, node, level, principal)
    nodes = [(n, time_context_of(context, tree, n, None)) for n in (node, *children)]
    targets = [
        target
        for target in await load_targets(session)
        if target.definition.under[0] in {n.path for n, _ in nodes}
    ]
    async with context.database.acquire() as connection:
        silent = await load_silent_connectors(connection, tree.ids_below.get(node.path, []))
    facts = [level, sorted(silent.items()), [(t.key, t.changed_at) for t in targets]]

    async def compute() -> object:
        reads = reads_of_overview(len(nodes)) + reads_of_targets(targets, context.now_us())
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.snapshot() as connection,
        ):
            document = await report_overview(connection, tree, nodes, targets, silent)
        return {**document, "depth": level}

    if any(is_by_attendance(target) for target in targets):
        return await content_response(request, compute)
    sources = [node.path, *SUPPLY_WATERMARKS]
    return await polled_response(request, context, sources, facts, compute)


def _next_level(node: EquipmentNode) -> str:
    position = LEVELS.index(node.level)
    if position + 1 == len(LEVELS):
        raise invalid_parameter(
            "under", Sentence("equipment.nothing_below", path=node.path),
            Sentence("equipment.send_its_line"),
        )  # fmt: skip
    return LEVELS[position + 1]


def _children_of(
    tree: EquipmentTree, node: EquipmentNode, level: str, principal: Principal
) -> list[EquipmentNode]:
    if LEVELS.index(level) <= LEVELS.index(node.level):
        raise invalid_parameter(
            "depth",
            Sentence("equipment.depth_not_below", level=level, path=node.path, of_level=node.level),
            Sentence("equipment.use_lower_level", level=node.level),
        )
    below = [n for n in tree.subtree(node.path) if n.level == level and principal.can_see(n.path)]
    if len(below) > ITEMS_MAX:
        raise Problem(
            422, "query_too_large", Sentence("equipment.too_many", number=len(below), level=level),
            Sentence("equipment.send_smaller_under", items_max=ITEMS_MAX),
        )  # fmt: skip
    return sorted(below, key=lambda n: n.path)
