"""The list of suppliers with KPIs: sorted by rank, name or key; a flat table beside JSON."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from fastapi import Request, Response

from werknetz.texts.sentence import Sentence
from werknetz_core.http.formats import Format
from werknetz_core.http.list_params import ListParams, columns_of, list_response
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.suppliers.kpis import RANKED_LINES_MIN, SupplierKpis, rank_text
from werknetz_core.suppliers.schemas import OpenLinesView, SupplierKpisView, SupplierView

_SORT_KEYS: Final = ("key", "name", "rank")
_LISTS: Final = ("open_by_age", "weeks", "policies")
_FLAT: Final = (
    *(name for name in SupplierView.model_fields if name != "kpis"),
    *(name for name in SupplierKpisView.model_fields if name not in _LISTS),
    *OpenLinesView.model_fields, "policies",
)  # fmt: skip


def refuse_span_without_kpis(start: str | None, end: str | None) -> None:
    """Raise 422 for a span of a list that has no KPIs."""
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            raise invalid_parameter(
                name, Sentence("supply.span_without_kpis", name=name),
                Sentence("supply.send_with_kpis"),
            )  # fmt: skip


def respond_with_kpis(
    request: Request, params: ListParams, suppliers: Sequence[sa.RowMapping], kpis: SupplierKpis
) -> Response:
    """Respond with a page of the suppliers. JSON has their KPIs as an object, tables as columns."""
    rows, next_cursor = sort_and_paginate(
        [_sortable(dict(row), kpis) for row in suppliers],
        params, default="key", keys=_SORT_KEYS, tie="key",
    )  # fmt: skip
    is_json = params.output.format is Format.JSON
    views = [SupplierView(**row["supplier"]) for row in rows]
    return list_response(
        request, params, views if is_json else [_flat_row(view) for view in views],
        columns_of(SupplierView) if is_json else _FLAT, next_cursor=next_cursor,
        envelope={
            "next_cursor": next_cursor,
            "period": kpis.period.view().model_dump(),
            "policies": [policy.model_dump() for policy in kpis.policies],
            "ranked_lines_min": RANKED_LINES_MIN,
        },
    )  # fmt: skip


def _sortable(supplier: dict[str, Any], kpis: SupplierKpis) -> dict[str, Any]:
    """Return what a supplier is sorted by: one without a rank comes last."""
    of_supplier = kpis.by_key.get(supplier["key"])
    return {
        "key": supplier["key"],
        "name": supplier["name"],
        "rank": rank_text(of_supplier),
        "supplier": {**supplier, "kpis": of_supplier},
    }


def _flat_row(view: SupplierView) -> dict[str, Any]:
    row = view.model_dump(exclude={"kpis"})
    if view.kpis is None:
        return row
    numbers = view.kpis.model_dump(exclude={*_LISTS})
    policies = " ".join(view.kpis.policies)
    return {**row, **numbers, **view.kpis.open_by_age.model_dump(), "policies": policies}
