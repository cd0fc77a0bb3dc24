"""The model of a mapping: which address is which signal of which equipment, in which format.

Versioned YAML, checked at load; each error names file, line, problem and remedy. `normalize`
applies the mapping to values.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Table
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from werknetz.connector.content.numbers import Decimal, Thousands, same_characters
from werknetz.connector.expressions.engine import ExpressionError, Program, ResultKind
from werknetz.connector.expressions.expression import compile_expression, compile_for_segments
from werknetz.connector.expressions.rule_expression import ExpressionInput, signal_variables
from werknetz.connector.identity import FactIdentity
from werknetz.connector.mapping import constant, units
from werknetz.connector.mapping.constant import Constant
from werknetz.connector.mapping.event_rule import EventRule
from werknetz.connector.mapping.names import signal_name_of
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.mapping.template import expand_templates
from werknetz.connector.time_format import SignalTime, check_zone
from werknetz.connector.yaml_format import (
    ConfigurationError,
    KeyPath,
    YamlDocument,
    did_you_mean,
    dump_yaml,
    explain_errors,
    load_yaml,
)
from werknetz.domain.path import EquipmentPath
from werknetz.domain.role import Role
from werknetz.domain.state import STATE_TABLES, MachineState

Datatype = Literal["float", "integer", "boolean", "text", "json"]
TEXT_ROLES: Final = {Role.ORDER, Role.MODE}
_STATES_BY_LABEL: Final = {state.label: state for state in MachineState}
_EXPRESSIONS: Final[tuple[Literal["when", "expression"], ...]] = ("when", "expression")
_ERRORS_MAX: Final = 50
CARRIER: Final = r"^[a-z0-9][a-z0-9_-]{0,49}$"
_MODEL_CONFIG: Final = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Counter(BaseModel):
    """How a counter resets, what its samples are, and what it cannot have counted."""

    model_config = _MODEL_CONFIG
    reset: Literal["none", "to_zero", "rollover"] = "to_zero"
    modulus: Annotated[float, Field(gt=0)] | None = None
    kind: Literal["cumulative", "increment"] = "cumulative"
    interpolate: bool = False  # spread each increment evenly over the time since the sample before
    max_increment: Annotated[float, Field(gt=0)] | None = None  # of one sample; more is set aside
    max_speed: Annotated[float, Field(ge=1)] | None = None  # times the planned speed; else 10

    @model_validator(mode="after")
    def _rollover_has_modulus(self) -> Self:
        if self.reset == "rollover" and self.modulus is None:
            raise ValueError("a counter that rolls over needs `modulus`, for example 65536")
        if self.reset != "rollover" and self.modulus is not None:
            raise ValueError("`modulus` is for `reset: rollover`: remove one of them")
        return self


class Rule(BaseModel):
    """A signal rule: an address, or a pattern with named segments, and its signal."""

    model_config = _MODEL_CONFIG
    source: Annotated[str, Field(min_length=1)]
    equipment: str | None = None
    signal: str | None = None
    role: Role = Role.PROCESS_VALUE
    ignore: bool = False  # neither stored nor sent to quarantine
    states: str | None = None
    counter: Counter | None = None
    carrier: Annotated[str, Field(pattern=CARRIER)] | None = None  # of energy; else electricity
    decimal: Decimal = "point"
    thousands: Thousands = ""  # of numbers that are written as text
    time: SignalTime | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    source_unit: str | None = None
    datatype: Datatype | None = None
    when: str | None = None  # CEL: where it is false the value is dropped
    expression: str | None = None  # CEL: replaces the value, before scale and unit
    input: ExpressionInput = "number"  # type of `value` in expressions

    @field_validator("unit", "source_unit")
    @classmethod
    def _unit(cls, unit: str | None) -> str | None:
        if unit is not None:
            units.check_unit(unit)
        return unit

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.role is Role.STATE) != (self.states is not None):
            raise ValueError(
                "`role: state` and `states: <table>` belong together: set both or none"
            )
        if self.role is Role.STATE and (self.scale, self.offset, self.unit) != (1.0, 0.0, None):
            raise ValueError("a state has no scale, offset or unit: remove them")
        if self.counter is not None and not self.role.is_counter:
            raise ValueError(f"`counter` is for counts, but the role is {self.role.value!r}")
        if self.carrier is not None and self.role is not Role.ENERGY:
            raise ValueError(f"`carrier` is for energy, but the role is {self.role.value!r}")
        if self.source_unit is not None and self.unit is None:
            raise ValueError("`source_unit` needs `unit`: the unit to store")
        if same_characters(self.decimal, self.thousands):
            raise ValueError("`thousands` and `decimal` are the same character: correct one")
        if self.scale == 0:
            raise ValueError("scale 0 would make every value the same: remove or correct it")
        if self.input != "number" and not self.is_computed:
            raise ValueError("`input` is for `expression` and `when`: remove it, or add one")
        if self.ignore and self.is_computed:
            raise ValueError("`ignore: true` drops every value: remove `expression` and `when`")
        return self

    @property
    def is_computed(self) -> bool:
        return self.expression is not None or self.when is not None

    @property
    def result_kind(self) -> ResultKind:
        """The type that its expression must return."""
        if self.role is Role.STATE:
            return "scalar"
        if self.datatype == "json":
            return "anything"
        if self.role in TEXT_ROLES or self.datatype == "text":
            return "text"
        if self.datatype == "boolean":
            return "boolean"
        return "number" if self.is_linear else "scalar"

    def compile_program(
        self, key: Literal["when", "expression"], segments: Collection[str]
    ) -> Program:
        """Compile one of its expressions; raise ExpressionError with position and remedy."""
        text = (self.when if key == "when" else self.expression) or ""
        result_kind = "boolean" if key == "when" else self.result_kind
        return compile_for_segments(text, signal_variables(self.input), result_kind, segments)

    def result_datatype(self) -> Datatype | None:
        """Return the datatype of its expression, for a rule without `datatype`; else None."""
        if self.expression is None or self.result_kind != "scalar" or self.role is Role.STATE:
            return None
        kinds: dict[ResultKind, Datatype] = {
            "boolean": "boolean",
            "number": "float",
            "text": "text",
        }
        for result_kind, datatype in kinds.items():
            try:
                compile_expression(self.expression, signal_variables(self.input), result_kind)
            except ExpressionError:
                continue
            return datatype
        return None

    @property
    def is_linear(self) -> bool:
        """Whether its values must be numbers."""
        return (
            self.role.is_counter
            or self.role is Role.PLANNED_RUN_TIME
            or self.decimal == "comma"
            or self.thousands != ""
            or (self.unit, self.scale, self.offset) != (None, 1.0, 0.0)
            or self.datatype in {"float", "integer"}
        )

    def linear_factors(self) -> tuple[float, float]:
        """Scale first, then the unit: value = raw * factor + offset."""
        factor, shift = 1.0, 0.0
        if self.unit is not None and self.source_unit is not None:
            factor, shift = units.conversion_factors(self.source_unit, self.unit)
        return self.scale * factor, self.offset * factor + shift


class Mapping(BaseModel):
    """A mapping. `version` increases with each change that is activated."""

    model_config = _MODEL_CONFIG
    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[int, Field(ge=1)]
    time_zone: str | None = None
    unmapped: Literal["quarantine", "store-as-is"] = "quarantine"
    equipment: str | None = None  # of rules without one
    identity: FactIdentity = FactIdentity()  # of the facts that its event rules create
    enums: dict[str, dict[str, str]] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    events: tuple[EventRule, ...] = ()
    constants: tuple[Constant, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("equipment")
    @classmethod
    def _path(cls, path: str | None) -> str | None:
        if path is not None:
            EquipmentPath.parse(path)
        return path

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def document(self) -> str:
        """The mapping as YAML in canonical form."""
        tree = self.model_dump(mode="json", exclude_defaults=True)
        return dump_yaml(tree)

    @property
    def digest(self) -> bytes:
        """Hash of the content: independent of comments and the order of keys."""
        tree = self.model_dump(mode="json", exclude_defaults=True)
        return blake2b(json.dumps(tree, sort_keys=True).encode(), digest_size=16).digest()

    def state_table(self, table: str) -> Table[str, MachineState]:
        if table in self.enums:
            return {code: _STATES_BY_LABEL[word] for code, word in self.enums[table].items()}
        return STATE_TABLES[table]


STORE_AS_IS: Final = Mapping(name="as-is", version=1, unmapped="store-as-is")
"""For browsing: stores every address as a signal of the connector."""


def load_mapping(path: Path) -> Mapping:
    """Read the key `mapping` of a YAML file; raise ConfigurationError with every error."""
    return parse_mapping(load_yaml(path))


def parse_mapping(document: YamlDocument, at: KeyPath = ("mapping",)) -> Mapping:
    """Parse the mapping at a key of a document; raise ConfigurationError."""
    tree = document.tree
    for step in at:
        tree = tree.get(step) if isinstance(tree, dict) else None
    if not isinstance(tree, dict):
        remedy = f"key {'.'.join(map(str, at))!r} is missing: add name, version and rules"
        raise ConfigurationError([document.error_at(at, remedy)])
    document = expand_templates(document, at)
    tree = document.tree
    for step in at:
        tree = tree[step]
    try:
        mapping = Mapping.model_validate(tree)
    except ValidationError as error:
        raise ConfigurationError(_limit(explain_errors(document, at, error, Mapping))) from error
    errors = [document.error_at((*at, *key), text) for key, text in _cross_errors(mapping)]
    if errors:
        raise ConfigurationError(_limit(errors))
    return mapping


def _limit(errors: Sequence[str]) -> list[str]:
    """Return the first errors: one in a template occurs in each of a thousand machines."""
    more = len(errors) - _ERRORS_MAX
    return [*errors[:_ERRORS_MAX], *([f"… and {more} more errors"] if more > 0 else [])]


def _cross_errors(mapping: Mapping) -> list[tuple[KeyPath, str]]:
    """Return the errors between parts: unknown tables, duplicate sources, unknown segments."""
    errors: list[tuple[KeyPath, str]] = [
        (
            ("enums", table, code),
            f"state {word!r} is not known{did_you_mean(word, list(_STATES_BY_LABEL))}",
        )
        for table, codes in mapping.enums.items()
        for code, word in codes.items()
        if word not in _STATES_BY_LABEL
    ]
    first: dict[str, int] = {}
    for number, rule in enumerate(mapping.rules):
        errors += [(("rules", number, *key), text) for key, text in _rule_errors(mapping, rule)]
        if (earlier := first.setdefault(rule.source, number)) != number:
            text = f"source {rule.source!r} already has rule {earlier + 1}: remove one"
            errors.append((("rules", number, "source"), text))
    first_event: dict[tuple[str, str | None, str], int] = {}
    for number, event in enumerate(mapping.events):
        errors += [(("events", number, *key), text) for key, text in _event_errors(event)]
        same = first_event.setdefault((event.source, event.kind, event.name), number)
        if same != number and event.when is None and mapping.events[same].when is None:
            text = f"event rule {same + 1} creates the same event: set `name` in one of them"
            errors.append((("events", number, "source"), text))
    sources: dict[str, str] = {}
    for number, point, source in _points(mapping):
        if (other := sources.setdefault(point, source)) != source:
            text = f"{point} already has the source {other!r}: name another signal"
            errors.append((("rules", number, "source"), text))
    errors += _role_errors(mapping)
    errors += constant.constant_errors(
        mapping.constants, mapping.equipment, mapping.time_zone, sources
    )
    return errors


def _role_errors(mapping: Mapping) -> list[tuple[KeyPath, str]]:
    """Return where two rules give a machine two signals of one role: only one could count."""
    errors: list[tuple[KeyPath, str]] = []
    first: dict[tuple[str, Role, str], int] = {}
    for number, point, _ in _points(mapping):
        rule = mapping.rules[number]
        if not rule.role.affects_kpis or rule.when is not None:
            continue
        equipment, carrier = point.rpartition(":")[0], rule.carrier or "electricity"
        if (earlier := first.setdefault((equipment, rule.role, carrier), number)) != number:
            text = (
                f"{equipment} already has a signal of the role {rule.role.value!r} by rule "
                f"{earlier + 1}, and only one of them counts: remove one, or its role"
            )
            errors.append((("rules", number, "role"), text))
    return errors


def _event_errors(event: EventRule) -> list[tuple[KeyPath, str]]:
    errors: list[tuple[KeyPath, str]] = []
    try:
        segments = Pattern.parse(event.source).names
    except ValueError as error:
        errors.append((("source",), str(error)))
    else:
        errors += event.expression_errors(segments)
    for name, rule in event.fields.items():
        try:
            rule.linear_factors()
        except units.UnitRejected as error:
            errors.append((("fields", name, "source_unit"), str(error)))
    return errors


def _expression_errors(rule: Rule, pattern: Pattern) -> list[tuple[KeyPath, str]]:
    errors: list[tuple[KeyPath, str]] = []
    for key in _EXPRESSIONS:
        if getattr(rule, key) is not None:
            try:
                rule.compile_program(key, pattern.names)
            except ExpressionError as error:
                errors.append(((key,), str(error)))
    return errors


def _points(mapping: Mapping) -> Iterator[tuple[int, str, str]]:
    """Yield number, point and source of each rule with one address."""
    for number, rule in enumerate(mapping.rules):
        try:
            pattern = Pattern.parse(rule.source)
        except ValueError:
            continue  # an error of the rule itself
        if not pattern.names and not rule.ignore:
            equipment = rule.equipment or mapping.equipment
            own = rule.signal and rule.signal.replace("{{", "{").replace("}}", "}")
            yield number, f"{equipment}:{own or signal_name_of(pattern.literal)}", rule.source


def _rule_errors(mapping: Mapping, rule: Rule) -> list[tuple[KeyPath, str]]:
    errors: list[tuple[KeyPath, str]] = []
    tables = [*mapping.enums, *STATE_TABLES]
    if rule.states is not None and rule.states not in tables:
        text = f"state table {rule.states!r} is not known{did_you_mean(rule.states, tables)}"
        errors.append((("states",), text))
    try:
        rule.linear_factors()
    except units.UnitRejected as error:
        errors.append((("source_unit",), str(error)))
    try:
        pattern = Pattern.parse(rule.source)
    except ValueError as error:
        return [*errors, (("source",), str(error))]
    if rule.ignore:
        return errors
    equipment = rule.equipment or mapping.equipment
    if equipment is None:
        text = "has no equipment: add `equipment` to the rule, or to the mapping for all"
        errors.append((("source",), text))
    errors += _expression_errors(rule, pattern)
    example: dict[str, Any] = dict.fromkeys(pattern.names, "x")
    for key, template in (("equipment", equipment), ("signal", rule.signal)):
        try:
            filled = pattern.fill(template, example) if template else None
            if key == "equipment" and filled:
                EquipmentPath.parse(filled)
        except ValueError as error:
            errors.append(((key,), str(error)))
    return errors
