import pytest

from werknetz.domain.measure import base_unit_of, factor_between, unit_of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("PCE", "PCE"),
        ("ST", "PCE"),
        ("stk", "PCE"),
        (" C62 ", "PCE"),
        ("kg", "KGM"),
        ("XYZ", "XYZ"),
    ],
)
def test_synonyms_have_one_code(text: str, unit: str) -> None:
    assert unit_of(text) == unit


def test_only_exact_ratios_are_converted() -> None:
    assert factor_between("TNE", "KGM") == 1000
    assert factor_between("MIL", "PCE") == 1000
    assert factor_between("LBR", "KGM") == pytest.approx(0.453_592_37)
    assert factor_between("PCE", "KGM") is None
    assert factor_between("SET", "PCE") is None
    assert factor_between("SET", "SET") == 1
    assert factor_between("PCE", "SET") is None
    assert factor_between("KGM", "TNE") == 0.001


def test_units_of_one_kind_have_the_same_base() -> None:
    assert {base_unit_of(unit) for unit in ("GRM", "TNE", "KGM", "LBR")} == {"KGM"}
    assert {base_unit_of(unit) for unit in ("MIL", "PCE")} == {"PCE"}
    assert base_unit_of("SET") == "SET"
