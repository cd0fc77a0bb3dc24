"""Loss times as a flat table: each step is followed by its parts."""

from typing import Any

from werknetz_core.loss_times.table import table_of


def part(category: str, step: str, **fields: object) -> dict[str, Any]:
    return {
        "category": category, "step": step, "kind": "loss", "parent": None, "big_loss": None,
        "description": category, "seconds": 60.0, "share": 0.5, "stops": 1, "pieces": None,
        "costs": [], **fields,
    }  # fmt: skip


def times(equipment: str, *parts: dict[str, Any], no_data: bool = False) -> dict[str, Any]:
    return {
        "equipment": equipment, "start": "s", "end": "e", "provisional": False, "no_data": no_data,
        "steps": [
            {"name": "busy", "seconds": 120.0, "share": 1.0},
            {"name": "good", "seconds": 60.0, "share": 0.5},
        ],
        "parts": [*parts],
    }  # fmt: skip


def test_parts_follow_their_step() -> None:
    item = times("n/a", part("scrap", "good"), part("idle", "busy"))
    columns, rows = table_of({"items": [item]})
    assert columns == [
        "equipment", "start", "end", "step", "category", "kind", "parent", "big_loss",
        "description", "seconds", "share", "stops", "pieces", "provisional",
    ]  # fmt: skip
    assert [(row["step"], row["kind"], row.get("category")) for row in rows] == [
        ("busy", "step", None), ("busy", "loss", "idle"), ("good", "step", None),
        ("good", "loss", "scrap"),
    ]  # fmt: skip
    assert {(row["equipment"], row["start"], row["end"]) for row in rows} == {("n/a", "s", "e")}


def test_each_currency_of_any_equipment_is_a_column() -> None:
    euro, zloty = ({"amount": 12.5, "currency": "EUR"}, {"amount": 4.0, "currency": "PLN"})
    columns, rows = table_of(
        {
            "items": [
                times("n/a", part("idle", "busy", costs=[zloty])),
                times("n/b", part("idle", "busy", costs=[euro])),
            ]
        }
    )
    assert columns[-3:] == ["cost_EUR", "cost_PLN", "provisional"]
    assert [(r.get("cost_EUR"), r.get("cost_PLN")) for r in rows if r["kind"] == "loss"] == [
        (None, 4.0), (12.5, None),
    ]  # fmt: skip


def test_equipment_without_data_has_no_rows() -> None:
    _, rows = table_of({"items": [times("n/a", no_data=True), times("n/b")]})
    assert {row["equipment"] for row in rows} == {"n/b"}
