"""Evaluate the expressions of a signal rule: first `when`, then `expression`.

Values of a rule without expressions do not reach this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from werknetz.connector.expressions.engine import Budget, Program, VariableKind, to_engine_value
from werknetz.connector.expressions.expression import check_finite, select_fields
from werknetz.connector.values import DROPPED, Target, to_text, value_of

ExpressionInput = Literal["number", "text", "json"]


def signal_variables(kind: ExpressionInput) -> dict[str, VariableKind]:
    """Return the variables of the expressions of a signal rule."""
    return {"value": kind, "status": "status", "fields": "fields", "segments": "segments"}


@dataclass(slots=True)
class RuleExpression:
    """The compiled expressions of a rule, for one address."""

    input: ExpressionInput
    expression: Program | None
    when: Program | None
    segments: Mapping[str, str]
    comma: bool = False
    thousands: str = ""
    needs: dict[str, frozenset[str] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for program in (self.when, self.expression):
            for name, keys in program.needs().items() if program else ():
                needed = self.needs.get(name, frozenset())
                self.needs[name] = None if keys is None or needed is None else needed | keys

    @property
    def depends_on_status(self) -> bool:
        """Whether the result may differ for the same value with another status."""
        return "status" in self.needs

    @property
    def reads_text(self) -> bool:
        """Whether it computes with the text of a value, not with its number."""
        return self.input == "text"

    def result(self, value: Any, status: int, fields: Mapping[str, Any] | None) -> Any:
        """Return the computed value, or DROPPED; raise UnreadableValue.

        A missing value is not computed: it stays None. NaN and infinity are missing values.
        """
        if value is None and self.input != "json":
            return None
        variable = self._to_variable(value)
        if self.input == "number" and not isfinite(variable):
            return None
        # Each variable that is passed costs a microsecond, used or not.
        values: dict[str, Any] = {"value": variable} if "value" in self.needs else {}
        if "status" in self.needs:
            values["status"] = status
        if "segments" in self.needs:
            values["segments"] = self.segments
        if "fields" in self.needs:
            values["fields"] = select_fields(fields or {}, self.needs["fields"], Budget())
        if self.when is not None and self.when.evaluate(values) is not True:
            return DROPPED
        if self.expression is None:
            return value
        return check_finite(self.expression.evaluate(values), variable)

    def _to_variable(self, value: Any) -> Any:
        if self.input == "number":
            if type(value) is float:
                return value
            target = Target(0, linear=True, comma=self.comma, thousands=self.thousands)
            return value_of(target, value)[0]
        return to_engine_value(value if self.input == "json" else to_text(value), Budget())
