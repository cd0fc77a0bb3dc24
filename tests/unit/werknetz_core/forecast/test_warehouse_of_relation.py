"""Which warehouse a relation fills: the one near its site that has the material."""

from werknetz_core.forecast.inputs import Relation, Warehouse
from werknetz_core.forecast.warehouse_of_relation import fed_by

HALL = Warehouse(1, "hall", 10, 100, "a/p")
STORE = Warehouse(2, "store", 11, 100, "a/p")  # another site of the same plant
FAR = Warehouse(3, "far", 12, 200, "a/q")
EVERY = (HALL, STORE, FAR)
BRACKET = Relation(7, 50, 10, 100)


def place(relation: Relation, taken: set[tuple[int, int]], kept: set[tuple[int, int]]) -> object:
    return fed_by([relation], EVERY, taken, kept).get(relation.id)


def test_where_lines_take_it_from_comes_first() -> None:
    assert place(BRACKET, {(2, 50)}, {(1, 50)}) == (2, 50)
    assert place(BRACKET, {(3, 50)}, {(2, 50)}) == (2, 50)  # another plant's line says nothing
    assert place(BRACKET, set(), {(2, 50)}) == (2, 50)
    assert place(BRACKET, {(1, 50), (2, 50)}, set()) == (1, 50)
    assert place(BRACKET, {(2, 51)}, {(2, 51)}) == (1, 50)  # the site's own, of another material


def test_what_goes_to_no_warehouse_is_left_out() -> None:
    assert place(Relation(7, 50, None, None), {(1, 50)}, {(1, 50)}) is None
    assert place(Relation(7, 50, 99, None), {(1, 50)}, set()) is None
    assert place(Relation(7, 50, 12, 200), {(1, 50)}, {(1, 50)}) == (3, 50)
