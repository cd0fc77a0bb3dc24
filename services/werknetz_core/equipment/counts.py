"""Production counts by window, from the same elements as the KPIs."""

from werknetz.domain.bucket import instant_of
from werknetz.store.queries.equipment import COUNTS_BY_WINDOW
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, UtcSpan, format_local
from werknetz_core.context.windows import windows_of


async def load_counts(
    context: AppContext, node: EquipmentNode, span: UtcSpan, granularity: str, time: TimeContext
) -> dict[str, object]:
    """Return the counts of the windows that have data."""
    windows = windows_of(granularity, span, time)
    tree = await context.tree.current()
    rows = await context.database.fetch(
        COUNTS_BY_WINDOW,
        tree.ids_below[node.path],
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    items = []
    for row in rows:
        window = windows[row["n"] - 1]
        items.append(
            {
                "start": format_local(window.start_us, time.zone),
                "end": format_local(window.end_us, time.zone),
                "window": window.name,
                "produced": row["produced"],
                "good": row["good"],
                "scrap": row["scrap"],
                "rework": row["rework"],
                "provisional": row["provisional"] or window.end_us > time.now_us,
            }
        )
    return {
        "equipment": node.path,
        "items": items,
        "start": format_local(windows[0].start_us if windows else span.start_us, time.zone),
        "end": format_local(windows[-1].end_us if windows else span.end_us, time.zone),
        "granularity": granularity,
        "time_zone": time.zone.key,
        "no_data": not items,
    }
