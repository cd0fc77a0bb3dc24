"""State intervals and stops, put together again from the pieces that buckets keep."""

from collections.abc import Sequence
from typing import Final

import asyncpg
from fastapi import Request, Response

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz_core.api import page
from werknetz_core.api.answer import answer
from werknetz_core.api.keys import Principal
from werknetz_core.api.platform import Platform
from werknetz_core.api.time import span_of, text_of
from werknetz_core.api.window import clockwork

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
                         WHERE l.equipment_id = i.equipment_id) AND i.known_to >= $8 AS is_open
    FROM intervals i JOIN equipment q ON q.id = i.equipment_id
    WHERE ($4::text IS NULL OR category = $4)
      AND end_at - start_at >= make_interval(secs => $5)
      AND ($6::timestamptz IS NULL OR (i.start_at, i.equipment_id) > ($6, $7::int))
    ORDER BY i.start_at, i.equipment_id LIMIT $9
"""


async def listed(
    request: Request,
    core: Platform,
    principal: Principal,
    under: Sequence[str],
    start: str,
    end: str | None,
    *,
    stops_of: float | None,
    limit: int,
    cursor: str | None,
) -> Response:
    """Return a page of intervals; `stops_of` is how long a stop must be, None: every state."""
    nodes = [await core.tree.find(path, principal) for path in under]
    tree = await core.tree.current()
    clock = clockwork(core, tree, nodes[0], None)
    span = span_of(start, end, clock)
    ids = sorted({number for node in nodes for number in tree.ids_below[node.path]})
    after = page.decode(cursor, int, int)
    rows = await core.pool.fetch(
        _INTERVALS,
        ids,
        instant_of(span.start_us),
        instant_of(span.end_us),
        None if stops_of is None else STOP_CATEGORY,
        stops_of or 0.0,
        instant_of(int(after[0])) if after else None,
        int(after[1]) if after else None,
        # The running bucket ends where it was last computed, so what reaches it still goes on.
        instant_of(bucket_of(clock.now_us) - BUCKET_US),
        limit + 1,
    )
    shown, more = page.cut(rows, limit)
    last = shown[-1] if more else None
    next_cursor = (
        page.encode(microseconds_of(last["start_at"]), last["equipment_id"]) if last else None
    )
    items = [_view(row, stop=stops_of is not None) for row in shown]
    response = answer(
        {
            "items": items,
            "next_cursor": next_cursor,
            "start": text_of(span.start_us),
            "end": text_of(span.end_us),
            "no_data": not items and cursor is None,
        }
    )
    page.link(request, response, next_cursor)
    return response


def _view(row: asyncpg.Record, *, stop: bool) -> dict[str, object]:
    seconds = (row["end_at"] - row["start_at"]).total_seconds()
    state = MachineState(row["state"])
    found: dict[str, object] = {
        "equipment": row["path"],
        "start": row["start_at"],
        "end": None if row["is_open"] else row["end_at"],
        "duration_s": seconds,
        "state": state.word,
        "category": row["category"],
        "code": row["code"],
        "order_number": row["order_number"],
    }
    if stop:
        found["minor"] = state is MachineState.MALFUNCTION and seconds < MINOR_STOP_S
    return found
