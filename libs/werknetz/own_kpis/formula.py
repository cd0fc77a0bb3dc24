"""Formulas of own KPIs: CEL over numbers that may be missing.

The CEL engine parses and type-checks a formula at load; its tree becomes nested functions, which
cost about as much as a built-in formula. They compute what CEL computes, except where it has no
number: a missing or not finite input, a division by zero, an overflow and a root of a negative
number give no value, but a reason. As in CEL, only the branch that is taken counts, and the other
operand of `&&` or `||` may decide without the missing one.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from werknetz.connector.expressions.cel_check import line_and_column
from werknetz.connector.expressions.cel_tree import CelNode
from werknetz.connector.expressions.engine import ExpressionError
from werknetz.connector.expressions.expression import compile_tree
from werknetz.kpi.definition import Undefined, Value
from werknetz.own_kpis.functions import ARITHMETIC, COMPARISONS, FUNCTIONS, text_of

Values = Mapping[str, Value]
Evaluate = Callable[[Values], float]
_SUPPORTED: Final = "+ - * / == != < <= > >= && || ! ?: and math.{}"
_OPERATORS: Final = {*ARITHMETIC, *COMPARISONS, "_/_", "_&&_", "_||_", "_?_:_", "-_", "!_"}
_BARE: Final = re.compile(r"'(min|max|abs|ceil|floor|round|sign|sqrt|trunc)' is not a variable")


@dataclass(frozen=True, slots=True)
class OwnFormula:
    """A checked formula."""

    text: str
    names: tuple[str, ...]  # of the elements and constants that it reads
    _evaluate: Evaluate

    def compute(self, values: Values) -> Value:
        """Return the number, or why there is none; `values` has each of `names`. Never raises."""
        try:
            return self._evaluate(values) + 0.0  # -0.0 becomes 0.0
        except _NoNumber as error:
            return Undefined(str(error))


class _NoNumber(Exception):
    """The formula has no number for these values; the text is the reason."""


def compile_formula(text: str, names: Collection[str]) -> OwnFormula:
    """Compile a formula over numbers; raise ExpressionError with the position and the remedy."""
    compiler = _Compiler(text, frozenset(names))
    try:
        tree = compile_tree(text, names)
    except ExpressionError as error:
        raise _with_remedy(error, text) from error
    if tree.type != "double":
        remedy = (
            "write 2.0, not 2"
            if tree.type == "int"
            else f"it is of type {tree.type}: write … ? 1.0 : 0.0 for a comparison"
        )
        raise ExpressionError(f"a KPI is a number with decimals: {remedy}", column=1, text=text)
    evaluate = compiler.function_of(tree)
    if not compiler.used:
        raise ExpressionError(
            "is a constant: use at least one element, such as pbt_s", column=1, text=text
        )
    return OwnFormula(text, tuple(sorted(compiler.used)), evaluate)


def _with_remedy(error: ExpressionError, text: str) -> ExpressionError:
    """Return the error with what formulas of KPIs offer instead."""
    problem = error.problem
    if (bare := _BARE.match(problem)) is not None:
        name = {"min": "least", "max": "greatest"}.get(bare[1], bare[1])
        problem = f"{bare[1]!r} is not a function: write math.{name}(…)"
    elif "'_%_'" in problem:
        problem = "numbers with decimals have no %: write a - b * math.floor(a / b)"
    return ExpressionError(problem, line=error.line, column=error.column, text=text)


class _Compiler:
    """Makes functions of the nodes of a tree."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.used: set[str] = set()

    def function_of(self, node: CelNode) -> Evaluate:
        if node.kind == "ident" and node.name in self.names:
            self.used.add(node.name)
            return _read(node.name)
        if node.kind == "constant":
            return self._constant(node)
        if node.kind != "call":
            raise self._error_at(node)
        return self._call(node)

    def _call(self, node: CelNode) -> Evaluate:
        name = node.name
        if name in FUNCTIONS:
            return self._function(node)
        parts = [self.function_of(part) for part in node.parts] if name in _OPERATORS else []
        match parts:
            case [operand]:
                return _negate(operand, is_logical=name == "!_")
            case [left, right]:
                return _binary(node, left, right)
            case [condition, then, otherwise]:
                return lambda values: then(values) if condition(values) else otherwise(values)
        raise self._error_at(node)

    def _function(self, node: CelNode) -> Evaluate:
        function = FUNCTIONS[node.name]
        parts = node.parts
        if len(parts) == 1 and parts[0].kind == "list":  # how CEL passes three numbers and more
            parts = parts[0].parts
        return _apply(function, [self.function_of(part) for part in parts], text_of(node))

    def _constant(self, node: CelNode) -> Evaluate:
        if node.type == "bool":
            is_true = node.is_true
            return lambda _: is_true
        if node.double is None:
            raise self._error_at(node, ": write numbers with decimals, such as 2.0")
        if not math.isfinite(node.double):
            raise self._error_at(node, ": the number is too large")
        number = node.double
        return lambda _: number

    def _error_at(self, node: CelNode, remedy: str | None = None) -> ExpressionError:
        line, column = line_and_column(self.text, max(node.at, 0))
        functions = ",".join(sorted(n.removeprefix("math.") for n in FUNCTIONS if "@" not in n))
        hint = f": use {_SUPPORTED.format(f'{{{functions},greatest,least}}')}"
        problem = f"{text_of(node)} cannot be used in the formula of a KPI{remedy or hint}"
        return ExpressionError(problem, line=line, column=column, text=self.text)


def _negate(operand: Evaluate, *, is_logical: bool) -> Evaluate:
    if is_logical:
        return lambda values: not operand(values)
    return lambda values: -operand(values)


def _binary(node: CelNode, left: Evaluate, right: Evaluate) -> Evaluate:
    name = node.name
    if name == "_/_":
        return _divide(left, right, text_of(node.parts[1]))
    if name in ARITHMETIC:
        return _calculate(ARITHMETIC[name], left, right, text_of(node))
    if name in COMPARISONS:
        return _compare(COMPARISONS[name], left, right)
    return _decide(left, right, is_decided_by=name == "_||_")


def _read(name: str) -> Evaluate:
    def read(values: Values) -> float:
        value = values[name]
        if isinstance(value, Undefined):
            raise _NoNumber(value.reason)
        if not math.isfinite(value):
            raise _NoNumber(f"{name} is no number")
        return value

    return read


def _divide(dividend: Evaluate, divisor: Evaluate, text: str) -> Evaluate:
    def divide(values: Values) -> float:
        above, below = dividend(values), divisor(values)
        if not below:
            raise _NoNumber(f"division by zero: {text} is 0")
        result = above / below
        if not math.isfinite(result):
            raise _NoNumber(f"the number is too large: {text} is {below:g}")
        return result

    return divide


def _calculate(
    operation: Callable[[float, float], float], left: Evaluate, right: Evaluate, text: str
) -> Evaluate:
    def calculate(values: Values) -> float:
        result = operation(left(values), right(values))
        if not math.isfinite(result):
            raise _NoNumber(f"the number is too large: {text}")
        return result

    return calculate


def _compare(
    comparison: Callable[[float, float], bool], left: Evaluate, right: Evaluate
) -> Evaluate:
    return lambda values: comparison(left(values), right(values))


def _decide(left: Evaluate, right: Evaluate, *, is_decided_by: bool) -> Evaluate:
    """Return `&&` or `||`: an operand without a number matters only where the other is open."""

    def decide(values: Values) -> float:
        try:
            if bool(left(values)) is is_decided_by:
                return is_decided_by
        except _NoNumber:
            if bool(right(values)) is is_decided_by:
                return is_decided_by
            raise
        return right(values)

    return decide


def _apply(function: Callable[..., float], parts: list[Evaluate], text: str) -> Evaluate:
    def apply(values: Values) -> float:
        try:
            return function(*(part(values) for part in parts))
        except ValueError as error:
            raise _NoNumber(f"{text} has no real value") from error

    return apply
