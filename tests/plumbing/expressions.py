"""Example variables of expressions, and their evaluation."""

from typing import Any

from werknetz.connector.expressions.engine import ResultKind, VariableKind
from werknetz.connector.expressions.expression import compile_expression

VARIABLES: dict[str, VariableKind] = {
    "value": "number", "status": "status", "fields": "fields", "segments": "segments",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "value": 3.5,
    "status": 2,
    "fields": {"a": 1.0, "t": "x,y", "l": [1.0, 2.0], "head.qty": 7.0, "n": None, "on": True},
    "segments": {"m": "press-1"},
}


def evaluate(text: str, result_kind: ResultKind = "anything", **values: Any) -> Any:
    """Compile and evaluate an expression over the example values, changed by `values`."""
    return compile_expression(text, VARIABLES, result_kind).evaluate(VALUES | values)
