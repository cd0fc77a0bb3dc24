"""Production counts by window, from the same elements as the KPIs.

A count that nobody reports is null with a reason. One that only some machines report, or only a
part of the time, is that of these, with the share of the time in which it is reported.
"""

from collections.abc import Mapping
from typing import Any, Final

from werknetz.kpi.formulas.reasons import NO_GOOD, NO_PRODUCED, NO_REWORK, NO_SCRAP
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, UtcSpan, format_local, shift_fields
from werknetz_core.context.windows import effective_granularity, windows_of
from werknetz_core.kpis.window_sums import SumQuery, load_sums_as_of, load_window_sums
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.limits.weight import Reads

_REASONS: Final = {
    "produced": NO_PRODUCED, "good": NO_GOOD, "scrap": NO_SCRAP, "rework": NO_REWORK,
}  # fmt: skip
_COUNTS: Final = {"produced": "pq", "good": "gq", "scrap": "sq", "rework": "rq"}
_ELEMENTS: Final = frozenset(
    {*_COUNTS.values(), *(f"{name}_known_s" for name in _COUNTS.values()), "pot_s", "off_shift_s"}
)


async def load_counts(
    context: AppContext,
    principal: Principal,
    node: EquipmentNode,
    span: UtcSpan,
    granularity: str,
    time: TimeContext,
    as_of_us: int | None,
) -> dict[str, object]:
    """Return the counts of the windows that have data."""
    windows = windows_of(granularity, span, time)
    tree = await context.tree.current()
    query = SumQuery(node.id, tree.ids_below[node.path], windows)
    reads = Reads(len(windows), len(windows))
    if as_of_us is not None or effective_granularity(granularity) == "15m":
        reads += await reads_of_machines(context, len(query.ids), span.start_us, span.end_us)
    async with (
        reading(context, principal, reads) as context_of_reads,
        context_of_reads.database.snapshot() as connection,
    ):
        [rows] = (
            await load_window_sums(connection, [query], _ELEMENTS)
            if as_of_us is None
            else await load_sums_as_of(connection, [query], _ELEMENTS, as_of_us)
        )
    items = [
        {
            "start": format_local(window.start_us, time.zone),
            "end": format_local(window.end_us, time.zone),
            "window": window.name,
            **_count_fields(dict(rows[n])),
            "provisional": rows[n]["provisional"] or window.end_us > time.now_us,
        }
        for n, window in enumerate(windows, start=1)
        if n in rows
    ]
    return {
        "equipment": node.path,
        "items": items,
        "start": format_local(windows[0].start_us if windows else span.start_us, time.zone),
        "end": format_local(windows[-1].end_us if windows else span.end_us, time.zone),
        "granularity": effective_granularity(granularity),
        "shift": shift_fields(span.shift, time),
        "time_zone": time.zone.key,
        "no_data": not items,
    }


def table_of(answer: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns and the rows of a CountsView: a row for each window."""
    shares = {name: f"{name}_reported_share" for name in _COUNTS}
    columns = [
        "equipment", "start", "end", "window", *_COUNTS, *shares.values(), "reasons", "provisional",
    ]  # fmt: skip
    rows = [
        {
            **item,
            "equipment": answer["equipment"],
            **{column: item["reported_share"][name] for name, column in shares.items()},
            "reasons": "; ".join(item["reasons"].values()) or None,
        }
        for item in answer["items"]
    ]
    return columns, rows


def _count_fields(row: Mapping[str, Any]) -> dict[str, object]:
    counts = {name: row[element] for name, element in _COUNTS.items()}
    known_s = {name: row[f"{element}_known_s"] for name, element in _COUNTS.items()}
    reported = {name: known_s[name] > 0 or counts[name] != 0 for name in _COUNTS}
    calendar_s = row["pot_s"] + row["off_shift_s"]
    return {
        **{name: count if reported[name] else None for name, count in counts.items()},
        "reported_share": {
            name: known_s[name] / calendar_s if calendar_s > 0 else None for name in _COUNTS
        },
        "reasons": {name: _REASONS[name] for name in _COUNTS if not reported[name]},
    }
