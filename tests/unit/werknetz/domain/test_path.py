import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.path import LEVELS, EquipmentPath

SEGMENTS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


@given(st.lists(SEGMENTS, min_size=1, max_size=len(LEVELS)))
def test_a_path_reads_as_it_prints(segments: list[str]) -> None:
    path = EquipmentPath.parse("/".join(segments))
    assert str(path) == "/".join(segments)
    assert path.level == LEVELS[len(segments) - 1]
    assert path.ancestors()[-1] == path
    assert all(path.is_under(above) for above in path.ancestors())


@pytest.mark.parametrize("text", ["", "Nordwerk", "a//b", "a/b/c/d/e/f", "a/ b", "a/b\x00"])
def test_a_wrong_path_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"segment|levels"):
        EquipmentPath.parse(text)


def test_the_plant_is_the_second_level() -> None:
    assert str(EquipmentPath.parse("nordwerk/emden-1/body").plant) == "nordwerk/emden-1"
    assert EquipmentPath.parse("nordwerk").plant is None
