"""Expressions are bounded: growth is rejected at load, worst cases and any text end in time."""

import time
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plumbing.expressions import VALUES, VARIABLES
from plumbing.processor import slowness
from werknetz.connector.expressions.cel_check import ITERATIONS_MAX
from werknetz.connector.expressions.cel_tree import parse_tree
from werknetz.connector.expressions.engine import (
    INPUT_CHARS_MAX,
    INPUT_ITEMS_MAX,
    ExpressionError,
    ResultKind,
    VariableKind,
)
from werknetz.connector.expressions.expression import (
    compile_expression,
)
from werknetz.connector.values import UnreadableValue

GROWING = [
    "['x'].map(a, a + a)[0]",
    "[[1]].map(a, a + a)[0]",
    "fields.l.map(a, a + a)",
    "[1].map(a, [a, a]).map(a, [a, a])",
    "[1].map(a, [[a], [a]])",
    "[1].map(a, {'a': [a], 'b': [a]})",
    "fields.t.split(',').filter(a, a == 'x')",
    "[fields.t.split(',')].map(a, a.filter(b, b == 'x'))",
    "(fields.l + fields.l).filter(a, a > 1.0)",
    "fields.l.exists(a, fields.t.split('a').size() == 1)",
    "fields.l.exists(a, fields.t.replace('a', 'b') == 'x')",
    "fields.l.exists(a, a.matches('^[0-9]{20}$'))",
    "fields.t.matches('(([a-z]{9}){9}){9}')",
    "fields.l.exists(a, fields.l.exists(b, fields.t.upperAscii() == a))",
    " + ".join(["fields.t"] * 30) + " + " + " + ".join(["(fields.t + fields.t)"] * 25),
    "fields.l.exists(a, fields.l.exists(b, b.matches('a') && b.matches('b') && b.contains('c')))",
]
"""Without the checks at load, each of these, repeated, exhausts memory or takes minutes."""


@pytest.mark.parametrize("text", GROWING, ids=[g[:40] for g in GROWING])
def test_unbounded_growth_is_rejected_at_load(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text, VARIABLES, "anything")


LONG = "a" * (INPUT_CHARS_MAX - 100)
NUMBERS = [float(n) for n in range(INPUT_ITEMS_MAX - 10)]
BOMBS: list[tuple[str, dict[str, Any]]] = [
    ("l.map(a, l.map(b, l.map(c, c)))", {"l": NUMBERS}),
    ("l.filter(a, l.exists(b, b == a)).size()", {"l": NUMBERS}),
    ("l.filter(a, a > 1.0).filter(a, a > 2.0).filter(a, a > 3.0).size()", {"l": NUMBERS}),
    ("l.all(a, !t.matches('(a+)+$b'))", {"l": NUMBERS, "t": LONG}),
    ("t.matches('(a|a)*(a|aa)+$')", {"t": LONG}),
    ("t.matches('((a{0,100}){0,100}){0,100}')", {"t": LONG}),
    ("l.exists(a, t == string(a))", {"l": NUMBERS, "t": LONG}),
    (" + ".join(["t"] * 28), {"t": LONG}),
    ("t.split('a').size()", {"t": LONG}),
    ("l.exists(a, t.reverse() == 'x')", {"l": NUMBERS, "t": LONG}),
    ("t.matches('[a-z]{1000}[a-z]{1000}$x')", {"t": LONG}),
    ("t.matches('[a-z]{150}$x')", {"t": LONG}),
    ("t.matches('(a|b)*a(a|b){20}$x')", {"t": "ab" * 32_000}),
    ("l.exists(a, l.exists(b, u in l))", {"l": NUMBERS, "u": LONG}),
    ("t.lowerAscii().upperAscii().reverse().trim().size()", {"t": LONG}),
]


@pytest.mark.parametrize(("text", "fields"), BOMBS, ids=[b[0][:40] for b in BOMBS])
def test_worst_cases_are_bounded(text: str, fields: dict[str, Any]) -> None:
    """The worst case that passes the checks is bounded. CPU time, as machines are shared."""
    variables: dict[str, VariableKind] = {"l": "json", "t": "json", "u": "json"}
    began = time.process_time()
    with suppress(
        ExpressionError, UnreadableValue
    ):  # rejected at load or stopped: both are bounded
        compile_expression(text, variables, "anything").evaluate(
            {"l": [], "t": "", "u": "", **fields}
        )
    assert time.process_time() - began < 5 * slowness()


def test_the_checks_use_the_iteration_budget_of_the_engine() -> None:
    numbers: list[float] = [1.0] * (ITERATIONS_MAX + 1)
    variables: dict[str, VariableKind] = {"l": "json"}
    program = compile_expression("l.all(a, a == 1.0)", variables, "boolean")
    with pytest.raises(UnreadableValue, match="Iteration budget exceeded"):
        program.evaluate({"l": numbers})
    assert program.evaluate({"l": numbers[2:]}) is True


CEL_WORDS = st.sampled_from(
    ["value", "status", "fields", "segments", "fields.l", "fields.t", ".map(", ".filter(", "x", ",",
     ".exists(", ".matches(", "'a'", "'(a+)+'", ")", "(", "[", "]", "{", "}", " + ", " * ", " == ",
     " && ", " ? ", " : ", "1", "2.0", "3u", "has(", "size(", "-", "!", "null", "true", " in ",
     "math.", "abs(", ".split(", ".replace(", "timestamp(", "duration('1s')", "string(", "dyn("]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(CEL_WORDS, max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, result_kind=st.sampled_from(["number", "boolean", "text", "scalar", "anything"]))
@example(text="value.x" * 40, result_kind="number")
def test_any_text_is_rejected_or_bounded(text: str, result_kind: ResultKind) -> None:
    try:
        program = compile_expression(text, VARIABLES, result_kind)
    except ExpressionError as error:
        outcome: ExpressionError | UnreadableValue | None = error
    else:
        began = time.process_time()
        try:
            result = program.evaluate(VALUES)
        except UnreadableValue as error:
            outcome = error
        else:
            _is_plain(result)
            outcome = None
        assert time.process_time() - began < 5  # a runaway one takes minutes
        assert set(program.needs()) <= set(VARIABLES)
    assert outcome is None or str(outcome)
    if isinstance(outcome, ExpressionError):
        assert 1 <= outcome.line <= max(1, len(text.splitlines()) + 1)


def _is_plain(result: Any) -> None:
    assert result is None or isinstance(result, (bool, int, float, str, list, dict, datetime))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_a_value_error(data: bytes) -> None:
    try:
        parse_tree(data)
    except ValueError:
        return
