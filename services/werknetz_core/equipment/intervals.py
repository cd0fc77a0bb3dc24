"""State intervals and stops, put together again from the pieces that buckets keep."""

from collections.abc import Sequence
from typing import Final

import asyncpg
from fastapi import Request, Response

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.domain.state import MachineState
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_utc, parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.equipment.schemas import StateView, StopView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams, columns_of, list_response
from werknetz_core.http.sorting import Cursor, SortType, parse_cursor

MINOR_STOP_S: Final = 120
STOP_CATEGORY: Final = "adet"
# Pieces that touch and say the same are one interval. One piece to the left of the span is read,
# so that an interval keeps its identity however the span cuts it.
_INTERVALS: Final = """
    WITH pieces AS (
        SELECT p.*, lag(end_at) OVER w = start_at AND lag(state) OVER w = state
               AND lag(category) OVER w = category
               AND lag(code) OVER w IS NOT DISTINCT FROM code
               AND lag(order_number) OVER w IS NOT DISTINCT FROM order_number AS same
        FROM state_pieces p
        WHERE equipment_id = ANY($1::int[]) AND end_at > $2 AND start_at < $3
        WINDOW w AS (PARTITION BY equipment_id ORDER BY start_at)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE same IS NOT TRUE)
                  OVER (PARTITION BY equipment_id ORDER BY start_at) AS number
        FROM pieces
    ), intervals AS (
        SELECT equipment_id, greatest(min(start_at), $2) AS start_at,
               least(max(end_at), $3) AS end_at, max(end_at) AS known_to,
               min(state) AS state, min(category) AS category, min(code) AS code,
               min(order_number) AS order_number
        FROM numbered GROUP BY equipment_id, number
    )
    SELECT i.*, q.path,
           i.known_to = (SELECT max(l.end_at) FROM state_pieces l
                         WHERE l.equipment_id = i.equipment_id) AND i.known_to >= $6 AS is_open,
           {key} AS key, {tie} AS tie
    FROM intervals i JOIN equipment q ON q.id = i.equipment_id
    WHERE ($4::text IS NULL OR category = $4)
      AND end_at - start_at >= make_interval(secs => $5)
    {goes_on}
    ORDER BY {key} {way}, {tie} {way} LIMIT $7
"""
# What is sorted by, in microseconds; the tie is one text that no two intervals share.
_KEYS: Final = {
    "start": "(extract(epoch FROM i.start_at) * 1000000)::bigint",
    "duration_s": "(extract(epoch FROM i.end_at - i.start_at) * 1000000)::bigint",
}
_TIE: Final = "to_char(i.equipment_id, 'FM0000000000') || to_char(i.start_at, 'YYYYMMDDHH24MISSUS')"


async def listed(
    request: Request,
    context: AppContext,
    principal: Principal,
    under: Sequence[str],
    start: str,
    end: str | None,
    *,
    stops_of: float | None,
    params: ListParams,
) -> Response:
    """Return a page of intervals; `stops_of` is how long a stop must be, None: every state."""
    nodes = [await context.tree.find_node(path, principal) for path in under]
    tree = await context.tree.current()
    clock = time_context_of(context, tree, nodes[0], None)
    span = parse_span(start, end, clock)
    ids = sorted({number for node in nodes for number in tree.ids_below[node.path]})
    kinds = dict.fromkeys(_KEYS, SortType.NUMBER)
    place = parse_cursor(
        params.sort, params.cursor, default="start", types=kinds, tie=SortType.TEXT
    )
    rows = await context.database.fetch(
        _statement(place),
        ids,
        instant_of(span.start_us),
        instant_of(span.end_us),
        None if stops_of is None else STOP_CATEGORY,
        stops_of or 0.0,
        # The running bucket ends where it was last computed, so what reaches it still goes on.
        instant_of(bucket_of(clock.now_us) - BUCKET_US),
        params.limit + 1,
        *(place.after or ()),
    )
    shown, more = pagination.paginate(rows, params.limit)
    next_cursor = place.encode_next(shown[-1]["key"], shown[-1]["tie"]) if more else None
    items = [_view(row, stop=stops_of is not None) for row in shown]
    envelope = {
        "next_cursor": next_cursor,
        "start": format_utc(span.start_us),
        "end": format_utc(span.end_us),
        "no_data": not items and params.cursor is None,
    }
    names = columns_of(StateView if stops_of is None else StopView)
    return list_response(request, params, items, names, next_cursor=next_cursor, envelope=envelope)


def _statement(place: Cursor) -> str:
    """Return the statement in the order of the place; sort keys are our own words."""
    key, way = _KEYS[place.name], "DESC" if place.descending else "ASC"
    beyond = "<" if place.descending else ">"
    goes_on = f"AND ({key}, {_TIE}) {beyond} ($8, $9)" if place.after is not None else ""
    return _INTERVALS.format(key=key, tie=_TIE, way=way, goes_on=goes_on)


def _view(row: asyncpg.Record, *, stop: bool) -> dict[str, object]:
    seconds = (row["end_at"] - row["start_at"]).total_seconds()
    state = MachineState(row["state"])
    found: dict[str, object] = {
        "equipment": row["path"],
        "start": row["start_at"],
        "end": None if row["is_open"] else row["end_at"],
        "duration_s": seconds,
        "state": state.label,
        "category": row["category"],
        "code": row["code"],
        "order_number": row["order_number"],
    }
    if stop:
        found["minor"] = state is MachineState.MALFUNCTION and seconds < MINOR_STOP_S
    return found
