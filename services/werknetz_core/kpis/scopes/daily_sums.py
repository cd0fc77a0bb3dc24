"""Days: what suppliers and warehouses are summed by. A target of a day has no value of its own."""

from datetime import date
from typing import Final

from werknetz.domain.shift import local_day
from werknetz.domain.window import Window
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_span, parse_zone
from werknetz_core.context.windows import windows_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.kpis.query import KpiQuery

_WHOLE: Final = frozenset({"none", "day", "1d", "week", "1w", "month", "1mo"})


async def read(
    query: KpiQuery, context: AppContext, principal: Principal
) -> tuple[UtcSpan, TimeContext]:
    """Read the times of a query: in its zone, else in that of all plants the key sees."""
    tree = await context.tree.current()
    zones = {n.time_zone for n in tree.nodes.values() if n.level == "plant" and n.time_zone
             and principal.can_see(n.path)}  # fmt: skip
    zone = parse_zone(query.tz, zones.pop() if len(zones) == 1 else "UTC")
    time = TimeContext(context.now_us(), zone)
    return parse_span(query.start, query.end, time), time


def windows(query: KpiQuery, span: UtcSpan, time: TimeContext) -> list[Window]:
    """Cut the span into whole days, weeks or months; none: the days that it touches, as one."""
    if query.granularity not in _WHOLE:
        raise invalid_parameter(
            "granularity",
            f"granularity={query.granularity!r} is not known of a {query.scope}.",
            "Its values are of whole days: write 1d, 1w, 1mo or none.",
        )
    granularity = "1d" if query.granularity == "none" else query.granularity
    found = windows_of(granularity, span, time)
    if query.granularity != "none":
        return found
    return [Window(found[0].start_us, found[-1].end_us, found[0].day)]


def last_day(window: Window, time: TimeContext) -> date:
    """Return the last day that is in a window; `window.on` is the first."""
    return local_day(window.end_us - 1, time.zone)
