"""Event rules of a mapping: which business event a row, a segment group or an object is.

Only the model; `records` applies the rules.
"""

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.content.numbers import Decimal, Thousands, same_characters
from werknetz.connector.expressions.engine import ExpressionError, Program, ResultKind, VariableKind
from werknetz.connector.expressions.expression import compile_for_segments
from werknetz.connector.mapping import units
from werknetz.connector.time_format import check_time_format, check_zone_or_offset
from werknetz.connector.yaml_format import KeyPath, did_you_mean
from werknetz.events.facts import KINDS, FieldType, fields_of, required_fields_of

_MODEL_CONFIG: Final = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

RECORD_VARIABLES: Final[dict[str, VariableKind]] = {"record": "fields", "segments": "segments"}


class FieldRule(BaseModel):
    """Where a field of an event comes from: `field`, `expression` or `constant`."""

    model_config = _MODEL_CONFIG
    field: str | None = None  # name or path in the record: "OrderID", "head.lines.0.qty"
    expression: str | None = None  # CEL over `record` and `segments`
    constant: str | float | None = None
    default: str | float | None = None  # where the record has no value
    decimal: Decimal = "point"
    thousands: Thousands = ""  # of numbers that are written as text
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    source_unit: str | None = None
    format: str = "iso"  # of times, as in `TimeFormat`
    zone: str | None = None  # or +01:00; default: that of the source or the mapping
    values: dict[str, str] | None = None  # value of the source → stored value; others: an error

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone_or_offset(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, text: str) -> str:
        return check_time_format(text)

    @field_validator("unit", "source_unit")
    @classmethod
    def _unit(cls, unit: str | None) -> str | None:
        if unit is not None:
            units.check_unit(unit)
        return unit

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if [self.field, self.expression, self.constant].count(None) != 2:
            raise ValueError("set exactly one of `field`, `expression` and `constant`")
        if (self.unit is None) != (self.source_unit is None):
            raise ValueError("`unit` and `source_unit` go together")
        if same_characters(self.decimal, self.thousands):
            raise ValueError("`thousands` and `decimal` are the same character: correct one")
        if self.scale == 0:
            raise ValueError("scale 0 would make every value the same: remove or correct it")
        return self

    def linear_factors(self) -> tuple[float, float]:
        """Scale first, then the unit: value = raw * factor + offset."""
        factor, shift = 1.0, 0.0
        if self.unit is not None and self.source_unit is not None:
            factor, shift = units.conversion_factors(self.source_unit, self.unit)
        return self.scale * factor, self.offset * factor + shift

    @property
    def is_linear(self) -> bool:
        has_form = (self.decimal, self.thousands) != ("point", "")
        return has_form or self.linear_factors() != (1.0, 0.0)


def _expand_short_form(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


FieldOrName = Annotated[FieldRule, BeforeValidator(_expand_short_form)]


class EventRule(BaseModel):
    """A source of records, or a pattern of sources, and the event that each record is."""

    model_config = _MODEL_CONFIG
    source: Annotated[str, Field(min_length=1)]
    kind: str | None = None
    name: str = ""  # distinguishes events of one kind of one record: "free", "blocked"
    ignore: bool = False
    when: str | None = None  # CEL: where it is false the record is not this event
    at: FieldOrName | None = None  # the event's time; default: the source's, else arrival
    fields: dict[str, FieldOrName] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.ignore:
            if self.when is not None:
                raise ValueError("`ignore: true` drops every record: remove `when`")
            return self
        if self.kind is None or self.kind not in KINDS:
            raise ValueError(
                f"kind {self.kind!r} is not known{did_you_mean(self.kind or '', [*KINDS])}"
            )
        types = fields_of(self.kind)
        for name, rule in self.fields.items():
            if name not in types:
                raise ValueError(f"{self.kind} has no field {name!r}{did_you_mean(name, [*types])}")
            _check_type(name, types[name], rule)
        missing = [name for name in required_fields_of(self.kind) if name not in self.fields]
        if missing:
            raise ValueError(f"{self.kind} needs a field {missing[0]!r}: add it under `fields`")
        return self

    def compile_programs(self, segments: Collection[str]) -> dict[KeyPath, Program]:
        """Compile its expressions, by their key in the rule; raise ExpressionError."""
        return {
            key: compile_for_segments(text, RECORD_VARIABLES, result_kind, segments)
            for key, text, result_kind in self._expressions()
        }

    def expression_errors(self, segments: Collection[str]) -> list[tuple[KeyPath, str]]:
        """Return the errors of its expressions, by their key in the rule."""
        errors: list[tuple[KeyPath, str]] = []
        for key, text, result_kind in self._expressions():
            try:
                compile_for_segments(text, RECORD_VARIABLES, result_kind, segments)
            except ExpressionError as error:
                errors.append((key, str(error)))
        return errors

    def _expressions(self) -> Iterator[tuple[KeyPath, str, ResultKind]]:
        if self.when is not None:
            yield ("when",), self.when, "boolean"
        if self.at is not None and self.at.expression is not None:
            yield ("at", "expression"), self.at.expression, "instant"
        types = fields_of(self.kind) if self.kind else {}
        for name, rule in self.fields.items():
            if rule.expression is not None:
                # The keys of a table of values are texts, whatever the type of the field.
                result_kind = types[name] if rule.values is None else "scalar"
                yield ("fields", name, "expression"), rule.expression, result_kind


def _check_type(name: str, kind: FieldType, rule: FieldRule) -> None:
    if kind != "number" and rule.is_linear:
        raise ValueError(f"{name} is not a number: remove decimal, scale, offset and units")
    if kind != "instant" and (rule.format != "iso" or rule.zone is not None):
        raise ValueError(f"{name} is not a time: remove format and zone")
