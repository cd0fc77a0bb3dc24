"""What was produced, window by window, from the same elements that the KPIs use."""

from werknetz.domain.bucket import instant_of
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, TimeSpan, format_local
from werknetz_core.context.windows import windows_of

_COUNTS = """
    SELECT w.n, sum(e.pq) AS produced, sum(e.gq) AS good, sum(e.sq) AS scrap, sum(e.rq) AS rework,
           bool_or(e.provisional) AS provisional
    FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
    JOIN elements e ON e.equipment_id = ANY($1::int[])
        AND e.bucket_at >= w.start_at AND e.bucket_at < w.end_at
    GROUP BY w.n ORDER BY w.n
"""


async def summed(
    context: AppContext, node: EquipmentNode, span: TimeSpan, granularity: str, clock: TimeContext
) -> dict[str, object]:
    """Return the counts of the windows in which there was something to count."""
    windows = windows_of(granularity, span, clock)
    tree = await context.tree.current()
    rows = await context.pool.fetch(
        _COUNTS,
        tree.ids_below[node.path],
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    items = []
    for row in rows:
        window = windows[row["n"] - 1]
        items.append(
            {
                "start": format_local(window.start_us, clock.zone),
                "end": format_local(window.end_us, clock.zone),
                "window": window.name,
                "produced": row["produced"],
                "good": row["good"],
                "scrap": row["scrap"],
                "rework": row["rework"],
                "provisional": row["provisional"] or window.end_us > clock.now_us,
            }
        )
    return {
        "equipment": node.path,
        "items": items,
        "start": format_local(windows[0].start_us if windows else span.start_us, clock.zone),
        "end": format_local(windows[-1].end_us if windows else span.end_us, clock.zone),
        "granularity": granularity,
        "time_zone": clock.zone.key,
        "no_data": not items,
    }
