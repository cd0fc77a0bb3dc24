"""Which warehouse the deliveries of a relation go to: one at its plant that has the material."""

from werknetz_core.forecast.inputs import Relation, Warehouse
from werknetz_core.forecast.warehouse_of_relation import place_by_relation

HALL = Warehouse(1, "hall", 10, 100, "a/p")
STORE = Warehouse(2, "store", 11, 100, "a/p")  # another site of the same plant
FAR = Warehouse(3, "far", 12, 200, "a/q")
ALL_WAREHOUSES = (HALL, STORE, FAR)
BRACKET = Relation(7, 50, 10, 100)


def place_of(
    relation: Relation, consumed: set[tuple[int, int]], stocked: set[tuple[int, int]]
) -> object:
    return place_by_relation([relation], ALL_WAREHOUSES, consumed, stocked).get(relation.id)


def test_a_warehouse_that_lines_consume_from_comes_first() -> None:
    assert place_of(BRACKET, {(2, 50)}, {(1, 50)}) == (2, 50)
    assert place_of(BRACKET, {(3, 50)}, {(2, 50)}) == (2, 50)  # lines of another plant do not count
    assert place_of(BRACKET, set(), {(2, 50)}) == (2, 50)
    assert place_of(BRACKET, {(1, 50), (2, 50)}, set()) == (1, 50)
    assert place_of(BRACKET, {(2, 51)}, {(2, 51)}) == (
        1,
        50,
    )  # the site's own warehouse


def test_a_relation_without_a_warehouse_is_left_out() -> None:
    assert place_of(Relation(7, 50, None, None), {(1, 50)}, {(1, 50)}) is None
    assert place_of(Relation(7, 50, 99, None), {(1, 50)}, set()) is None
    assert place_of(Relation(7, 50, 12, 200), {(1, 50)}, {(1, 50)}) == (3, 50)
