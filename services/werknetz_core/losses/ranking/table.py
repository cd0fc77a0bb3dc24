"""A ranking of losses as a flat table: a column for each dimension, and for each currency."""

from collections.abc import Mapping
from typing import Any, Final

from werknetz_core.losses.ranking.query import DIMENSIONS
from werknetz_core.losses.ranking.schemas import ComparedLossView, LossRowView

Row = dict[str, Any]
_NUMBERS: Final = tuple(
    name for name in LossRowView.model_fields if name not in {*DIMENSIONS, "costs", "compared"}
)
_COMPARED: Final = {
    name: name if name.startswith("change") else f"compared_{name}"
    for name in ComparedLossView.model_fields
}


def table_of(ranking: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """Return the columns and the rows of a LossRankingView.

    Dimensions that it does not group by have no column, nor have groups beyond its limit a row.
    """
    items = ranking["items"]
    currencies = sorted({cost["currency"] for item in items for cost in item["costs"]})
    costs = [f"cost_{currency}" for currency in currencies]
    compared = [] if ranking["compared"] is None else [*_COMPARED.values()]
    columns = [*ranking["group_by"], *_NUMBERS, *costs, *compared]
    return columns, [_row_of(item) for item in items]


def _row_of(item: Mapping[str, Any]) -> Row:
    row = {**item, "absent": "; ".join(dict.fromkeys(item["absent"].values())) or None}
    row |= {f"cost_{cost['currency']}": cost["amount"] for cost in item["costs"]}
    if item["compared"] is not None:
        row |= {_COMPARED[name]: value for name, value in item["compared"].items()}
    return row
