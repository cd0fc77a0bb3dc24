"""KPIs of people, parts, material and capacity: values, and a reason where there is none."""

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES, EquipmentElements

CONSUMED = {"consumptions": 2.0, "consumed_units": 1.0, "cm": 80.0}
KNOWN = {"quality_known_s": 900.0, "quality_pq": 50.0, "quality_sq": 3.0, "gq_known_s": 900.0}

CASES = [
    ("worker_efficiency", {"attendances": 1, "apat_s": 28_800, "apwt_s": 21_600}, 0.75),
    ("worker_efficiency", {"apat_s": 28_800}, "nobody records attendance"),
    ("worker_efficiency", {"attendances": 1}, "the records have no attendance time"),
    ("first_pass_yield", {"ip": 4, "gp": 3}, 0.75),
    ("first_pass_yield", {"ip": 4}, 0.0),
    (
        "first_pass_yield", {},
        "no part with a serial number was inspected for the first time",
    ),
    ("finished_goods_ratio", {**CONSUMED, "gq": 72, "gq_known_s": 900}, 0.9),
    ("finished_goods_ratio", {**CONSUMED, "gq": 0, "gq_known_s": 900}, 0.0),
    ("finished_goods_ratio", {**CONSUMED, "gq": 72}, "nobody reports good parts"),
    (
        "finished_goods_ratio", {"gq": 72, "gq_known_s": 900},
        "no consumption of material is reported",
    ),
    (
        "finished_goods_ratio", {**CONSUMED, "gq": 72, "gq_known_s": 900, "consumed_units": 2},
        "the consumed materials have different units, or none",
    ),
    (
        "finished_goods_ratio", {**CONSUMED, "gq": 72, "gq_known_s": 900, "cm": 0},
        "the consumed quantity is 0",
    ),
    ("integrated_goods_ratio", {**CONSUMED, "igq": 40, "igq_entries": 1}, 0.5),
    ("production_loss_ratio", {**CONSUMED, "pl": 4, "pl_entries": 1}, 0.05),
    ("production_loss_ratio", {**CONSUMED, "pl": 0, "pl_entries": 2}, 0.0),
    ("production_loss_ratio", CONSUMED, "nobody enters production losses"),
    ("storage_and_transportation_loss_ratio", {**CONSUMED, "stl": 8, "stl_entries": 1}, 0.1),
    ("other_loss_ratio", {**CONSUMED, "ol": 2, "ol_entries": 1}, 0.025),
    ("other_loss_ratio", CONSUMED, "nobody enters other losses"),
    ("equipment_load_ratio", {"epc": 200, "epc_known_s": 900, "epc_pq": 150}, 0.75),
    (
        "equipment_load_ratio", {"epc_pq": 150},
        "no equipment production capacity is known for the planned time",
    ),
    ("actual_to_planned_scrap_ratio", {**KNOWN, "psq": 2, "psq_entries": 1}, 1.5),
    ("actual_to_planned_scrap_ratio", KNOWN, "no planned scrap quantity is entered"),
    (
        "actual_to_planned_scrap_ratio", {**KNOWN, "psq": 0, "psq_entries": 1},
        "the planned scrap quantity is 0",
    ),
    (
        "actual_to_planned_scrap_ratio", {"psq": 2, "psq_entries": 1},
        "nobody reports the good quantity",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "elements", "expected"), CASES)
def test_a_value_or_a_reason(name: str, elements: dict[str, float], expected: float | str) -> None:
    value, reason = CATALOGUE[name].compute(EquipmentElements(**elements))
    assert (value if reason is None else reason) == expected


def test_unknown_states_do_not_hide_facts() -> None:
    unknown = EquipmentElements(pbt_s=900, unknown_s=900, attendances=1, apat_s=900, apwt_s=450)
    assert CATALOGUE["worker_efficiency"].compute(unknown) == (0.5, None)
    assert CATALOGUE["availability"].compute(unknown)[0] is None


@pytest.mark.parametrize(
    ("inputs", "is_lacking"),
    [(["apt_s"], True), (["apat_s", "apwt_s"], False), (["apat_s", "apt_s"], True), ([], False)],
)
def test_without_a_known_state_only_facts_have_data(inputs: list[str], is_lacking: bool) -> None:
    unknown = EquipmentElements(pbt_s=900, unknown_s=900, apat_s=900)
    assert unknown.lacks_data_for(inputs) is is_lacking
    assert EquipmentElements(pbt_s=900).lacks_data_for(inputs) is False


def test_without_facts_every_sum_is_zero() -> None:
    nothing = EquipmentElements()
    assert [getattr(nothing, name) for name in FACT_ELEMENT_NAMES] == [0.0] * len(
        FACT_ELEMENT_NAMES
    )


def test_the_sums_of_parts_add_up() -> None:
    part = EquipmentElements(**dict.fromkeys(FACT_ELEMENT_NAMES, 2.0), pq=3)
    both = part + part
    assert all(getattr(both, name) == 4 for name in FACT_ELEMENT_NAMES)
    assert both.pq == 6
