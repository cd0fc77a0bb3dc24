"""Large arrays and texts: whole up to a stated size, above it refused with their number."""

from typing import Any

import pytest

from werknetz.connector.values import (
    ELEMENTS_MAX,
    SAMPLE_TEXT_MAX,
    TEXT_MAX,
    Target,
    UnreadableValue,
    check_storable,
    count_elements,
    value_of,
)


@pytest.mark.parametrize(
    ("value", "count"),
    [([], 0), ([1, 2], 2), ([[1, 2], [3, 4]], 4), ([[[1]], []], 1), ([{"a": [1, 2]}], 1)],
)
def test_elements_are_counted_in_all_dimensions(value: Any, count: int) -> None:
    assert count_elements(value) == count


def test_an_array_is_stored_whole_up_to_its_limit() -> None:
    number = -1.2345678901234568e-300
    _, text = value_of(Target(1), [number] * ELEMENTS_MAX)
    assert text is not None
    assert text.count(repr(number)) == ELEMENTS_MAX, "the longest numbers fit"
    with pytest.raises(UnreadableValue, match=rf"has {ELEMENTS_MAX + 1} elements, more than"):
        value_of(Target(1), [0] * (ELEMENTS_MAX + 1))
    with pytest.raises(UnreadableValue, match=rf"has {ELEMENTS_MAX + 2} elements, more than"):
        value_of(Target(1, as_text=True), [[0] * (ELEMENTS_MAX // 2 + 1)] * 2)


def test_a_matrix_keeps_its_dimensions() -> None:
    assert value_of(Target(1), [[1, 2], [3, 4]])[1] == "[[1,2],[3,4]]"


def test_deep_nesting_is_refused_not_a_crash() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnreadableValue, match="cannot be written as JSON"):
        value_of(Target(1), value)


@pytest.mark.parametrize("limit", [TEXT_MAX, SAMPLE_TEXT_MAX])
def test_a_text_is_stored_whole_up_to_its_limit(limit: int) -> None:
    assert check_storable("x" * limit, limit) == "x" * limit
    with pytest.raises(UnreadableValue, match=f"has {limit + 1} characters, more than {limit}"):
        check_storable("x" * (limit + 1), limit)
    assert value_of(Target(1), "x" * SAMPLE_TEXT_MAX)[1] == "x" * SAMPLE_TEXT_MAX


def test_a_byte_string_is_stored_whole() -> None:
    content = bytes(range(256)) * 1_000
    assert value_of(Target(1), content)[1] == content.hex()
