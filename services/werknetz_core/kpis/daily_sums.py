"""Days: what suppliers and warehouses are summed by. A part of a day has no value of its own."""

from datetime import date
from typing import Final

from werknetz.domain.shift import local_day
from werknetz.domain.window import Window
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import Platform
from werknetz_core.context.time_spec import Clockwork, Span, span_of, zone_of
from werknetz_core.context.windows import windows_of
from werknetz_core.http.problem import wrong_parameter
from werknetz_core.kpis.query import Question

_WHOLE: Final = frozenset({"none", "day", "1d", "week", "1w", "month", "1mo"})


async def read(question: Question, core: Platform, principal: Principal) -> tuple[Span, Clockwork]:
    """Read the times of a question: in its zone, else in that of all plants the key sees."""
    tree = await core.tree.current()
    zones = {n.time_zone for n in tree.nodes.values() if n.level == "plant" and n.time_zone
             and principal.sees(n.path)}  # fmt: skip
    zone = zone_of(question.tz, zones.pop() if len(zones) == 1 else "UTC")
    clock = Clockwork(core.now_us(), zone)
    return span_of(question.start, question.end, clock), clock


def windows(question: Question, span: Span, clock: Clockwork) -> list[Window]:
    """Cut the span into whole days, weeks or months; none: the days that it touches, as one."""
    if question.granularity not in _WHOLE:
        raise wrong_parameter(
            "granularity",
            f"granularity={question.granularity!r} is not known of a {question.scope}.",
            "Its values are of whole days: write 1d, 1w, 1mo or none.",
        )
    granularity = "1d" if question.granularity == "none" else question.granularity
    found = windows_of(granularity, span, clock)
    if question.granularity != "none":
        return found
    return [Window(found[0].start_us, found[-1].end_us, found[0].on)]


def last_day(window: Window, clock: Clockwork) -> date:
    """Return the last day that is in a window; `window.on` is the first."""
    return local_day(window.end_us - 1, clock.zone)
