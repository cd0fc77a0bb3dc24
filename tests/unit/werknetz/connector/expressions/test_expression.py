"""Expressions: checked at load, bounded at run time, and compared with a second engine."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import cel as second  # common-expression-language (Rust)
import pytest
from cel import stdlib
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbing.expressions import VALUES, VARIABLES, evaluate
from werknetz.connector.expressions.engine import (
    INPUT_CHARS_MAX,
    INPUT_ITEMS_MAX,
    Budget,
    ExpressionError,
    ResultKind,
    VariableKind,
    to_engine_value,
)
from werknetz.connector.expressions.expression import (
    TEXT_MAX,
    check_finite,
    compile_expression,
    compile_for_segments,
    select_fields,
)
from werknetz.connector.values import UnreadableValue


class SecondEngine:
    """The same protocol with another implementation of CEL, without types at load."""

    def compile(self, text: str, _: Mapping[str, VariableKind], __: ResultKind) -> "SecondProgram":
        try:
            return SecondProgram(second.compile(text))
        except ValueError as error:
            raise ExpressionError(str(error)) from error


class SecondProgram:
    def __init__(self, program: second.Program) -> None:
        self._program = program

    def needs(self) -> Mapping[str, frozenset[str] | None]:
        return dict.fromkeys(set(self._program.variables()) & set(VARIABLES))

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        context = second.Context({**values, "status": second.evaluate(f"{values['status']}u")})
        stdlib.add_stdlib_to_context(context)
        try:
            return self._program.execute(context)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise UnreadableValue(str(error)) from error


SAME = [
    ("value * 2.0", 7.0),
    ("value > 3.0 && fields.t.startsWith('x') ? 'hot' : 'cold'", "hot"),
    ("fields.a == 1", True),
    ("fields['head.qty'] / 2.0", 3.5),
    ("fields.l[1] - fields.l[0]", 1.0),
    ("fields.n == null", True),
    ("fields.on", True),
    ("has(fields.zz) ? fields.zz : 9.0", 9.0),
    ("'a' in fields && !('b' in fields)", True),
    ("fields.l.exists(x, x > 1.5)", True),
    ("fields.l.all(x, x > 1.5)", False),
    ("fields.l.exists_one(x, x > 1.5)", True),
    ("fields.l.map(x, x * 2.0)", [2.0, 4.0]),
    ("fields.l.filter(x, x > 1.0).size()", 1),
    ("value in [3.5, 4.5]", True),
    ("status == 2u", True),
    ("segments.m + '-' + fields.t", "press-1-x,y"),
    ("fields.t.replace(',', '.')", "x.y"),
    ("fields.t.split(',')[1]", "y"),
    ("fields.t.substring(2)", "y"),
    ("fields.t.indexOf('y')", 2),
    ("'ABC'.lowerAscii()", "abc"),
    ("' a '.trim()", "a"),
    ("fields.t.matches('^x,[a-z]$')", True),
    ("'2026-11-24 08:15'.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$')", True),
    ("['A1', 'B2'].exists(x, x.matches('^[A-Z][0-9]+$'))", True),
    ("math.bitAnd(int(value), 2)", 2),
    ("math.greatest(value, 4.0)", 4.0),
    ("math.round(2.5)", 3.0),
    ("math.abs(-value)", 3.5),
    ("int(2.9)", 2),
    ("int(-2.9)", -2),
    ("-7 / 2", -3),
    ("-7 % 3", -1),
    ("string(2.0)", "2"),
    ("string(0.1)", "0.1"),
    ("double('1.5')", 1.5),
    ("1.0 / 0.0", math.inf),
    ("timestamp('2026-11-24T00:00:00+01:00')", datetime(2026, 11, 23, 23, tzinfo=UTC)),
    ("false && fields.zz == 1.0", False),
    ("fields.zz == 1.0 || true", True),
]
FAIL = [
    ("fields.zz", 'no key "zz"'),
    ("fields.l[5]", "Index error"),
    ("1 / 0", "divide by zero"),
    ("5 % (2 - 2)", "modulus by zero"),
    ("9223372036854775807 + 1", "integer overflow"),
    ("int(1e300)", "out of int64 range"),
    ("uint(-1)", "overflow|out of"),
    ("int('x')", "cannot convert"),
    ("double(fields.t)", "cannot convert"),
    ("'abc'.charAt(9)", "charAt"),
    ("fields.a + fields.t", "No matching overloads"),
]
"""Both refuse these; ours says why in these words."""

DIFFERENT: list[tuple[str, Any, Any]] = [
    ("size('äö')", 2, 4),  # the language says code points; the second engine counts bytes
    ("string(1e21)", "1e+21", "1000000000000000000000"),
    ("string(true)", "true", UnreadableValue),  # the second engine has no string(bool)
    ("timestamp('2026-11-24T00:00:00Z').getHours('Europe/Berlin')", 1, UnreadableValue),
]
"""Where the second engine is not what the language says; so that a change is noticed."""


@pytest.mark.parametrize(("text", "expected"), SAME, ids=[text for text, _ in SAME])
def test_two_engines_agree(text: str, expected: Any) -> None:
    ours = evaluate(text)
    assert ours == expected
    assert type(ours) is type(expected)
    assert SecondEngine().compile(text, VARIABLES, "anything").evaluate(VALUES) == expected


@pytest.mark.parametrize(("text", "reason"), FAIL, ids=[text for text, _ in FAIL])
def test_an_evaluation_error_is_unreadable_in_both_engines(text: str, reason: str) -> None:
    with pytest.raises(UnreadableValue, match=reason):
        evaluate(text)
    with pytest.raises(UnreadableValue):
        SecondEngine().compile(text, VARIABLES, "anything").evaluate(VALUES)


@pytest.mark.parametrize(("text", "ours", "theirs"), DIFFERENT, ids=[d[0] for d in DIFFERENT])
def test_known_differences(text: str, ours: Any, theirs: Any) -> None:
    assert evaluate(text) == ours
    other = SecondEngine().compile(text, VARIABLES, "anything")
    if theirs is UnreadableValue:
        with pytest.raises(UnreadableValue):
            other.evaluate(VALUES)
    else:
        assert other.evaluate(VALUES) == theirs


@settings(max_examples=150, deadline=None)
@given(
    value=st.floats(-1e9, 1e9),
    factor=st.floats(-1e3, 1e3),
    limit=st.floats(-1e9, 1e9),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)
def test_two_engines_agree_on_any_values(
    value: float, factor: float, limit: float, text: str
) -> None:
    values = {"value": value, "fields": {"f": factor, "l": limit, "t": text}}
    source = "value * fields.f - fields.l > 0.0 ? value * fields.f : double(size(fields.t + 'a'))"
    if text.isascii():  # bytes or code points: a known difference
        other = SecondEngine().compile(source, VARIABLES, "number")
        assert evaluate(source, **values) == other.evaluate(VALUES | values)
    joined = "fields.t + '|' + string(fields.t == 'a' ? 1 : 2)"
    other = SecondEngine().compile(joined, VARIABLES, "text")
    assert evaluate(joined, **values) == other.evaluate(VALUES | values)


INVALID: list[tuple[str, ResultKind, str, tuple[int, int]]] = [
    ("value * 2", "number", "write 2.0, not 2", (1, 7)),
    ("value == 3", "boolean", "write 2.0, not 2", (1, 7)),
    ("status == 0", "boolean", "write 2u, not 2", (1, 8)),
    (
        "1.0 +\n  vlue",
        "number",
        "'vlue' is not a variable or function: did you mean 'value'?",
        (2, 3),
    ),
    ("value >", "boolean", "is not CEL", (1, 8)),
    ("'a' + value", "text", "string(…)", (1, 5)),
    ("value", "text", "returns double, required is string(…)", (1, 1)),
    ("'a'", "number", "returns string, required is double(…)", (1, 1)),
    ("fields.a", "boolean", "required is a comparison", (1, 1)),
    ("[1]", "scalar", "returns list", (1, 1)),
    ("fields.a + 1", "number", "numbers of a map are doubles: write + 2.0, not 2", (1, 10)),
    ("fields.a % fields.b", "number", "write int(…) % 2", (1, 10)),
    ("fields.t.matches('(')", "boolean", "patterns are RE2", (1, 18)),
    ("fields.t.matches('(?=a)')", "boolean", "patterns are RE2", (1, 18)),
    ("fields.t.matches(fields.p)", "boolean", "must be a constant", (1, 17)),
    ("fields.t.replace('a', 'aa')", "text", "not longer than the first", (1, 17)),
    ("fields.t.replace('', 'a')", "text", "not longer than the first", (1, 17)),
    ("'%s'.format([value])", "text", "'format' is not supported", (1, 12)),
    ("google.protobuf.Int32Value{value: 1}", "number", "is a message", (1, 1)),
    ("value.__class__", "anything", "cannot be the operand", (1, 6)),
    ("__import__('os')", "anything", "is not a variable or function", (1, 11)),
    ("[1].map(value, value)", "anything", "", (0, 0)),
    ("(" * 200 + "1.0" + ")" * 200, "number", "nested too deeply", (1, 1)),
    ("1.0" + " + 1.0" * 300, "number", "nested too deeply", (1, 1)),
    ("1.0" + " " * TEXT_MAX, "number", "the limit is 2048", (1, 0)),
    ("'a\0b'", "text", "contains the character #x00", (1, 0)),
    ("'a\ud800b'", "text", "", (0, 0)),
    ("", "number", "is not CEL", (1, 1)),
]


@pytest.mark.parametrize(
    ("text", "result_kind", "remedy", "position"), INVALID, ids=[ascii(r[0])[:40] for r in INVALID]
)
def test_an_invalid_expression_is_an_error_with_position_and_remedy(
    text: str, result_kind: ResultKind, remedy: str, position: tuple[int, int]
) -> None:
    if not remedy and "map" in text:  # the variable of a macro may hide another
        assert evaluate(text) == [1]
        return
    with pytest.raises(ExpressionError) as raised:
        compile_expression(text, VARIABLES, result_kind)
    error = raised.value
    assert remedy in str(error)
    if position != (0, 0):
        assert (error.line, error.column) == position
    if error.column and text:
        shown, caret = str(error).splitlines()[-2:]
        under = shown.ljust(len(caret))[len(caret) - 1]
        assert under == (text.splitlines()[error.line - 1] + " ")[error.column - 1]


def test_needs_are_the_variables_and_keys_of_an_expression() -> None:
    def needs(text: str) -> dict[str, frozenset[str] | None]:
        return dict(compile_expression(text, VARIABLES, "anything").needs())

    assert needs("value * 2.0") == {"value": None}
    assert needs("fields.a == fields['b'] && has(fields.c) && 'd' in fields") == {
        "fields": frozenset("abcd")
    }
    assert needs("fields.a.b.c") == {"fields": frozenset("a")}
    assert needs("size(fields) > 1 || fields.a") == {"fields": None}
    assert needs("fields[fields.a]") == {"fields": None}
    assert needs("1.0") == {}


def test_segments_must_be_in_the_source() -> None:
    compile_for_segments("segments.m == 'a'", VARIABLES, "boolean", ["m"])
    with pytest.raises(ExpressionError, match="did you mean 'machine'"):
        compile_for_segments("segments.machin == 'a'", VARIABLES, "boolean", ["machine"])
    with pytest.raises(ExpressionError, match="it has none"):
        compile_for_segments("segments.m == 'a'", VARIABLES, "boolean", [])


def test_numbers_of_a_map_are_doubles() -> None:
    converted = to_engine_value({"a": 5, "b": 5.0, "c": True, "d": 2**63, "e": (1, "x")}, Budget())
    assert converted == {"a": 5.0, "b": 5.0, "c": True, "d": 2**63, "e": [1.0, "x"]}
    assert [type(v) for v in converted.values()] == [float, float, bool, int, list]
    assert (
        to_engine_value(datetime(2026, 11, 24, tzinfo=UTC), Budget()) == "2026-11-24T00:00:00+00:00"
    )
    assert evaluate("fields.d == 9223372036854775808u", fields=converted) is True


@pytest.mark.parametrize(
    "value",
    [
        "a\0b", "a\ud800", 2**64, [0] * (INPUT_ITEMS_MAX + 1), "x" * (INPUT_CHARS_MAX + 1),
        b"x" * 99_999,
    ],
    ids=["nul", "surrogate", "integer", "items", "text", "bytes"],
)  # fmt: skip
def test_input_above_the_limits_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableValue):
        to_engine_value({"a": value}, Budget())
    assert select_fields({"a": value, "b": 1}, frozenset({"b", "c"}), Budget()) == {"b": 1.0}


def test_deeply_nested_input_is_unreadable() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(UnreadableValue, match="nested too deeply"):
        to_engine_value(deep, Budget())


def test_infinity_is_a_result_only_of_an_infinite_operand() -> None:
    for number in (math.inf, -math.inf, math.nan):
        with pytest.raises(UnreadableValue, match="division by zero"):
            check_finite(number, 1.0)
        assert check_finite(number, math.nan) is number
    assert check_finite("text") == "text"
