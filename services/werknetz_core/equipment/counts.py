"""Production counts by window, from the same elements as the KPIs.

A count that nobody reports is null with a reason. One that only some machines report, or only a
part of the time, is that of these, with the share of the time in which it is reported.
"""

from collections.abc import Mapping
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.formulas.reasons import NO_GOOD, NO_PRODUCED, NO_REWORK, NO_SCRAP
from werknetz.store.queries.equipment import COUNTS_BY_WINDOW
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, UtcSpan, format_local
from werknetz_core.context.windows import windows_of

_REASONS: Final = {
    "produced": NO_PRODUCED, "good": NO_GOOD, "scrap": NO_SCRAP, "rework": NO_REWORK,
}  # fmt: skip


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
                **_count_fields(row),
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


def _count_fields(row: Mapping[str, Any]) -> dict[str, object]:
    reported = {name: row[f"{name}_s"] > 0 or row[name] != 0 for name in _REASONS}
    return {
        **{name: row[name] if reported[name] else None for name in _REASONS},
        "reported_share": {
            name: row[f"{name}_s"] / row["calendar_s"] if row["calendar_s"] > 0 else None
            for name in _REASONS
        },
        "reasons": {name: reason for name, reason in _REASONS.items() if not reported[name]},
    }
