"""KPI values: elements summed over a scope and a window, then formulas.

Scopes and periods agree because each is the same formula over a sum; no ratio is ever averaged.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from werknetz.domain.window import Window
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_local
from werknetz_core.context.windows import WINDOWS_MAX, query_too_large
from werknetz_core.kpis.query import Question
from werknetz_core.kpis.scopes.registry import SCOPES
from werknetz_core.kpis.scopes.scope import Part, Sums

_NO_DATA: Final = "no data"


async def parts_of(question: Question, context: AppContext, principal: Principal) -> list[Part]:
    """Read the question against each that it names; raise what is wrong with it."""
    return await SCOPES[question.scope].parts(question, context, principal)


async def tag_of(question: Question, parts: Sequence[Part], context: AppContext) -> str | None:
    return await SCOPES[question.scope].tag(question, parts, context)


async def compute(
    question: Question, parts: Sequence[Part], context: AppContext
) -> dict[str, object]:
    scope = SCOPES[question.scope]
    cut = [(part, scope.windows(question, part)) for part in parts]
    if sum(len(windows) for _, windows in cut) * len(question.kpis) > WINDOWS_MAX:
        raise query_too_large("values")
    summed = await scope.sums(context, cut, question.kpis)
    items: list[dict[str, object]] = []
    for (part, windows), sums in zip(cut, summed, strict=True):
        for number, window in enumerate(windows, start=1):
            items += _values(question, part, window, sums.get(number))
    return {
        "items": items,
        "ranges": [_range(question, part, windows) for part, windows in cut],
        "granularity": question.granularity,
        "source": "elements",
        "no_data": not any(summed),
    }


def _values(
    question: Question, part: Part, window: Window, sums: Sums | None
) -> Iterator[dict[str, object]]:
    """Yield the values of one window, one a KPI."""
    zone = part.clock.zone
    elements = question.subject.elements() if sums is None else sums.elements
    shared: dict[str, object] = {
        question.scope: part.name,
        "start": format_local(window.start_us, zone),
        "end": format_local(window.end_us, zone),
        "window": window.name,
        "coverage": elements.coverage,
        "late_share": elements.late_share,
        "provisional": window.end_us > part.clock.now_us or (sums is not None and sums.provisional),
        "computed_at": None if sums is None else sums.computed_at,
        **({} if sums is None else sums.beside),
    }
    for kpi in question.kpis:
        value, reason = (
            (None, _NO_DATA) if sums is None else kpi.compute(elements, divisor=question.divisor)
        )
        yield {
            **shared,
            "kpi": kpi.name,
            "value": value,
            "reason": reason,
            "unit": kpi.unit.value,
            "definition_version": kpi.version,
            "inputs": {name: getattr(elements, name) for name in kpi.inputs},
        }


def _range(question: Question, part: Part, windows: Sequence[Window]) -> dict[str, object]:
    zone = part.clock.zone
    return {
        question.scope: part.name,
        "start": format_local(windows[0].start_us if windows else part.span.start_us, zone),
        "end": format_local(windows[-1].end_us if windows else part.span.end_us, zone),
        "time_zone": zone.key,
    }
