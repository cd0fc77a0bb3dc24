"""The contract of an expression engine: types, errors, bounded input values.

`cel` implements it; `expression` compiles with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from werknetz.connector.values import EXACT_MAX, UnreadableValue, check_storable

INPUT_CHARS_MAX: Final = 65_536
INPUT_ITEMS_MAX: Final = 1_000
INPUT_DEPTH_MAX: Final = 24
"""Limits of the input of one evaluation: with them its worst case is known at load."""

VariableKind = Literal["number", "text", "status", "json", "fields", "segments"]
"""Type of a variable: double, string, uint, any, map of any, map of strings."""

ResultKind = Literal["number", "boolean", "text", "instant", "texts", "scalar", "anything"]
"""Type of a result. A scalar is a number, a text or true/false."""

_INT64: Final = range(-(2**63), 2**64)


class ExpressionError(ValueError):
    """The expression is invalid; the text names the problem, the position and the remedy."""

    def __init__(self, problem: str, *, line: int = 1, column: int = 0, text: str = "") -> None:
        self.problem, self.line, self.column = problem, line, column
        super().__init__(problem + _excerpt(text, line, column))


class Program(Protocol):
    """A checked expression. Pure: it reads only its variables and has no effects."""

    def needs(self) -> Mapping[str, frozenset[str] | None]:
        """Return the variables it reads; of a map the keys, or None where they are unknown."""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return its value; raise UnreadableValue with the reason. Bounded in time and memory."""


class Engine(Protocol):
    """Compiles expressions."""

    def compile(
        self, text: str, variables: Mapping[str, VariableKind], result_kind: ResultKind
    ) -> Program:
        """Return the checked expression; raise ExpressionError with position and remedy."""


@dataclass(slots=True)
class Budget:
    """How much input one evaluation may still read."""

    chars: int = INPUT_CHARS_MAX
    items: int = INPUT_ITEMS_MAX


def to_engine_value(value: Any, budget: Budget, depth: int = 0) -> Any:  # noqa: PLR0911  one return per type
    """Convert a value of a source for the engine; raise UnreadableValue beyond the budget.

    Numbers are doubles, whether a machine writes 5 or 5.0: otherwise an expression would work
    for one value and fail for the next. Integers that no double can represent stay integers.
    """
    budget.items -= 1
    if budget.items < 0 or depth > INPUT_DEPTH_MAX:
        raise UnreadableValue(
            f"more than {INPUT_ITEMS_MAX} values, or nested too deeply, for an expression"
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (float, Decimal)):
        return float(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return _text(value, budget)
    if isinstance(value, Mapping):
        return {
            _text(str(name), budget): to_engine_value(inner, budget, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [to_engine_value(inner, budget, depth + 1) for inner in value]
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return _text(value[: INPUT_CHARS_MAX + 1].hex(), budget)
    return _text(str(value), budget)


def _integer(value: int) -> float | int:
    if -EXACT_MAX <= value <= EXACT_MAX:
        return float(value)
    if value not in _INT64:
        raise UnreadableValue("the integer is too large for an expression")
    return value


def _text(text: str, budget: Budget) -> str:
    budget.chars -= len(text)
    if budget.chars < 0:
        raise UnreadableValue(f"more than {INPUT_CHARS_MAX} characters for an expression")
    return check_storable(text)


def _excerpt(text: str, line: int, column: int) -> str:
    """Return the line of the expression with a caret below the position, as compilers show it."""
    lines = text.splitlines()
    if not 1 <= line <= len(lines) or column < 1:
        return ""
    source_line, at = lines[line - 1], column - 1
    start = max(0, at - 60)
    where = f"line {line} of the expression" if len(lines) > 1 else "in"
    excerpt = source_line[start : start + 100].replace("\t", " ")
    return f"\n    {where}: {excerpt}\n    {' ' * (len(where) + 2 + at - start)}^"
