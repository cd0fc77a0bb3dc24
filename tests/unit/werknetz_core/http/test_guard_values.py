"""Which values from outside the guard refuses, and where it says they stand."""

import json

import pytest

from werknetz_core.http.guard.values import (
    DEPTH_MAX,
    INT8_MAX,
    INT8_MIN,
    PARAMETER_CHARACTERS_MAX,
    bad_values_in,
    check_integer,
    check_parameter,
)


@pytest.mark.parametrize(
    ("document", "pointer", "code"),
    [
        ("a\0b", "/body", "nul_character"),
        ("\ud800", "/body", "lone_surrogate"),
        ("x\udfff", "/body", "lone_surrogate"),
        ({"a": [{"b/c": "\0"}]}, "/body/a/0/b~1c", "nul_character"),
        ({"a~b": 2**63}, "/body/a~0b", "integer_out_of_range"),
        ({"x": {"\0": 1}}, "/body/x", "nul_character"),
        ([1, float("nan")], "/body/1", "number_not_finite"),
        (json.loads("1e400"), "/body", "number_not_finite"),
        (-(2**63) - 1, "/body", "integer_out_of_range"),
    ],
)
def test_a_bad_value_is_named_by_its_pointer(document: object, pointer: str, code: str) -> None:
    (bad,) = bad_values_in(document, "/body")
    assert (bad.pointer, bad.code) == (pointer, code)


@pytest.mark.parametrize(
    "document",
    ["", "Größe \U0001f600", "\ud7ff\ue000", INT8_MAX, INT8_MIN, 1e308, True, None, {"": []}],
)
def test_other_values_pass(document: object) -> None:
    assert list(bad_values_in({"a": [document]}, "/body")) == []


def nest(levels: int) -> object:
    document: object = 1
    for _ in range(levels):
        document = [document]
    return document


def test_nesting_is_bounded() -> None:
    assert list(bad_values_in(nest(DEPTH_MAX), "/body")) == []
    (bad,) = bad_values_in(nest(DEPTH_MAX + 1), "/body")
    assert bad.code == "nested_too_deep"


def test_the_boundaries_of_parameters() -> None:
    assert check_parameter("x" * PARAMETER_CHARACTERS_MAX, "/query/a") is None
    bad = check_parameter("x" * (PARAMETER_CHARACTERS_MAX + 1), "/query/a")
    assert bad is not None
    assert (bad.pointer, bad.code) == ("/query/a", "text_too_long")
    assert check_integer(INT8_MAX, "/") is check_integer(INT8_MIN, "/") is None
    assert check_integer(INT8_MAX + 1, "/") is not None
    assert check_integer(INT8_MIN - 1, "/") is not None
