import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.path import LEVELS, EquipmentPath

SEGMENTS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


@given(st.lists(SEGMENTS, min_size=1, max_size=len(LEVELS)))
def test_parsing_a_printed_path_returns_the_path(segments: list[str]) -> None:
    path = EquipmentPath.parse("/".join(segments))
    assert str(path) == "/".join(segments)
    assert path.level == LEVELS[len(segments) - 1]
    assert path.ancestors()[-1] == path
    assert [ancestor.level for ancestor in path.ancestors()] == [*LEVELS[: len(segments)]]
    assert path.name == segments[-1]
    assert path.parent == (path.ancestors()[-2] if len(segments) > 1 else None)


@pytest.mark.parametrize("text", ["", "Nordwerk", "a//b", "a/b/c/d/e/f", "a/ b", "a/b\x00"])
def test_an_invalid_path_is_rejected_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"segment|levels"):
        EquipmentPath.parse(text)


def test_the_plant_is_the_second_level() -> None:
    assert str(EquipmentPath.parse("nordwerk/emden-1/body").plant) == "nordwerk/emden-1"
    assert EquipmentPath.parse("nordwerk").plant is None


def test_the_limits_of_levels_and_of_a_segment() -> None:
    assert len(EquipmentPath.parse("a/b/c/d/e").segments) == len(LEVELS)
    with pytest.raises(ValueError, match="6 levels"):
        EquipmentPath.parse("a/b/c/d/e/f")
    assert EquipmentPath.parse("a" * 63).name == "a" * 63
    with pytest.raises(ValueError, match="1 to 63"):
        EquipmentPath.parse("a" * 64)
    assert EquipmentPath.parse("nordwerk").parent is None
    assert str(EquipmentPath.parse("nordwerk/emden-1").parent) == "nordwerk"
    assert str(EquipmentPath.parse("nordwerk/emden-1").plant) == "nordwerk/emden-1"
