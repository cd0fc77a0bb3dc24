"""State intervals, merged from the pieces that are stored by bucket."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request, Response

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.domain.state import MachineState
from werknetz.store.queries.equipment import STATE_SORT_KEYS, state_intervals_query
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.polling import Revision
from werknetz_core.context.time_spec import (
    UtcSpan,
    format_utc,
    parse_instant,
    parse_span,
    shift_fields,
)
from werknetz_core.context.windows import time_context_of
from werknetz_core.equipment.schemas import StateView
from werknetz_core.equipment.state_pages import Row, StateHistory
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams, columns_of, list_response
from werknetz_core.http.sorting import Cursor, SortType, parse_cursor
from werknetz_core.limits.reading import reading, reads_of_machines


async def interval_response(
    request: Request,
    context: AppContext,
    principal: Principal,
    under: Sequence[str],
    start: str,
    end: str | None,
    *,
    as_of: str | None,
    params: ListParams,
) -> Response:
    """Respond with a page of states, or that it is unchanged."""
    nodes = [await context.tree.find_node(path, principal) for path in under]
    tree = await context.tree.current()
    time = time_context_of(context, tree, nodes[0], None)
    span = parse_span(start, end, time)
    as_of_us = None if as_of is None else parse_instant(as_of, "as_of", time)
    revision = await Revision.of(request, context, [node.path for node in nodes])
    if revision.is_known:
        return revision.not_modified()
    ids = sorted({number for node in nodes for number in tree.ids_below[node.path]})
    items, next_cursor = await _load_items(
        context, principal, ids, span, time.now_us, as_of_us, params
    )
    envelope = {
        "next_cursor": next_cursor,
        "start": format_utc(span.start_us),
        "end": format_utc(span.end_us),
        "shift": shift_fields(span.shift, time),
        "no_data": not items and params.cursor is None,
    }
    response = list_response(
        request, params, items, columns_of(StateView), next_cursor=next_cursor, envelope=envelope,
        headers=revision.headers,
    )  # fmt: skip
    return revision.complete(request, response)


async def _load_items(
    context: AppContext,
    principal: Principal,
    ids: Sequence[int],
    span: UtcSpan,
    now_us: int,
    as_of_us: int | None,
    params: ListParams,
) -> tuple[list[dict[str, object]], str | None]:
    """Return a page of intervals and the cursor of the next page."""
    types = dict.fromkeys(STATE_SORT_KEYS, SortType.NUMBER)
    cursor = parse_cursor(
        params.sort, params.cursor, default="start", types=types, tie=SortType.TEXT
    )
    # The current bucket ends where it was last computed: an interval up to it is still open.
    open_from_us = bucket_of(now_us) - BUCKET_US
    history = StateHistory(context, ids, span.start_us, span.end_us, open_from_us, as_of_us)
    if cursor.name == "start":
        rows = await history.load_page(cursor, params.limit + 1)
    else:  # the longest may be anywhere
        reads = await reads_of_machines(context, len(ids), span.start_us, span.end_us)
        async with reading(context, principal, reads) as context_of_reads:
            rows = await _load_sorted(replace(history, context=context_of_reads), cursor, params)
    page, more = pagination.paginate(rows, params.limit)
    next_cursor = cursor.encode_next(page[-1]["key"], page[-1]["tie"]) if more else None
    return [_to_item(row) for row in page], next_cursor


async def _load_sorted(history: StateHistory, cursor: Cursor, params: ListParams) -> list[Row]:
    rows = await history.context.database.fetch(
        state_intervals_query(
            cursor.name, descending=cursor.descending, has_cursor=cursor.after is not None
        ),
        history.ids,
        instant_of(history.start_us),
        instant_of(history.end_us),
        instant_of(history.open_from_us),
        params.limit + 1,
        None if history.as_of_us is None else instant_of(history.as_of_us),
        *(cursor.after or ()),
    )
    return [dict(row) for row in rows]


def _to_item(row: Row) -> dict[str, object]:
    seconds = (row["end_at"] - row["start_at"]).total_seconds()
    state = MachineState(row["state"])
    return {
        "equipment": row["path"],
        "start": row["start_at"],
        "end": None if row["is_open"] else row["end_at"],
        "duration_s": seconds,
        "state": state.label,
        "category": row["category"],
        "code": row["code"],
        "order_number": row["order_number"],
    }
