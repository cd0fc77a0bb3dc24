from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.store.tables import ELEMENT_COLUMNS

COUNTS = st.integers(0, 10**6).map(float)
ELEMENTS = st.builds(Elements, **dict.fromkeys(ELEMENT_NAMES, COUNTS))


def test_elements_are_the_columns_of_the_table() -> None:
    assert ELEMENT_NAMES == ELEMENT_COLUMNS


@settings(deadline=None, max_examples=60)
@given(st.lists(ELEMENTS, max_size=5), st.integers(0, 5))
def test_a_sum_does_not_depend_on_how_it_is_split(parts: list[Elements], at: int) -> None:
    whole = Elements.sum(parts)
    assert Elements.sum(parts[:at]) + Elements.sum(parts[at:]) == whole
    for field in fields(Elements):
        assert getattr(whole, field.name) == sum(getattr(part, field.name) for part in parts)


def test_a_row_becomes_elements() -> None:
    row = dict.fromkeys(ELEMENT_NAMES, 2.0) | {"pq": None, "equipment_id": 7}
    elements = Elements.of(row)
    assert (elements.pq, elements.gq, elements.aubt_s, elements.late_share) == (0, 2, 6, 1)


def test_coverage_is_unknown_without_a_plan() -> None:
    assert Elements().coverage is None
    assert Elements(pbt_s=100, unknown_s=25).coverage == 0.75
