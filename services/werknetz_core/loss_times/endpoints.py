"""Loss times of equipment: calendar time down to good time, in steps without a remainder."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.polling import (
    SUPPLY_WATERMARKS,
    Revision,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.list_params import OutputDep, document_response
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.limits.weight import Reads
from werknetz_core.loss_times.report import LossTarget, report_loss_times
from werknetz_core.loss_times.schemas import LossTimesListView
from werknetz_core.loss_times.table import table_of

router = APIRouter(tags=["losses"])


@router.get(
    "/loss_times",
    response_model=LossTimesListView,
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def get_loss_times(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    equipment: Annotated[
        list[str], Query(min_length=1, max_length=50, description="Path, of any level. Repeated.")
    ],
    start: Annotated[str, Query(description="RFC 3339, -8h, shift:current …")] = "-24h",
    end: Annotated[str | None, Query(description="As start. Default: now.")] = None,
    tz: Annotated[str | None, Query(description="IANA zone. Default: the plant's.")] = None,
    output: OutputDep,
) -> Response:
    """Divide the time of equipment into losses and good time, down to seconds, parts and money.

    The steps are calendar, planned (POT), busy (PBT), production (APT), net (PRI × PQ) and good
    (PRI × GQ); each is the one before it less its parts, without a remainder.
    CSV and NDJSON have a row for each step and, below it, for each of its parts, with a column for
    each currency.
    """
    targets = []
    tree = await context.tree.current()
    for path in dict.fromkeys(equipment):
        node = await context.tree.find_node(path, principal)
        tree = await context.tree.current()
        time = time_context_of(context, tree, node, tz)
        span = parse_span(start, end, time).to_buckets()
        targets.append(LossTarget(node, span, time))
    facts = [
        tree.version,
        [(t.node.path, t.span.start_us, t.span.end_us, t.time.zone.key) for t in targets],
    ]
    sources = [*(target.node.path for target in targets), *SUPPLY_WATERMARKS]
    revision = await Revision.of(request, context, sources, facts)
    if revision.is_known:
        return revision.not_modified()
    document = await _load(context, principal, tree, targets)
    response = document_response(request, output, document, table_of, revision.headers)
    return revision.complete(request, response)


async def _load(
    context: AppContext, principal: Principal, tree: EquipmentTree, targets: Sequence[LossTarget]
) -> dict[str, Any]:
    """Return a LossTimesListView as a document."""
    reads = Reads()
    for target in targets:
        ids, span = tree.ids_below[target.node.path], target.span
        reads += await reads_of_machines(context, len(ids), span.start_us, span.end_us)
    async with (
        reading(context, principal, reads) as context_of_reads,
        context_of_reads.database.acquire() as connection,
    ):
        items = [await report_loss_times(connection, tree, target) for target in targets]
    return {"items": items, "no_data": all(item["no_data"] for item in items)}
