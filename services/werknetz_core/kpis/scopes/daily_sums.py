"""Times of scopes that are summed by whole days: suppliers and warehouses."""

from typing import Final

from werknetz.domain.window import Window
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_span, parse_zone
from werknetz_core.context.windows import windows_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.kpis.query import KpiQuery

_GRANULARITIES: Final = frozenset({"none", "day", "1d", "week", "1w", "month", "1mo"})


async def parse_times(
    query: KpiQuery, context: AppContext, principal: Principal
) -> tuple[UtcSpan, TimeContext]:
    """Parse the times of a query in its zone, else in the common zone of the visible plants."""
    time = await common_time(query.tz, context, principal)
    return parse_span(query.start, query.end, time), time


async def common_time(tz: str | None, context: AppContext, principal: Principal) -> TimeContext:
    """Return the time in a zone; None: the common zone of the visible plants, else UTC."""
    tree = await context.tree.current()
    zones = {n.time_zone for n in tree.nodes.values() if n.level == "plant" and n.time_zone
             and principal.can_see(n.path)}  # fmt: skip
    zone = parse_zone(tz, zones.pop() if len(zones) == 1 else "UTC")
    return TimeContext(context.now_us(), zone)


def windows_of_days(query: KpiQuery, span: UtcSpan, time: TimeContext) -> list[Window]:
    """Divide the span into whole days, weeks or months; `none`: one window of whole days."""
    if query.granularity not in _GRANULARITIES:
        raise invalid_parameter(
            "granularity",
            Sentence("kpis.granularity_of_days", granularity=query.granularity, scope=query.scope),
            Sentence("kpis.use_days"),
        )
    granularity = "1d" if query.granularity == "none" else query.granularity
    windows = windows_of(granularity, span, time)
    if query.granularity != "none":
        return windows
    return [Window(windows[0].start_us, windows[-1].end_us, windows[0].day)]
