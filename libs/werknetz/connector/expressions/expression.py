"""Compile the expressions of a mapping, and prepare what they read and return.

The engine is `cel`; it is loaded only where a mapping has an expression.
"""

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from werknetz.connector.expressions.engine import (
    Budget,
    ExpressionError,
    Program,
    ResultKind,
    VariableKind,
    to_engine_value,
)
from werknetz.connector.values import UnreadableValue
from werknetz.connector.yaml_format import did_you_mean

TEXT_MAX: Final = 2_048
"""Characters of an expression: what is longer is a program, and belongs into a connector."""


def compile_expression(
    text: str, variables: Mapping[str, VariableKind], wanted: ResultKind
) -> Program:
    """Compile with the engine of this product; the same expression of many rules once."""
    return _compile_cached(text, tuple(sorted(variables.items())), wanted)


def compile_for_segments(
    text: str, variables: Mapping[str, VariableKind], wanted: ResultKind, segments: Collection[str]
) -> Program:
    """Compile for a rule whose source has these segments; raise ExpressionError."""
    program = compile_expression(text, variables, wanted)
    for name in sorted(program.needs().get("segments") or ()):
        if name not in segments:
            there = did_you_mean(name, [*segments]) or ": it has none"
            raise ExpressionError(f"names segment {name!r}, which the source has not{there}")
    return program


@lru_cache(maxsize=4096)
def _compile_cached(
    text: str, variables: tuple[tuple[str, VariableKind], ...], wanted: ResultKind
) -> Program:
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


def select_fields(source: Mapping[str, Any], keys: frozenset[str] | None, budget: Budget) -> Any:
    """The part of a map that an expression looks at: a message of 500 fields costs what it uses."""
    if keys is None:
        return to_engine_value(source, budget)
    return {key: to_engine_value(source[key], budget) for key in keys if key in source}


def check_finite(result: Any, given: Any = 0.0) -> Any:
    """Refuse what only a division by zero or an overflow makes; pass on what was given so."""
    if type(result) is float and not math.isfinite(result):
        was_finite = not isinstance(given, float) or math.isfinite(given)
        if was_finite:
            raise UnreadableValue(
                f"the expression gives {result}: a division by zero or an overflow"
            )
    return result
