"""Units as partners write them."""

import pytest

from werknetz.domain.measure import base_unit_of, factor_between, unit_of


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("PCE", "PCE"),
        ("ST", "PCE"),
        ("stk", "PCE"),
        (" C62 ", "PCE"),
        ("kg", "KGM"),
        ("XYZ", "XYZ"),
    ],
)
def test_one_meaning_has_one_code(said: str, unit: str) -> None:
    assert unit_of(said) == unit


def test_only_what_is_exact_is_converted() -> None:
    assert factor_between("TNE", "KGM") == 1000
    assert factor_between("MIL", "PCE") == 1000
    assert factor_between("LBR", "KGM") == pytest.approx(0.453_592_37)
    assert factor_between("PCE", "KGM") is None
    assert factor_between("SET", "PCE") is None
    assert factor_between("SET", "SET") == 1


def test_it_does_not_matter_which_unit_came_first() -> None:
    assert {base_unit_of(unit) for unit in ("GRM", "TNE", "KGM", "LBR")} == {"KGM"}
    assert {base_unit_of(unit) for unit in ("MIL", "PCE")} == {"PCE"}
    assert base_unit_of("SET") == "SET"
