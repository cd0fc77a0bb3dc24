"""Compile the expressions of a mapping; prepare their input, check their results.

The engine is `cel`; it is loaded only where a mapping has an expression.
"""

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from werknetz.connector.expressions.cel_tree import CelNode
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
"""Characters of an expression: anything longer is a program and belongs in a connector."""


def compile_expression(
    text: str, variables: Mapping[str, VariableKind], result_kind: ResultKind
) -> Program:
    """Compile an expression; an expression of many rules is compiled once."""
    return _compile_cached(text, tuple(sorted(variables.items())), result_kind)


def compile_for_segments(
    text: str,
    variables: Mapping[str, VariableKind],
    result_kind: ResultKind,
    segments: Collection[str],
) -> Program:
    """Compile for a rule whose source has these segments; raise ExpressionError."""
    program = compile_expression(text, variables, result_kind)
    for name in sorted(program.needs().get("segments") or ()):
        if name not in segments:
            hint = did_you_mean(name, [*segments]) or ": it has none"
            raise ExpressionError(f"uses segment {name!r}, which is not in the source{hint}")
    return program


def compile_tree(text: str, variables: Collection[str]) -> CelNode:
    """Compile a formula over numbers; return its tree for an evaluator that knows missing numbers.

    Raise ExpressionError as `compile_expression` does.
    """
    _check_text(text)
    from werknetz.connector.expressions.cel import CelEngine

    return CelEngine().compile(text, dict.fromkeys(variables, "number"), "scalar").tree


@lru_cache(maxsize=4096)
def _compile_cached(
    text: str, variables: tuple[tuple[str, VariableKind], ...], result_kind: ResultKind
) -> Program:
    _check_text(text)
    # The engine has 14 MB: a mapping without expressions does not load it.
    from werknetz.connector.expressions.cel import CelEngine

    return CelEngine().compile(text, dict(variables), result_kind)


def _check_text(text: str) -> None:
    if len(text) > TEXT_MAX:
        raise ExpressionError(
            f"has {len(text)} characters, the limit is {TEXT_MAX}: split it into several fields, "
            "or use a table (`enums`, `values`)"
        )
    control = next((c for c in text if ord(c) < 32 and c not in "\n\r\t"), None)
    if control is not None:
        raise ExpressionError(f"contains the character #x{ord(control):02x}: remove it")


def select_fields(source: Mapping[str, Any], keys: frozenset[str] | None, budget: Budget) -> Any:
    """Return the keys of a map that an expression reads: unused fields cost nothing."""
    if keys is None:
        return to_engine_value(source, budget)
    return {key: to_engine_value(source[key], budget) for key in keys if key in source}


def check_finite(result: Any, operand: Any = 0.0) -> Any:
    """Return the result; raise UnreadableValue where it, but not `operand`, is infinite or NaN."""
    if type(result) is float and not math.isfinite(result):
        was_finite = not isinstance(operand, float) or math.isfinite(operand)
        if was_finite:
            raise UnreadableValue(
                f"the expression returns {result}: a division by zero or an overflow"
            )
    return result
