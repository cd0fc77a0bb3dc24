"""Formulas of own KPIs: what they compute, why they have no value, what is refused and how."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from werknetz.connector.expressions.engine import ExpressionError
from werknetz.connector.expressions.expression import compile_expression
from werknetz.connector.values import UnreadableValue
from werknetz.kpi.definition import Undefined
from werknetz.own_kpis.formula import OwnFormula, compile_formula

NAMES = ("a", "b", "c")
MISSING = Undefined("c is not reported")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", 0.5),
        ("1.0 - a / b", 0.5),
        ("(a + b) * 2.0", 12.0),
        ("-a + b", 2.0),
        ("a > b ? a : b", 4.0),
        ("a >= 2.0 && b <= 4.0 ? 1.0 : 0.0", 1.0),
        ("a > 2.0 || b < 4.0 ? 1.0 : 0.0", 0.0),
        ("!(a == b) && a != b ? 1.0 : 0.0", 1.0),
        ("(a > b) == false ? 1.0 : 0.0", 1.0),
        ("true ? a : b", 2.0),
        ("math.least(a, b)", 2.0),
        ("math.greatest(a, b, 9.0)", 9.0),
        ("math.least([a, b, 1.0])", 1.0),
        ("math.abs(a - b)", 2.0),
        ("math.sqrt(b)", 2.0),
        ("math.round(a + 0.5)", 3.0),
        ("math.round(-a - 0.5)", -3.0),
        ("math.round(a + 0.49)", 2.0),
        ("math.ceil(a + 0.1)", 3.0),
        ("math.floor(a + 0.9)", 2.0),
        ("math.trunc(-a - 0.9)", -2.0),
        ("math.sign(a - b)", -1.0),
        ("math.sign(a - a)", 0.0),
        ("a - a", 0.0),
        ("a // good parts\n / b", 0.5),
    ],
)
def test_values(text: str, expected: float) -> None:
    value = compile_formula(text, NAMES).compute({"a": 2.0, "b": 4.0, "c": MISSING})
    assert value == expected
    assert isinstance(value, float)
    assert math.copysign(1.0, value) == math.copysign(1.0, expected)  # no negative zero


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a / b", "division by zero: b is 0"),
        ("a / (a - a)", "division by zero: (a - a) is 0"),
        ("1.0 / (a / b)", "division by zero: b is 0"),  # in floating point it would be 0
        ("math.least(a / b, 1.0)", "division by zero: b is 0"),
        ("a / b > 1.0 ? 1.0 : 0.0", "division by zero: b is 0"),
        ("b / b", "division by zero: b is 0"),
        ("a / -b", "division by zero: -b is 0"),
        ("a / (a > b ? b : a)", "division by zero: ((a > b) ? b : a) is 0"),
        ("a / (true ? b : a)", "division by zero: (true ? b : a) is 0"),
        ("a / (false ? a : b)", "division by zero: (false ? a : b) is 0"),
        ("a + c", "c is not reported"),
        ("b * c", "c is not reported"),
        ("c > 1.0 ? a : b", "c is not reported"),
        ("c > 1.0 || b > 1.0 ? a : b", "c is not reported"),
        ("b > 1.0 || c > 1.0 ? a : b", "c is not reported"),
        ("a > 1.0 && c > 1.0 ? a : b", "c is not reported"),
        ("a * 1e308 * 1e308", "the number is too large: ((a * 1e+308) * 1e+308)"),
        ("a / 1e-308 / 1e-308", "the number is too large: 1e-308 is 1e-308"),
        ("math.sqrt(b - a)", "math.sqrt((b - a)) has no real value"),
    ],
)
def test_reasons_of_no_value(text: str, reason: str) -> None:
    value = compile_formula(text, NAMES).compute({"a": 1.5, "b": 0.0, "c": MISSING})
    assert value == Undefined(reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b == 0.0 ? 0.0 : a / b", 0.0),  # the branch that is not taken does not divide
        ("b > 0.0 && a / b > 1.0 ? 1.0 : 2.0", 2.0),
        ("a / b > 1.0 && b > 0.0 ? 1.0 : 2.0", 2.0),  # in either order, as in CEL
        ("c > 1.0 || a > 1.0 ? 1.0 : 2.0", 1.0),
        ("a > 1.0 || c > 1.0 ? 1.0 : 2.0", 1.0),
        ("a > 1.0 ? a : c", 1.5),
    ],
)
def test_what_does_not_matter_needs_no_value(text: str, expected: float) -> None:
    value = compile_formula(text, NAMES).compute({"a": 1.5, "b": 0.0, "c": MISSING})
    assert value == expected


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_element_that_is_no_number_is_a_reason(bad: float) -> None:
    formula = compile_formula("a > 0.0 ? 1.0 : 0.0", NAMES)
    assert formula.compute({"a": bad}) == Undefined("a is no number")


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("a / bb", "'bb' is not a variable or function: did you mean 'b'?", 5),
        ("a / 2", "no matching overload for '_/_' applied to '(double, int)': write 2.0", 3),
        ("a > 0 ? a : b", "write 2.0, not 2", 3),
        ("a +", "is not CEL", 4),
        ("a ^ 2.0", "is not CEL", 3),
        ("abs(a)", "'abs' is not a function: write math.abs(…)", 4),
        ("max(a, b)", "'max' is not a function: write math.greatest(…)", 4),
        ("a % b", "have no %: write a - b * math.floor(a / b)", 3),
        ("a > b", "a KPI is a number with decimals: it is of type bool", 1),
        ("2", "a KPI is a number with decimals: write 2.0, not 2", 1),
        ("'text'", "it is of type string", 1),
        ("dyn(a)", "it is of type dyn", 1),
        ("2.0", "is a constant: use at least one element", 1),
        ("a * 1e400", "inf cannot be used in the formula of a KPI: the number is too large", 5),
        ("double('1') * a", "double('1') cannot be used in the formula of a KPI: use + - * /", 7),
        ("double('1') * a", "math.{abs,ceil,floor,round,sign,sqrt,trunc,greatest,least}", 7),
        ("[a, b].exists(x, x > 1.0) ? a : b", "cannot be used", 14),
        ("double(2) * a", "double(2) cannot be used", 7),
        ("string(a) == 'x' ? a : b", "string(a) cannot be used", 7),
        ("a in [1.0] ? a : b", "@in(a, 1.0) cannot be used", 3),
        ("math.isNaN(a) ? a : b", "math.isNaN(a) cannot be used", 11),
        ("-" * 1 + "(" * 300 + "a" + ")" * 300, "nested too deeply: split it", 1),
        ("a + " * 511 + "a", "nested too deeply: split it", 1),
        ("a" * 2049, "has 2049 characters, the limit is 2048", 0),
        ("a \x00", "contains the character #x00: remove it", 0),
    ],
)
def test_what_is_refused_points_at_the_place(text: str, problem: str, column: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_formula(text, NAMES)
    assert problem in str(refused.value)
    assert refused.value.column == column
    if column:
        line = str(refused.value).splitlines()
        assert line[-1].endswith("^"), "a caret points at the place"


def test_the_second_line_of_a_formula_is_pointed_at() -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_formula("a\n / bbb", NAMES)
    assert refused.value.line == 2
    assert "line 2 of the expression" in str(refused.value)


def test_names_are_those_that_the_formula_reads() -> None:
    assert compile_formula("c > 1.0 ? a : a / c", NAMES).names == ("a", "c")


numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 5e-324, 1e-300]),
)
values_or_reasons = st.one_of(numbers, st.just(Undefined("not reported")))
constants = st.sampled_from(["0.0", "1.0", "0.5", "1e308", "1e-308", "-3.5", "2.5"])
operands = st.one_of(st.sampled_from(NAMES), constants)


def _formulas(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds(
        lambda left, sign, right: f"({left} {sign} {right})",
        inner, st.sampled_from(["+", "-", "*", "/"]), inner,
    )  # fmt: skip
    comparison = st.builds(
        lambda left, sign, right: f"{left} {sign} {right}",
        inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner,
    )  # fmt: skip
    condition = st.one_of(
        comparison,
        st.builds(lambda c: f"!({c})", comparison),
        st.builds(
            lambda left, sign, right: f"({left} {sign} {right})",
            comparison, st.sampled_from(["&&", "||"]), comparison,
        ),
    )  # fmt: skip
    choice = st.builds(lambda c, then, other: f"({c} ? {then} : {other})", condition, inner, inner)
    functions = st.sampled_from(["abs", "ceil", "floor", "round", "sign", "sqrt", "trunc"])
    unary = st.builds(lambda name, operand: f"math.{name}({operand})", functions, inner)
    negative = st.builds(lambda operand: f"-({operand})", inner)
    several = st.builds(
        lambda name, parts: f"math.{name}({', '.join(parts)})",
        st.sampled_from(["least", "greatest"]), st.lists(inner, min_size=2, max_size=4),
    )  # fmt: skip
    return st.one_of(binary, choice, unary, negative, several)


formulas = st.recursive(operands, _formulas, max_leaves=8)


@given(formulas, values_or_reasons, values_or_reasons, values_or_reasons)
@example("1.0 / (a / b)", 1.0, 0.0, 0.0)
@example("math.round(a)", 0.49999999999999994, 0.0, 0.0)
@example("math.round(a)", -4503599627370497.5, 0.0, 0.0)
@example("a * (b / c)", 5e-324, 1e308, 1e-308)
def test_a_formula_never_raises_and_agrees_with_cel(
    text: str, a: float | Undefined, b: float | Undefined, c: float | Undefined
) -> None:
    formula, problem = _compile(text)
    if formula is None:
        assert "is a constant" in problem or "nested too deeply" in problem
        return
    value = formula.compute({"a": a, "b": b, "c": c})
    if isinstance(value, Undefined):
        assert value.reason
        return
    assert math.isfinite(value)
    given_values = {
        name: number
        for name, number in (("a", a), ("b", b), ("c", c))
        if not isinstance(number, Undefined)
    }
    if set(formula.names) <= given_values.keys():
        program = compile_expression(text, dict.fromkeys(NAMES, "number"), "number")
        all_values = {name: given_values.get(name, 0.0) for name in NAMES}
        try:
            expected = program.evaluate(all_values)
        except UnreadableValue as error:  # the engine rounds beyond int64 with an error
            pytest.fail(f"{text} of {all_values}: {error}")
        assert value == expected, f"{text} of {all_values}"


@given(st.text(max_size=60))
@example("a" + "\ud800")
@example("a ? b : c")
@example("{}")
def test_any_text_is_a_formula_or_is_refused(text: str) -> None:
    formula, problem = _compile(text)
    assert problem if formula is None else set(formula.names) <= set(NAMES)


def _compile(text: str) -> tuple[OwnFormula | None, str]:
    try:
        return compile_formula(text, NAMES), ""
    except ExpressionError as error:
        return None, str(error)
