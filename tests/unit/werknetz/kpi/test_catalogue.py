"""Worked numbers, and the identities that hold between KPIs whatever the numbers are."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbing.reported_elements import all_reported
from werknetz.kpi.additive import element_names
from werknetz.kpi.catalogue import CATALOGUE, FORMULA_FILES, KPIS, Divisor, Timing
from werknetz.kpi.definition import Trend, Undefined, kpi
from werknetz.kpi.elements import Elements
from werknetz.kpi.facts.elements import EquipmentElements

# The textbook example of OEE: a shift of 480 minutes, 60 of breaks, 47 down, one ideal part a
# second, 19,271 parts of which 423 were rejected: 88.81 % × 86.11 % × 97.80 % = 74.79 %.
TEXTBOOK = all_reported(EquipmentElements(
    pot_s=480 * 60, pdot_s=60 * 60, pbt_s=420 * 60, apt_s=373 * 60, adet_s=47 * 60,
    malfunction_s=47 * 60, ttr_s=47 * 60, fe=2, aoet_s=420 * 60, off_shift_s=960 * 60,
    pq=19271, gq=19271 - 423, sq=423, pri_pq_s=19271,
))  # fmt: skip
# With every kind of loss: minutes of a shift of 8 h with 30 of break.
PLAIN = EquipmentElements(
    pot_s=28800, pdot_s=1800, pbt_s=27000, apt_s=18000, aust_s=3600, adet_s=4500, adot_s=900,
    malfunction_s=2700, blocked_s=600, starved_s=1200, ttr_s=2700, fe=2, cmt_s=900, pmt_s=300,
    aoet_s=27900, pq=600, gq=570, sq=30, rq=12, pri_pq_s=600 * 27,
)  # fmt: skip
FULL = all_reported(PLAIN)


def value(name: str, elements: Elements, divisor: Divisor = Divisor.FAILURES_PLUS_ONE) -> float:
    value, reason = KPIS[name].compute(elements, divisor=divisor)
    assert reason is None
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("name", "percent"),
    [
        ("oee_classic", 74.79), ("oee", 74.79), ("availability", 88.81), ("effectiveness", 86.11),
        ("quality_ratio", 97.80), ("scrap_ratio", 2.20), ("teep", 74.79 * 420 / 1440),
        ("ooe", 74.79 * 420 / 480),
    ],
)  # fmt: skip
def test_the_textbook_shift(name: str, percent: float) -> None:
    assert value(name, TEXTBOOK) * 100 == pytest.approx(percent, abs=0.01)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("allocation_efficiency", 26100 / 27000), ("utilization_efficiency", 18000 / 26100),
        ("oee", 27 * 570 / 27000), ("nee", 0.8 * 0.9 * 0.95), ("availability", 18000 / 27000),
        ("effectiveness", 0.9), ("quality_ratio", 0.95), ("setup_ratio", 3600 / 21600),
        ("technical_efficiency", 18000 / 22500), ("production_process_ratio", 18000 / 27900),
        ("scrap_ratio", 0.05), ("rework_ratio", 0.02), ("mtbf", 24300 / 3), ("mttf", 21600 / 3),
        ("mttr", 900), ("corrective_maintenance_ratio", 0.75),
    ],
)  # fmt: skip
def test_a_shift_with_every_kind_of_loss(name: str, expected: float) -> None:
    assert value(name, FULL) == pytest.approx(expected)


def test_the_divisor_of_mean_times_is_an_option() -> None:
    assert value("mttr", FULL, Divisor.FAILURES) == 1350
    assert KPIS["mtbf"].compute(replace(FULL, fe=0), divisor=Divisor.FAILURES) == (
        None,
        "no failure",
    )
    assert value("mtbf", replace(FULL, fe=0)) == 24300


@pytest.mark.parametrize("name", KPIS)
def test_an_unknown_value_is_null_with_a_reason(name: str) -> None:
    value, reason = KPIS[name].compute(EquipmentElements())
    assert value is None
    assert reason


def test_nothing_produced_in_planned_time_is_a_real_zero() -> None:
    idle = all_reported(Elements(pot_s=900, pbt_s=900, adot_s=900))
    assert KPIS["oee"].compute(idle) == (0.0, None)
    assert KPIS["effectiveness"].compute(idle) == (None, "no production time")


def test_without_data_or_planned_run_time_there_is_no_oee() -> None:
    assert KPIS["oee"].compute(Elements(pbt_s=900, unknown_s=900)) == (None, "no good data")
    without = replace(FULL, quantity_known_s=0, judged_s=0)
    assert KPIS["oee"].compute(without) == (None, "no planned run time per item is known")
    assert KPIS["actual_to_planned_scrap_ratio"].compute(FULL)[0] is None


def test_effectiveness_above_one_is_not_clipped() -> None:
    assert value("effectiveness", replace(FULL, pace_pri_pq_s=36000)) == 2


SECONDS = st.integers(0, 10**6).map(float)


@st.composite
def consistent(draw: st.DrawFn) -> Elements:
    times = {name: draw(SECONDS) for name in ("apt_s", "aust_s", "adet_s", "adot_s", "pdot_s")}
    pbt = sum(times.values()) - times["pdot_s"]
    pq = draw(st.integers(0, 10**5))
    gq = draw(st.integers(0, pq))
    pri = draw(st.integers(1, 100))
    plain = EquipmentElements(
        **times, pbt_s=pbt, pot_s=pbt + times["pdot_s"], pq=pq, gq=gq, sq=pq - gq,
        pri_pq_s=float(pri * pq), fe=draw(st.integers(0, 9)), off_shift_s=draw(SECONDS),
    )  # fmt: skip
    return all_reported(plain)


@settings(deadline=None, max_examples=60)
@given(consistent())
def test_identities(e: Elements) -> None:
    got = {name: definition.compute(e)[0] for name, definition in KPIS.items()}
    parts = (got["availability"], got["effectiveness"], got["earned_quality_ratio"])
    if None not in parts:
        assert got["oee"] == pytest.approx(math.prod(part or 0.0 for part in parts))
        assert got["nee"] == pytest.approx(e.aupt_s / e.pbt_s * (parts[1] or 0) * (parts[2] or 0))
    if got["oee"] is not None:
        assert got["oee"] == got["oee_classic"]
        assert got["teep"] == pytest.approx(got["oee"] * e.pbt_s / e.calendar_s)
    if got["quality_ratio"] is not None and got["scrap_ratio"] is not None:
        assert got["quality_ratio"] + got["scrap_ratio"] == pytest.approx(1)


@settings(deadline=None, max_examples=60)
@given(consistent())
def test_values_stay_in_their_range(e: Elements) -> None:
    for definition in KPIS.values():
        value, reason = definition.compute(e)
        assert (value is None) != (reason is None)
        if value is not None:
            assert definition.lower is None or value >= definition.lower
            assert definition.upper is None or value <= definition.upper + 1e-12


def test_the_catalogue_describes_each_kpi() -> None:
    assert len(FORMULA_FILES) >= 5
    for name, definition in KPIS.items():
        assert name == definition.name
        assert definition.description.endswith(".")
        assert definition.formula
        assert definition.timing
        assert definition.audience
        assert set(definition.inputs) <= set(element_names(EquipmentElements))
    numbers = {definition.number for definition in KPIS.values()}
    assert numbers == {1, *range(4, 18), 23, *range(25, 35), None}


def test_a_second_kpi_of_a_name_is_refused() -> None:
    def oee(_: Elements) -> Undefined:
        """Say it again."""
        return Undefined("twice")

    with pytest.raises(ValueError, match="already"):
        kpi(number=6, formula="", inputs=(), trend=Trend.UP)(oee)
    with pytest.raises(ValueError, match="not elements"):
        kpi(number=6, formula="", inputs=("x",), trend=Trend.UP)(lambda _: 0.0)


def test_a_kpi_without_a_docstring_is_refused() -> None:
    with pytest.raises(ValueError, match="its docstring must describe it"):
        kpi(number=6, formula="", inputs=(), trend=Trend.UP)(lambda _: 0.0)


def test_only_mean_times_have_a_divisor_and_no_real_time_value() -> None:
    with_divisor = {name for name, definition in KPIS.items() if definition.has_divisor}
    assert with_divisor == {"mtbf", "mttf", "mttr"}
    for name, definition in CATALOGUE.items():
        is_real_time = Timing.REAL_TIME in definition.timing
        assert is_real_time == (name not in with_divisor)


def test_changed_formulas_have_another_version() -> None:
    assert {name for name, definition in CATALOGUE.items() if definition.version == 2} == {
        "allocation_efficiency", "availability", "production_process_ratio", "effectiveness", "oee",
        "nee", "oee_classic", "ooe", "teep", "quality_ratio", "scrap_ratio", "rework_ratio",
        "actual_to_planned_scrap_ratio",
    }  # fmt: skip
