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
    Kind,
    Program,
    Wanted,
    plain,
)
from werknetz.connector.values import UnreadableValue
from werknetz.connector.yaml_format import nearest

TEXT_MAX: Final = 2_048
"""Characters of an expression: what is longer is a program, and belongs into a connector."""


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
            raise UnreadableValue(f"the expression gives {result}: a division by zero or an overflow")
    return result
