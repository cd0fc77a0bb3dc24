"""Each formula near zero: half a second is time, half a unit is a quantity, and nothing is none."""

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Divisor
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.formulas.maintenance import mttr
from werknetz.kpi.formulas.working_time import availability

REPORTED = {"pq_known_s": 0.5, "gq_known_s": 0.5, "sq_known_s": 0.5, "rq_known_s": 0.5}
RUN = {"quantity_known_s": 0.5, "gq_known_s": 0.5, "pq_known_s": 0.5}
NO_BUSY_TIME = "no planned busy time"
NOTHING_PRODUCED = "nothing was produced"
NO_GOOD, NO_PRODUCED = (
    "nobody reports the good quantity", "nobody reports the produced quantity",
)  # fmt: skip
NO_RUN_TIME = "no planned run time per item is known"

CASES: list[tuple[str, dict[str, float], float | str]] = [
    ("allocation_efficiency", {"pbt_s": 0.5, "apt_s": 0.125, "adet_s": 0.125}, 0.5),
    ("allocation_efficiency", {"pbt_s": 0.75, "unknown_s": 0.25, "aust_s": 0.25}, 0.5),
    ("utilization_efficiency", {"apt_s": 0.25, "adet_s": 0.25}, 0.5),
    ("utilization_efficiency", {}, "the machine was not busy with an order"),
    ("availability", {"pbt_s": 0.5, "apt_s": 0.25}, 0.5),
    ("availability", {"apt_s": 0.25}, NO_BUSY_TIME),
    ("setup_ratio", {"apt_s": 0.25, "aust_s": 0.25}, 0.5),
    ("setup_ratio", {}, "no processing time"),
    ("technical_efficiency", {"apt_s": 0.25, "adet_s": 0.25}, 0.5),
    ("technical_efficiency", {}, "neither production nor delay"),
    ("production_process_ratio", {"apt_s": 0.25, "aoet_s": 0.75, "aoet_unknown_s": 0.25}, 0.5),
    ("production_process_ratio", {}, "no order ran"),
    ("oee", {"pbt_s": 0.5, "judged_s": 0.5, "judged_pri_gq_s": 0.25, **RUN}, 0.5),
    ("oee", {"pbt_s": 0.5, "judged_s": 1e-6, "judged_pri_gq_s": 1e-6, **RUN}, 1.0),
    ("oee", {"judged_s": 0.5, "judged_pri_gq_s": 0.25, **RUN}, NO_BUSY_TIME),
    ("oee", {"pbt_s": 0.5, "judged_s": 0.5e-6, **RUN}, "no good data"),
    ("oee", {"pbt_s": 0.5}, NO_GOOD),
    ("oee", {"pbt_s": 0.5, "gq_known_s": 0.5}, NO_RUN_TIME),
    ("nee", {"pbt_s": 0.5, "judged_s": 0.5, "judged_pri_gq_s": 0.25, "judged_apt_s": 0.25,
             "judged_aust_s": 0.125, **RUN}, 0.75),
    ("nee", {"pbt_s": 0.5, "judged_s": 0.5, **RUN}, 0.0),  # without good items
    ("nee", {"pbt_s": 0.5, "judged_s": 0.5, "judged_pri_gq_s": 0.25, **RUN}, "no production time"),
    ("nee", {"pbt_s": 0.5}, NO_GOOD),
    ("ooe", {"pot_s": 1.0, "pbt_s": 0.5, "quantity_known_pot_s": 1.0, "quantity_known_s": 0.5,
             "judged_s": 0.25, "judged_pri_gq_s": 0.25, "gq_known_s": 1.0}, 0.25 / 0.75),
    ("ooe", {}, "no planned operation time"),
    ("teep", {"pot_s": 0.5, "off_shift_s": 0.5, "pbt_s": 0.5, "quantity_known_calendar_s": 1.0,
              "quantity_known_s": 0.5, "judged_s": 0.25, "judged_pri_gq_s": 0.25}, 0.25 / 0.75),
    ("teep", {}, "no time has passed"),
    ("effectiveness", {"pace_apt_s": 0.5, "pace_pri_pq_s": 0.25}, 0.5),
    ("effectiveness", {}, NO_PRODUCED),
    ("effectiveness", {"pq_known_s": 0.5}, NO_RUN_TIME),
    ("effectiveness", {"pq_known_s": 0.5, "pace_known_s": 0.5}, "no production time"),
    ("quality_ratio", {"quality_pq": 0.5, "quality_gq": 0.25}, 0.5),
    ("quality_ratio", {"quality_known_s": 0.5}, NOTHING_PRODUCED),
    ("quality_ratio", {}, NO_GOOD),
    ("quality_ratio", {"gq_known_s": 0.5}, NO_PRODUCED),
    ("quality_ratio", {"gq_known_s": 0.5, "pq_known_s": 0.5},
     "nobody reports scrap, nor both produced and good quantity"),
    ("quality_ratio", REPORTED, NOTHING_PRODUCED),
    ("scrap_ratio", {"quality_pq": 0.5, "quality_sq": 0.25}, 0.5),
    ("earned_quality_ratio", {"quality_pri_pq_s": 0.5, "quality_pri_gq_s": 0.25}, 0.5),
    ("earned_quality_ratio", {"quality_pq": 0.5}, NO_RUN_TIME),
    ("earned_quality_ratio", {}, NO_GOOD),
    ("rework_ratio", {"rework_pq": 0.5, "rework_rq": 0.25}, 0.5),
    ("rework_ratio", {}, "nobody reports rework"),
    ("rework_ratio", {"rq_known_s": 0.5}, NO_PRODUCED),
    ("rework_ratio", {"rq_known_s": 0.5, "pq_known_s": 0.5}, NOTHING_PRODUCED),
    ("corrective_maintenance_ratio", {"cmt_s": 0.25, "pmt_s": 0.25}, 0.5),
    ("corrective_maintenance_ratio", {}, "no maintenance"),
    ("mtbf", {"apt_s": 0.25, "aust_s": 0.125, "ttr_s": 0.125}, 0.5),
    ("mtbf", {}, "the machine was not busy with an order"),
    ("mttf", {"apt_s": 0.25, "aust_s": 0.25, "ttr_s": 9}, 0.5),
    ("mttf", {"ttr_s": 9}, "the machine was not busy with an order"),
    ("mttr", {"ttr_s": 0.5}, 0.5),
    ("mttr", {}, "no failure"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "elements", "expected"), CASES)
def test_a_value_or_the_reason(
    name: str, elements: dict[str, float], expected: float | str
) -> None:
    value, reason = CATALOGUE[name].compute(EquipmentElements(**elements))
    assert (value if reason is None else reason) == pytest.approx(expected)


STRICT: list[tuple[str, dict[str, float], float | None]] = [
    # Time of unknown state is a loss.
    ("availability", {"pbt_s": 1.0, "unknown_s": 0.5, "apt_s": 0.25}, 0.25),
    ("availability", {"pbt_s": 1.0, "unknown_s": 1.0}, None),
    ("allocation_efficiency", {"pbt_s": 1.0, "unknown_s": 0.5, "aust_s": 0.25}, 0.25),
    ("production_process_ratio", {"aoet_s": 1.0, "aoet_unknown_s": 0.5, "apt_s": 0.25}, 0.25),
    ("oee", {"quantity_known_s": 0.5, "pri_gq_s": 0.25}, 0.5),
    ("oee", {"pbt_s": 0.5, "unknown_s": 0.5, "quantity_known_s": 0.5, "pri_gq_s": 0.25}, 0.5),
    ("oee", {}, None),
    ("nee", {"quantity_known_s": 0.5, "pri_gq_s": 0.25, "judged_apt_s": 0.25,
             "judged_aust_s": 0.125}, 0.75),
    ("nee", {"quantity_known_s": 0.5}, 0.0),
    ("nee", {"quantity_known_s": 0.5, "pri_gq_s": 0.25}, None),
    ("nee", {}, None),
    ("ooe", {"quantity_known_pot_s": 0.5, "pri_gq_s": 0.25}, 0.5),
    ("teep", {"quantity_known_calendar_s": 0.5, "pri_gq_s": 0.25}, 0.5),
    # Unknown time makes no difference.
    ("setup_ratio", {"apt_s": 0.25, "aust_s": 0.25}, 0.5),
    ("setup_ratio", {}, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "elements", "expected"), STRICT)
def test_a_strict_value(name: str, elements: dict[str, float], expected: float | None) -> None:
    value = CATALOGUE[name].compute_strict(EquipmentElements(**elements))
    assert value == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("failures", "divisor", "expected"),
    [
        (0, Divisor.FAILURES_PLUS_ONE, 6),
        (1, Divisor.FAILURES_PLUS_ONE, 3),
        (2, Divisor.FAILURES_PLUS_ONE, 2),
        (0, Divisor.FAILURES, None),
        (1, Divisor.FAILURES, 6),
        (2, Divisor.FAILURES, 3),
    ],
)
def test_mean_times_by_divisor(failures: int, divisor: Divisor, expected: float | None) -> None:
    elements = EquipmentElements(ttr_s=6.0, fe=failures)
    assert CATALOGUE["mttr"].compute(elements, divisor=divisor)[0] == expected
    assert CATALOGUE["mttr"].compute_strict(elements, divisor=divisor) == expected


@pytest.mark.parametrize(
    ("elements", "coverage", "known_s", "plan_share", "quantity_share", "late_share"),
    [
        ({"pbt_s": 0.5, "unknown_s": 0.125}, 0.75, 0.375, None, 0, None),
        ({"pbt_s": 1e-6}, 1, 1e-6, None, 0, None),
        ({"pbt_s": 0.5, "unknown_s": 0.5 - 0.5e-6}, 1e-6, 0, None, 0, None),
        ({"pot_s": 0.5, "off_shift_s": 0.5, "plan_known_s": 0.25}, None, 0, 0.25, None, None),
        ({"pbt_s": 0.5, "quantity_known_s": 0.25}, 1, 0.5, None, 0.5, None),
        ({"samples": 4, "late_samples": 1}, None, 0, None, None, 0.25),
    ],
)
def test_shares_of_small_amounts(
    elements: dict[str, float], coverage: float | None, known_s: float, plan_share: float | None,
    quantity_share: float | None, late_share: float | None,
) -> None:  # fmt: skip
    e = EquipmentElements(**elements)
    assert e.coverage == (None if coverage is None else pytest.approx(coverage))
    assert e.known_pbt_s == known_s
    assert (e.plan_share, e.quantity_share(), e.late_share) == (
        plan_share, quantity_share, late_share,
    )  # fmt: skip


def test_a_formula_can_be_called_and_has_the_scopes_of_its_subject() -> None:
    assert availability(EquipmentElements(pbt_s=4.0, apt_s=1.0)) == 0.25
    assert mttr(EquipmentElements(ttr_s=4.0, fe=1.0), Divisor.FAILURES_PLUS_ONE) == 2.0
    assert CATALOGUE["oee"].scope == ("enterprise", "plant", "area", "line", "machine")
    assert CATALOGUE["otif"].scope == CATALOGUE["otif"].subject.scopes
