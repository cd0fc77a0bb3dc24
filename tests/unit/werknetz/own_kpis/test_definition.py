"""Definitions of own KPIs: what a document becomes, and what is refused with line and remedy."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.yaml_format import ConfigurationError
from werknetz.kpi.additive import element_names
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Divisor, Kpi, Trend
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES, EquipmentElements
from werknetz.own_kpis.definition import join_versions, load_definition
from werknetz.own_kpis.elements import FACT_GATES, FOLLOWING

DAY_US = 86_400_000_000
SETUP = """\
id: setup_share
names: {de: Rüstanteil, en: Set-up share}
description: Share of the planned busy time that goes into set-up.
unit: ratio
formula: aust_s / pbt_s
better: lower
range: {lower: 0.0, upper: 1}
valid_from: 2026-11-01
tests:
  - {elements: {aust_s: 600.0, pbt_s: 3600}, expected: 0.1666667}
  - {elements: {aust_s: 0.0, pbt_s: 0.0}, expected: null, reason: division by zero}
  - {elements: {aust_s: null, pbt_s: 60.0}, expected: null}
"""


def _kpi(text: str = SETUP, **options: Any) -> Kpi:
    return load_definition(text, file="setup.yaml", **options).kpi


def _of_formula(formula: str, expected: str, elements: str = "pbt_s: 1.0") -> Kpi:
    tests = f"tests:\n  - {{elements: {{{elements}}}, expected: {expected}}}\n"
    text = SETUP.partition("tests:")[0].replace("aust_s / pbt_s", f"'{formula}'")
    return _kpi(text + tests)


def test_the_first_version_is_valid_from_now_on() -> None:
    text = SETUP.replace("valid_from: 2026-11-01\n", "")
    first, later = _kpi(text), _kpi(text, now_us=5)
    assert first.own is not None
    assert later.own is not None
    assert (first.version, first.own.valid_from_us, later.own.valid_from_us) == (1, 0, 5)


@pytest.mark.parametrize(
    ("former", "character", "length_max"),
    [
        ("Set-up share", "x", 200),
        ("Share of the planned busy time that goes into set-up.", "y", 200),
        ("long note", "z", 4000),
    ],
)
def test_texts_have_a_length(former: str, character: str, length_max: int) -> None:
    text = f"notes: long note\n{SETUP}"
    assert _kpi(text.replace(former, character * length_max)).name == "setup_share"
    with pytest.raises(ConfigurationError):
        _kpi(text.replace(former, character * (length_max + 1)))


def test_a_name_has_a_character() -> None:
    with pytest.raises(ConfigurationError):
        _kpi(SETUP.replace("Set-up share", "''"))


def test_a_document_becomes_a_kpi() -> None:
    kpi = _kpi(version=3)
    assert (kpi.name, kpi.number, kpi.version, kpi.unit) == ("setup_share", None, 3, "ratio")
    assert kpi.inputs == ("aust_s", "pbt_s")
    assert kpi.trend is Trend.DOWN
    assert (kpi.lower, kpi.upper) == (0.0, 1.0)
    assert kpi.own is not None
    assert (kpi.own.name_de, kpi.own.name_en) == ("Rüstanteil", "Set-up share")
    assert kpi.own.valid_from_us == 1_793_491_200_000_000  # 2026-11-01T00:00:00Z
    assert kpi.scope == CATALOGUE["oee"].scope


@pytest.mark.parametrize(
    ("elements", "value", "reason"),
    [
        (EquipmentElements(pbt_s=3600.0, aust_s=900.0, apt_s=2700.0), 0.25, None),
        (EquipmentElements(), None, "division by zero: pbt_s is 0"),
        (EquipmentElements(pbt_s=60.0, unknown_s=60.0), None, "no good data"),
        (EquipmentElements(pbt_s=60.0, aust_s=math.nan), None, "aust_s is no number"),
    ],
)
def test_values(elements: EquipmentElements, value: float | None, reason: str | None) -> None:
    kpi = _kpi()
    assert kpi.compute(elements) == (value, reason)
    assert kpi.compute_strict(elements) == value


@pytest.mark.parametrize(
    ("formula", "elements", "expected"),
    [
        ("aubt_s / calendar_s", {"apt_s": 6.0, "aust_s": 3.0, "adet_s": 1.0, "pot_s": 20.0}, 0.5),
        ("aupt_s / known_pbt_s", {"apt_s": 6.0, "aust_s": 3.0, "pbt_s": 12.0, "unknown_s": 3.0}, 1),
        ("sq / pq", {"sq": 1.0, "pq": 4.0, "sq_known_s": 1.0, "pq_known_s": 1.0}, 0.25),
        ("sq / pq", {"sq": 0.0, "pq": 4.0, "sq_known_s": 1.0, "pq_known_s": 1.0}, 0.0),
        ("sq / pq", {"pq": 4.0, "pq_known_s": 1.0}, "sq is not reported"),
        ("rq", {}, "rq is not reported"),
        ("apwt_s / apat_s", {}, "apwt_s is not reported"),
        ("apwt_s / apat_s", {"attendances": 1.0, "apat_s": 8.0, "apwt_s": 0.0}, 0.0),
        ("pl / cm", {"pl_entries": 1.0, "pl": 2.0}, "cm is not reported"),
        ("cm", {"consumptions": 2.0, "consumed_units": 2.0, "cm": 4.0}, "different units"),
        ("cm", {"consumptions": 2.0, "consumed_units": 1.0, "cm": 4.0}, 4.0),
    ],
)
def test_quantities_that_nobody_reports_are_not_zero(
    formula: str, elements: dict[str, float], expected: float | str
) -> None:
    names = {*FOLLOWING, *element_names(EquipmentElements)}
    used = [name for name in dict.fromkeys(formula.split()) if name in names]
    kpi = _of_formula(formula, "null", ", ".join(f"{name}: null" for name in used))
    value, reason = kpi.compute(EquipmentElements(**elements))
    if isinstance(expected, str):
        assert value is None
        assert expected in (reason or "")
    else:
        assert (value, reason) == (expected, None)


def test_what_a_value_needs_is_summed() -> None:
    kpi = _of_formula("apwt_s / aubt_s", "null", "apwt_s: null, aubt_s: null")
    assert set(kpi.inputs) == {"apwt_s", "attendances", "apt_s", "aust_s", "adet_s"}


def test_gates_are_elements() -> None:
    assert {*FACT_GATES, *FACT_GATES.values()} <= set(FACT_ELEMENT_NAMES)


@pytest.mark.parametrize("name", ["setup_ratio", "technical_efficiency"])
def test_an_own_kpi_has_the_value_of_the_built_in_one_with_this_formula(name: str) -> None:
    formula = {
        "setup_ratio": "aust_s / (aust_s + apt_s)",
        "technical_efficiency": "apt_s / (apt_s + adet_s)",
    }[name]
    own = _of_formula(formula, "null", "apt_s: null, aust_s: null, adet_s: null".replace(
        "adet_s: null" if name == "setup_ratio" else "aust_s: null, ", ""
    ).rstrip(", "))  # fmt: skip
    for apt_s in (0.0, 10.0, 3600.0):
        for other_s in (0.0, 0.1, 600.0):
            e = EquipmentElements(pbt_s=9000.0, apt_s=apt_s, aust_s=other_s, adet_s=other_s)
            assert own.compute(e)[0] == CATALOGUE[name].compute(e)[0]


def with_goal(goal: str) -> str:
    return SETUP.replace("aust_s / pbt_s", "'aust_s / pbt_s / goal'").replace(
        "better:", f"constants: {{goal: {goal}}}\nbetter:"
    )


@pytest.mark.parametrize("goal", ["1234567", "0.1234567", "3.6e+15"])
def test_the_formula_has_all_digits_of_its_constants(goal: str) -> None:
    tests = "tests:\n  - {elements: {aust_s: null, pbt_s: 60.0}, expected: null}\n"
    text = with_goal(goal).partition("tests:")[0] + tests
    assert _kpi(text).formula.endswith(f", with goal = {goal}")


def test_constants() -> None:
    kpi = _kpi(with_goal("0.5").replace("0.1666667", "0.3333333"))
    assert kpi.formula == "aust_s / pbt_s / goal, with goal = 0.5"
    assert kpi.compute(EquipmentElements(pbt_s=4.0, aust_s=1.0)) == (0.5, None)


REFUSED = [
    ("aust_s / pbt_s", "aust_s / pbts", 5, "'pbts' is not a variable or function: did you mean"),
    ("aust_s / pbt_s", "aust_s / 2", 5, "write 2.0, not 2"),
    ("aust_s / pbt_s", "aust_s > pbt_s", 5, "a KPI is a number with decimals"),
    ("setup_share", "oee", 1, "'oee' is number 6 of ISO 22400-2: use another id, such as own_oee"),
    ("setup_share", "teep", 1, "'teep' is a KPI of the catalogue"),
    ("setup_share", "Setup-Share", 1, "use up to 63 small letters, digits and _"),
    ("setup_share", "definitions", 1, "'definitions' is a word of the command line"),
    ("setup_share", "x" * 64, 1, "use up to 63 small letters"),
    ("better: lower", "better: low", 6, "better 'low' is not known: use one of"),
    ("better:", "beter:", 6, "key 'beter' is not known: did you mean 'better'?"),
    ("unit: ratio\n", "", 1, "key 'unit' is missing: add it"),
    ("0.1666667", "0.17", 10, "test 1: expected 0.17, the formula gives 0.1666666667"),
    ("0.1666667", "null", 10, "test 1: expected no value, the formula gives 0.1666666667"),
    ("expected: null, reason: division by zero", "expected: 1.0", 11, "the formula has no value"),
    ("division by zero", "too large", 11, "expected the reason 'too large', it is 'division"),
    ("{aust_s: 600.0", "{ausst_s: 600.0", 10, "'ausst_s' is no element: did you mean 'aust_s'?"),
    ("aust_s: 600.0, ", "", 10, "aust_s is missing: add its value, or null"),
    ("0.1666667}", "0.1666667, reason: x}", 10, "a value has no reason"),
    ("2026-11-01", "2026-13-01", 8, "is no instant: write 2026-11-01 (00:00 UTC) or"),
    ("2026-11-01", "2026-11-01T06:00:00", 8, "is no instant"),  # in which zone?
    ("600.0", "6e2", 10, "'6e2' is a text: write the number with a point, such as 6.0e+02"),
    ("600.0", "x", 10, "valid number"),
    ("2026-11-01", "1969-12-31", 8, "is outside 1970 to 9998: correct the year"),
    ("2026-11-01", "9999-01-01", 8, "is outside 1970 to 9998: correct the year"),
    ("2026-11-01", "0001-01-01T00:00:00+14:00", 8, "is outside 1970 to 9998"),
    ("600.0", ".nan", 10, "finite number"),
    ("600.0", "true", 10, "valid number"),
    ("{lower: 0.0", "{lower: 2.0", 7, "lower 2 is above upper 1: swap them"),
    ("unit: ratio", "scopes: [machin]\nunit: x", 4, "no level: did you mean 'machine'?"),
    ("unit: ratio", "scopes: []\nunit: x", 4, "scopes is empty: leave it out for all levels"),
    ("unit: ratio", "subject: machine\nunit: x", 4, "'machine' is no subject"),
    ("unit: ratio", "constants: {pbt_s: 1.0}\nunit: x", 4, "'pbt_s' is an element"),
    ("unit: ratio", "constants: {Goal: 1.0}\nunit: x", 4, "'Goal' is no name: use small letters"),
    ("unit: ratio", "timing: [daily]\nunit: x", 4, "'daily' is not known: use one of"),
    ("unit: ratio", "unit: ''", 4, "unit ''"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "problem"), REFUSED)
def test_what_is_refused_names_line_and_remedy(old: str, new: str, line: int, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _kpi(SETUP.replace(old, new, 1))
    matching = [e for e in refused.value.errors if problem in e]
    assert matching, refused.value.errors
    assert matching[0].startswith(f"setup.yaml, line {line}: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no definition: it begins with"), ("x", "is no definition: it begins with"),
        ("[]", "is no definition: it begins with"), ("5", "is no definition: it begins with"),
        ("a: [", "is not YAML"), ("id: !!python/name:os.system x", "is code: remove it"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        _kpi(text)


def test_a_test_case_is_required() -> None:
    with pytest.raises(ConfigurationError, match="tests"):
        _kpi(SETUP.partition("tests:")[0] + "tests: []\n")


def _of_value(value: float, expected: float) -> Kpi:
    tests = [{"elements": {"pbt_s": value}, "expected": expected}]
    return load_definition({**VALID, "tests": tests}, file="body").kpi


@pytest.mark.parametrize(
    ("value", "expected", "passes"),
    [
        (1.0, 1.0 + 0.9e-6, True),
        (1.0, 1.0 + 1.1e-6, False),
        (1e6, 1e6 + 0.9, True),  # relative
        (1e6, 1e6 + 1.1, False),
        (1e-6, 1.0000009e-6, True),
        (1e-6, 1.0000011e-6, False),
        (-1.0, -1.0 - 0.9e-6, True),
        (0.0, 0.0, True),
        (0.0, 1e-12, False),
    ],
)
def test_the_tolerance_of_a_test_case(value: float, expected: float, passes: bool) -> None:
    if passes:
        assert _of_value(value, expected).inputs == ("pbt_s",)
    else:
        with pytest.raises(ConfigurationError, match="correct one of them"):
            _of_value(value, expected)


def _version(version: int, day: int) -> Kpi:
    text = SETUP.replace("2026-11-01", f"2026-11-{day:02}")
    if version > 1:
        text = text.replace("aust_s / pbt_s", "aust_s / (pbt_s + unknown_s)").replace(
            "pbt_s: 3600", "pbt_s: 3600, unknown_s: 0.0"
        ).replace("pbt_s: 0.0", "pbt_s: 0.0, unknown_s: 0.0").replace(
            "pbt_s: 60.0", "pbt_s: 60.0, unknown_s: 0.0"
        )  # fmt: skip
    return _kpi(text, version=version)


FIRST_US = 1_793_491_200_000_000


@pytest.mark.parametrize(
    ("versions", "at_us", "expected"),
    [
        ([(1, 1), (2, 10)], FIRST_US - 1, 1),  # before the first: the first
        ([(1, 1), (2, 10)], FIRST_US, 1),
        ([(1, 1), (2, 10)], FIRST_US + 9 * DAY_US - 1, 1),
        ([(1, 1), (2, 10)], FIRST_US + 9 * DAY_US, 2),
        ([(1, 10), (2, 1)], FIRST_US, 2),  # a correction that holds for earlier times, too
        ([(1, 10), (2, 1)], FIRST_US + 20 * DAY_US, 2),
        ([(1, 10), (2, 1)], FIRST_US - 1, 2),  # of all, the one that is valid first
        ([(1, 1), (2, 1)], FIRST_US - 1, 2),  # of two that are valid from then, the newer
        ([(1, 1), (2, 20), (3, 10)], FIRST_US + 25 * DAY_US, 3),
    ],
)
def test_the_version_in_force(versions: list[tuple[int, int]], at_us: int, expected: int) -> None:
    kpi = join_versions([_version(version, day) for version, day in versions])
    assert kpi.version == max(version for version, _ in versions)
    assert kpi.in_force_at(at_us).version == expected
    assert set(kpi.inputs) == {"aust_s", "pbt_s", "unknown_s"}  # of all versions


def test_a_version_of_the_catalogue_is_valid_since_1970() -> None:
    """Before all versions the first holds; of two that are valid from one instant, the newer."""
    own = _version(1, 1)
    assert own.own is not None
    since_1970 = replace(own, own=replace(own.own, valid_from_us=0))
    for number in (1, 3):
        of_catalogue = replace(since_1970, own=None, version=number)
        other = replace(since_1970, version=2)
        kpi = replace(own, versions=(other, of_catalogue))
        assert kpi.in_force_at(-1).version == max(number, 2)


def test_versions_are_left_out_of_the_text_of_a_kpi() -> None:
    kpi = join_versions([_version(1, 1), _version(2, 10)])
    assert len(kpi.versions) == 2
    assert "versions=" not in repr(kpi)


def test_a_formula_of_the_catalogue_holds_for_all_times() -> None:
    kpi = CATALOGUE["oee"]
    assert kpi.in_force_at(0) is kpi


amounts = st.floats(min_value=-1e9, max_value=1e9) | st.sampled_from([0.0, math.nan, math.inf])


@given(st.dictionaries(st.sampled_from(EquipmentElements.__match_args__), amounts))
def test_a_value_is_finite_or_has_a_reason(elements: dict[str, float]) -> None:
    kpi = _kpi()
    value, reason = kpi.compute(EquipmentElements(**elements), divisor=Divisor.FAILURES)
    assert (value is None) is (reason is not None)
    assert value is None or math.isfinite(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = (
    "id", "names", "description", "subject", "unit", "formula", "constants", "better", "range",
    "scopes", "timing", "audience", "methodology", "effect_model", "notes", "valid_from", "tests",
)  # fmt: skip
VALID = {
    "id": "x", "names": {"de": "x", "en": "x"}, "description": "x", "unit": "x",
    "formula": "pbt_s", "better": "higher", "tests": [{"elements": {"pbt_s": 1}, "expected": 1}],
}  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=3))
def test_any_document_is_loaded_or_refused(changes: dict[str, Any]) -> None:
    try:
        loaded = load_definition(VALID | changes, file="body")
    except ConfigurationError as error:
        message = str(error)
        assert message.startswith("body")
    else:
        assert loaded.kpi.inputs


@pytest.mark.parametrize(
    ("addition", "scope"),
    [
        ("scopes: [machine, order]", ("machine", "order")),
        ("scopes: [enterprise]", ("enterprise",)),
        ("range: {lower: 0.5, upper: 0.5}", CATALOGUE["oee"].scope),
        ("valid_from: 1970-01-01", CATALOGUE["oee"].scope),
        ("valid_from: 9998-12-31T23:59:59-14:00", CATALOGUE["oee"].scope),
        ("valid_from: 1970-01-01T00:00:00+14:00", CATALOGUE["oee"].scope),
        ("range: {lower: 0.5}", CATALOGUE["oee"].scope),
    ],
)
def test_what_is_accepted(addition: str, scope: tuple[str, ...]) -> None:
    plain = SETUP.replace("range: {lower: 0.0, upper: 1}\nvalid_from: 2026-11-01\n", "")
    assert _kpi(f"{plain}{addition}\n").scope == scope


def test_a_kpi_of_suppliers_is_of_no_order() -> None:
    text = SETUP.replace("aust_s / pbt_s", "lines_late / lines_due").replace(
        "unit: ratio", "unit: ratio\nsubject: supplier\nscopes: [order]"
    )
    with pytest.raises(ConfigurationError, match="'order' is no level"):
        _kpi(text)
