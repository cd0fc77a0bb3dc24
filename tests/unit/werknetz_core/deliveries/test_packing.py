"""Handling units as trees: whatever labels say, each unit stands once and no line is lost."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from werknetz_core.deliveries.shipments.packing import handling_unit_tree
from werknetz_core.deliveries.shipments.schemas import HandlingUnitView

LABELS = "abcdef"


def unit(label: str, above: str | None) -> dict[str, Any]:
    return {"label": label, "parent_label": above, "package_type": None}


def walk(views: list[HandlingUnitView]) -> list[HandlingUnitView]:
    visited, waiting = [], list(views)
    while waiting:
        visited.append(waiting.pop())
        waiting += visited[-1].contains
    return visited


def test_boxes_lie_on_their_pallet() -> None:
    line = UUID(int=7)
    [pallet] = handling_unit_tree([unit("b", "p"), unit("p", None), unit("c", "p")], {"c": [line]})
    assert [(box.label, box.lines) for box in pallet.contains] == [("b", []), ("c", [line])]


def test_an_unknown_pallet_does_not_hide_its_contents() -> None:
    assert [view.label for view in handling_unit_tree([unit("b", "p")], {})] == ["b"]


@given(st.dictionaries(st.sampled_from(LABELS), st.sampled_from([None, *LABELS])))
def test_each_unit_stands_once_also_in_circles(parents: dict[str, str | None]) -> None:
    visited = walk(handling_unit_tree([unit(label, above) for label, above in parents.items()], {}))
    assert sorted(view.label for view in visited) == sorted(parents)
