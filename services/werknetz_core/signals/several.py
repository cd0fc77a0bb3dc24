"""Samples of several signals in one answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import Request, Response

from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.formats import Format
from werknetz_core.http.list_params import DEFAULT_LIST_PARAMS, list_response, select_fields
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.limits.weight import ROWS_PER_UNIT, Reads
from werknetz_core.signals.samples import SamplePage, SampleQuery, load_samples
from werknetz_core.signals.schemas import SignalView

SIGNALS_MAX: Final = 50


async def several_response(
    request: Request,
    context: AppContext,
    signals: Sequence[SignalView],
    query: SampleQuery,
    principal: Principal,
) -> Response:
    """Respond with the first page of each signal."""
    if query.params.cursor is not None:
        raise invalid_parameter(
            "cursor",
            Sentence("requests.several_without_cursor"),
            Sentence("requests.send_cursor_of_item"),
        )
    # As many requests of one signal would weigh as much.
    further = Reads((len(signals) - 1) * ROWS_PER_UNIT)
    await context.admission.charge(principal.key_id, further)
    pages = [(signal, await load_samples(context, signal, query, principal)) for signal in signals]
    if query.params.output.format is Format.JSON:
        items = [_item_of(signal, page, query) for signal, page in pages]
        shown = replace(DEFAULT_LIST_PARAMS, output=query.params.output)
        return list_response(request, shown, items, list(items[0]) if items else ())
    names = dict.fromkeys(name for _, page in pages for name in page.fields)
    rows = [{"signal": signal.key, **row} for signal, page in pages for row in page.items]
    return list_response(request, query.params, rows, ["signal", *names])


def _item_of(signal: SignalView, page: SamplePage, query: SampleQuery) -> dict[str, Any]:
    names = select_fields(query.params.fields, page.fields)
    rows = page.items
    if query.params.fields:
        rows = [{name: row.get(name) for name in names} for row in rows]
    return {"id": signal.id, "equipment": signal.equipment, **page.envelope, "items": rows}
