"""A ranking as a flat table: its columns are those that the ranking has."""

from typing import Any

from werknetz_core.losses.ranking.query import DIMENSIONS
from werknetz_core.losses.ranking.table import table_of

NUMBERS = [
    "absent", "kind", "seconds", "share", "busy_share", "cumulative_share", "stops", "pieces",
]  # fmt: skip
COMPARED = {
    "seconds": 30.0, "stops": 1, "share": 0.5, "busy_share": 0.1, "change_s": 30.0,
    "change_points": 2.5,
}  # fmt: skip


def item(**fields: object) -> dict[str, Any]:
    return {
        **dict.fromkeys(DIMENSIONS), "absent": {}, "kind": "loss", "seconds": 60.0, "share": 0.5,
        "busy_share": 0.1, "cumulative_share": 0.5, "stops": 2, "pieces": None, "costs": [],
        "compared": None, **fields,
    }  # fmt: skip


def test_only_dimensions_of_the_grouping_are_columns() -> None:
    columns, [row] = table_of(
        {"group_by": ["line", "reason"], "compared": None, "items": [item(line="l")]}
    )
    assert columns == ["line", "reason", *NUMBERS]
    assert (row["line"], row["reason"], row["absent"], row["seconds"]) == ("l", None, None, 60.0)


def test_each_currency_is_a_column_of_numbers() -> None:
    euro, zloty = ({"amount": 12.5, "currency": "EUR"}, {"amount": 4.0, "currency": "PLN"})
    columns, rows = table_of(
        {
            "group_by": ["category"],
            "compared": None,
            "items": [item(costs=[zloty]), item(costs=[euro, zloty]), item()],
        }
    )
    assert columns[-2:] == ["cost_EUR", "cost_PLN"]
    assert [(row.get("cost_EUR"), row.get("cost_PLN")) for row in rows] == [
        (None, 4.0), (12.5, 4.0), (None, None),
    ]  # fmt: skip


def test_why_values_are_absent_is_written_once() -> None:
    no_order = {"order": "no order", "shift": "between shifts", "reason": "no order"}
    _, [row] = table_of({"group_by": ["order"], "compared": None, "items": [item(absent=no_order)]})
    assert row["absent"] == "no order; between shifts"


def test_what_is_compared_has_columns_of_its_own() -> None:
    ranking = {"group_by": ["category"], "compared": {}, "items": [item(compared=COMPARED)]}
    columns, [row] = table_of(ranking)
    assert columns[-6:] == [
        "compared_seconds", "compared_stops", "compared_share", "compared_busy_share", "change_s",
        "change_points",
    ]  # fmt: skip
    assert [row[name] for name in columns[-6:]] == [*COMPARED.values()]
    assert row["seconds"] == 60.0
