"""Expressions of a mapping, whatever runs them: what an engine promises, and what it is given.

Checked when a mapping is loaded, bounded when a value comes. The engine is `cel`; it is loaded
only where a mapping has an expression.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, Protocol

from werknetz.connector.values import EXACT_MAX, Unreadable, storable
from werknetz.connector.yaml_format import nearest

TEXT_MAX: Final = 2_048
"""Characters of an expression: what is longer is a program, and belongs into a connector."""

INPUT_CHARS_MAX: Final = 65_536
INPUT_ITEMS_MAX: Final = 1_000
INPUT_DEPTH_MAX: Final = 24
"""What an expression may look at. With them the worst case of an expression is known at load."""

Kind = Literal["number", "text", "status", "json", "fields", "segments"]
"""Of a variable: double, string, uint, anything, a map of anything, a map of texts."""

Wanted = Literal["number", "boolean", "text", "instant", "texts", "scalar", "anything"]
"""Of a result. A scalar is a number, a text or true/false."""

_INT64: Final = range(-(2**63), 2**64)


class ExpressionError(ValueError):
    """The expression is refused: what is wrong, where, and the remedy."""

    def __init__(self, problem: str, *, line: int = 1, column: int = 0, text: str = "") -> None:
        self.problem, self.line, self.column = problem, line, column
        super().__init__(problem + _pointed(text, line, column))


class Program(Protocol):
    """An expression that has been checked. Pure: no names but its variables, no effects."""

    def needs(self) -> Mapping[str, frozenset[str] | None]:
        """The variables it looks at; of a map the keys, or None where they are not known."""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return its value; raise Unreadable with the reason. Bounded in time and memory."""


class Engine(Protocol):
    """What runs expressions."""

    def compile(self, text: str, variables: Mapping[str, Kind], wanted: Wanted) -> Program:
        """Return the checked expression; raise ExpressionError with place and remedy."""


def compiled(text: str, variables: Mapping[str, Kind], wanted: Wanted) -> Program:
    """Compile with the engine of this product; the same expression of many rules once."""
    return _compiled(text, tuple(sorted(variables.items())), wanted)


def compiled_for(
    text: str, variables: Mapping[str, Kind], wanted: Wanted, segments: Collection[str]
) -> Program:
    """Compile for a rule whose source has these segments; raise ExpressionError."""
    program = compiled(text, variables, wanted)
    for name in sorted(program.needs().get("segments") or ()):
        if name not in segments:
            there = nearest(name, [*segments]) or ": it has none"
            raise ExpressionError(f"names segment {name!r}, which the source has not{there}")
    return program


@lru_cache(maxsize=4096)
def _compiled(text: str, variables: tuple[tuple[str, Kind], ...], wanted: Wanted) -> Program:
    if len(text) > TEXT_MAX:
        raise ExpressionError(
            f"has {len(text)} characters, the limit is {TEXT_MAX}: divide it over several fields, "
            "or use a table (`enums`, `values`)"
        )
    strange = next((c for c in text if ord(c) < 32 and c not in "\n\r\t"), None)
    if strange is not None:
        raise ExpressionError(f"holds the character #x{ord(strange):02x}: remove it")
    # Google's engine brings 14 MB: a mapping without expressions never loads them.
    from werknetz.connector.expressions.cel import CelEngine

    return CelEngine().compile(text, dict(variables), wanted)


@dataclass(slots=True)
class Budget:
    """How much one evaluation may still be given."""

    chars: int = INPUT_CHARS_MAX
    items: int = INPUT_ITEMS_MAX


def plain(value: Any, budget: Budget, depth: int = 0) -> Any:  # noqa: PLR0911  a ladder of types
    """Make of any source's value what an engine takes; raise Unreadable beyond the budget.

    Numbers are doubles, whether a machine writes 5 or 5.0: else the same expression would hold
    for one value and fail for the next. Only integers that no double can hold stay integers.
    """
    budget.items -= 1
    if budget.items < 0 or depth > INPUT_DEPTH_MAX:
        raise Unreadable(
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
            _text(str(name), budget): plain(inner, budget, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(inner, budget, depth + 1) for inner in value]
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return _text(value[: INPUT_CHARS_MAX + 1].hex(), budget)
    return _text(str(value), budget)


def _integer(value: int) -> float | int:
    if -EXACT_MAX <= value <= EXACT_MAX:
        return float(value)
    if value not in _INT64:
        raise Unreadable("the integer is too large for an expression")
    return value


def _text(text: str, budget: Budget) -> str:
    budget.chars -= len(text)
    if budget.chars < 0:
        raise Unreadable(f"more than {INPUT_CHARS_MAX} characters for an expression")
    return storable(text)


def chosen(source: Mapping[str, Any], keys: frozenset[str] | None, budget: Budget) -> Any:
    """The part of a map that an expression looks at: a message of 500 fields costs what it uses."""
    if keys is None:
        return plain(source, budget)
    return {key: plain(source[key], budget) for key in keys if key in source}


def finite(result: Any, given: Any = 0.0) -> Any:
    """Refuse what only a division by zero or an overflow makes; pass on what was given so."""
    if type(result) is float and not math.isfinite(result):
        was_finite = not isinstance(given, float) or math.isfinite(given)
        if was_finite:
            raise Unreadable(f"the expression gives {result}: a division by zero or an overflow")
    return result


def _pointed(text: str, line: int, column: int) -> str:
    """The line of the expression with a caret below the place, as compilers show it."""
    lines = text.splitlines()
    if not 1 <= line <= len(lines) or column < 1:
        return ""
    shown, at = lines[line - 1], column - 1
    start = max(0, at - 60)
    where = f"line {line} of the expression" if len(lines) > 1 else "in"
    cut = shown[start : start + 100].replace("\t", " ")
    return f"\n    {where}: {cut}\n    {' ' * (len(where) + 2 + at - start)}^"
