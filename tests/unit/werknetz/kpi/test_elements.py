from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.kpi.additive import PartialReader
from werknetz.kpi.elements import ELEMENT_NAMES, NEGLIGIBLE_S, Elements
from werknetz.kpi.losses.times import LOSS_INPUTS, loss_times_of
from werknetz.store.tables import ELEMENT_COLUMNS

COUNTS = st.integers(0, 10**6).map(float)
ELEMENTS = st.builds(Elements, **dict.fromkeys(ELEMENT_NAMES, COUNTS))


def test_elements_are_the_columns_of_the_table() -> None:
    assert ELEMENT_NAMES == ELEMENT_COLUMNS


def test_nothing_is_zero_of_each_element() -> None:
    assert {getattr(Elements(), name) for name in ELEMENT_NAMES} == {0.0}
    assert Elements.sum([]) == Elements()


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


def test_a_quantity_that_nobody_reports_is_none() -> None:
    assert Elements().find_reported("pq") is None
    assert Elements(pq_known_s=900).find_reported("pq") == 0
    assert Elements(pq=3).find_reported("pq") == 3
    assert Elements().find_reported("apt_s") == 0


def test_shares_are_of_planned_and_calendar_time() -> None:
    e = Elements(pot_s=300, off_shift_s=100, pbt_s=200, plan_known_s=100, quality_known_s=50)
    assert (e.plan_share, e.quantity_share("quality_known_s"), e.quantity_share()) == (
        0.25,
        0.25,
        0,
    )
    assert (Elements().plan_share, Elements().quantity_share()) == (None, None)


def test_a_rest_of_sums_is_no_known_time() -> None:
    assert not Elements(pbt_s=NEGLIGIBLE_S).lacks_data_for(["apt_s"])
    assert Elements(pbt_s=0.9 * NEGLIGIBLE_S).lacks_data_for(["apt_s"])
    assert not Elements().lacks_data_for(["apt_s"])
    assert Elements(pbt_s=900, unknown_s=900 - 1e-9).lacks_data_for(["apt_s"])
    assert not Elements(pbt_s=900, unknown_s=899).lacks_data_for(["apt_s"])
    assert not Elements(pbt_s=900, unknown_s=900).lacks_data_for(["pq", "pq_known_s", "pri_pq_s"])


def test_a_partial_reader_reads_only_what_it_names() -> None:
    read = PartialReader(Elements, ["pbt_s", "pq"])
    elements = read({"pbt_s": 900.0, "pq": None, "gq": 7.0})
    assert (elements.pbt_s, elements.pq) == (900.0, 0.0)
    with pytest.raises(AttributeError):
        _ = elements.gq


@given(ELEMENTS)
def test_loss_times_read_only_their_inputs(elements: Elements) -> None:
    row = {name: getattr(elements, name) for name in LOSS_INPUTS}
    assert loss_times_of(PartialReader(Elements, LOSS_INPUTS)(row)) == loss_times_of(elements)
