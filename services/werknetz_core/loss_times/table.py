"""Loss times as a flat table: a row for each step, then one for each of its parts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from werknetz_core.loss_times.schemas import LossPartView

Row = dict[str, Any]
_OF_EQUIPMENT: Final = ("equipment", "start", "end")
_OF_PART: Final = tuple(name for name in LossPartView.model_fields if name not in {"step", "costs"})


def table_of(answer: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """Return the columns and the rows of a LossTimesListView.

    A step has the kind `step` and no category; each is the one before it less that one's parts.
    """
    items = answer["items"]
    costs = {cost["currency"] for item in items for p in item["parts"] for cost in p["costs"]}
    currencies = [f"cost_{currency}" for currency in sorted(costs)]
    columns = [*_OF_EQUIPMENT, "step", *_OF_PART, *currencies, "provisional"]
    return columns, [row for item in items for row in _rows_of(item)]


def _rows_of(item: Mapping[str, Any]) -> Iterator[Row]:
    if item["no_data"]:
        return
    shared = {name: item[name] for name in (*_OF_EQUIPMENT, "provisional")}
    for step in item["steps"]:
        yield {**shared, **step, "step": step["name"], "kind": "step"}
        for part in item["parts"]:
            if part["step"] == step["name"]:
                costs = {f"cost_{cost['currency']}": cost["amount"] for cost in part["costs"]}
                yield {**shared, **part, **costs}
