"""A KPI's statement sums its inputs alone, so a formula may look at nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES, EquipmentElements
from werknetz.store.tables import ELEMENT_COLUMNS
from werknetz_core.kpis.scopes.machines import element_names

NAMES = (*ELEMENT_NAMES, *FACT_ELEMENT_NAMES)
NUMBERS = st.lists(st.floats(0, 1e6), min_size=len(NAMES), max_size=len(NAMES))


@pytest.mark.parametrize("name", KPIS)
@given(numbers=NUMBERS)
def test_a_formula_sees_only_its_inputs(name: str, numbers: list[float]) -> None:
    kpi = KPIS[name]
    whole = dict(zip(NAMES, numbers, strict=True))
    summed = {name: value for name, value in whole.items() if name in element_names([kpi])}
    assert kpi.compute(EquipmentElements(**summed)) == kpi.compute(EquipmentElements(**whole))


def test_every_input_is_summed() -> None:
    assert element_names(list(KPIS.values())) <= {*ELEMENT_COLUMNS, *FACT_ELEMENT_NAMES}
