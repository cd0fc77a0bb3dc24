"""A mapping is data: which address is which signal of which equipment, and how its values read.

Versioned YAML, checked when it is loaded; each error says file, line, what is wrong and the
remedy. What to do with values is in `normalize`; nothing here sees one.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Table
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from werknetz.connector.expressions.engine import ExpressionError, Program, ResultKind
from werknetz.connector.expressions.expression import compile_expression, compile_for_segments
from werknetz.connector.expressions.rule_expression import ExpressionInput, signal_variables
from werknetz.connector.mapping import constant, units
from werknetz.connector.mapping.constant import Constant
from werknetz.connector.mapping.event_rule import EventRule
from werknetz.connector.mapping.pattern import Pattern, signal_name_of
from werknetz.connector.mapping.template import expand_templates
from werknetz.connector.time_format import TimeFormat, check_zone
from werknetz.connector.yaml_format import (
    ConfigurationError,
    KeyPath,
    YamlDocument,
    did_you_mean,
    explain_errors,
    load_yaml,
)
from werknetz.domain.path import EquipmentPath
from werknetz.domain.role import Role
from werknetz.domain.state import STATE_TABLES, MachineState

Datatype = Literal["float", "integer", "boolean", "text", "json"]
TEXT_ROLES: Final = {Role.ORDER, Role.MODE}
# Ten times as fast, where PyYAML has it: a mapping may have thousands of rules.
_Dumper: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WORDS: Final = {state.label: state for state in MachineState}
_EXPRESSIONS: Final[tuple[Literal["when", "expression"], ...]] = ("when", "expression")
_ERRORS_MAX: Final = 50
_FORM: Final = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Counter(BaseModel):
    """How a counter behaves when it ends."""

    model_config = _FORM
    reset: Literal["none", "to_zero", "rollover"] = "to_zero"
    modulus: Annotated[float, Field(gt=0)] | None = None
    kind: Literal["cumulative", "increment"] = "cumulative"

    @model_validator(mode="after")
    def _rollover_has_modulus(self) -> Self:
        if self.reset == "rollover" and self.modulus is None:
            raise ValueError("a counter that rolls over needs `modulus`, such as 65536")
        if self.reset != "rollover" and self.modulus is not None:
            raise ValueError("`modulus` is for `reset: rollover`: drop one of them")
        return self


class Rule(BaseModel):
    """One address, or a family of addresses with named segments, and what it means."""

    model_config = _FORM
    source: Annotated[str, Field(min_length=1)]
    equipment: str | None = None
    signal: str | None = None
    role: Role = Role.PROCESS_VALUE
    ignore: bool = False  # known and not wanted: neither stored nor put into quarantine
    states: str | None = None
    counter: Counter | None = None
    decimal: Literal["point", "comma"] = "point"
    time: TimeFormat | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    source_unit: str | None = None
    datatype: Datatype | None = None
    when: str | None = None  # CEL: where it is false the value is dropped knowingly
    expression: str | None = None  # CEL: what stands for the value, before scale and unit
    input: ExpressionInput = "number"  # what `value` is in them

    @field_validator("unit", "source_unit")
    @classmethod
    def _unit(cls, unit: str | None) -> str | None:
        if unit is not None:
            units.check_unit(unit)
        return unit

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.role is Role.STATE) != (self.states is not None):
            raise ValueError("`role: state` and `states: <table>` go together: give both or none")
        if self.role is Role.STATE and (self.scale, self.offset, self.unit) != (1.0, 0.0, None):
            raise ValueError("a state has no scale, offset or unit: drop them")
        if self.counter is not None and not self.role.is_count:
            raise ValueError(f"`counter` is for counts, but the role is {self.role.value!r}")
        if self.source_unit is not None and self.unit is None:
            raise ValueError("`source_unit` needs `unit`: the unit to store")
        if self.scale == 0:
            raise ValueError("scale 0 would make every value the same: drop it or correct it")
        if self.input != "number" and not self.is_computed:
            raise ValueError("`input` is for `expression` and `when`: drop it, or add one")
        if self.ignore and self.is_computed:
            raise ValueError("`ignore: true` drops every value: drop `expression` and `when`")
        return self

    @property
    def is_computed(self) -> bool:
        return self.expression is not None or self.when is not None

    @property
    def result_kind(self) -> ResultKind:
        """What its expression must give."""
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
        """Compile one of its expressions; raise ExpressionError with place and remedy."""
        text = (self.when if key == "when" else self.expression) or ""
        wanted = "boolean" if key == "when" else self.result_kind
        return compile_for_segments(text, signal_variables(self.input), wanted, segments)

    def result_datatype(self) -> Datatype | None:
        """Of a new point whose rule names no datatype: what its expression gives."""
        if self.expression is None or self.result_kind != "scalar" or self.role is Role.STATE:
            return None
        kinds: dict[ResultKind, Datatype] = {
            "boolean": "boolean",
            "number": "float",
            "text": "text",
        }
        for wanted, datatype in kinds.items():
            try:
                compile_expression(self.expression, signal_variables(self.input), wanted)
            except ExpressionError:
                continue
            return datatype
        return None

    @property
    def is_linear(self) -> bool:
        """Whether its values must be numbers."""
        return (
            self.role.is_count
            or self.role in {Role.PLANNED_RUN_TIME, Role.ENERGY}
            or self.decimal == "comma"
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
    """Which address is which signal. `version` grows with each change that is put to work."""

    model_config = _FORM
    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[int, Field(ge=1)]
    time_zone: str | None = None
    unmapped: Literal["quarantine", "store-as-is"] = "quarantine"
    equipment: str | None = None  # of rules that name none
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
        """The mapping as YAML in one form, however it was written."""
        tree = self.model_dump(mode="json", exclude_defaults=True)
        return str(yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False))

    @property
    def digest(self) -> bytes:
        """The same for the same meaning: comments and order of keys do not count."""
        tree = self.model_dump(mode="json", exclude_defaults=True)
        return blake2b(json.dumps(tree, sort_keys=True).encode(), digest_size=16).digest()

    def state_table(self, table: str) -> Table[str, MachineState]:
        if table in self.enums:
            return {code: _WORDS[word] for code, word in self.enums[table].items()}
        return STATE_TABLES[table]


STORE_AS_IS: Final = Mapping(name="as-is", version=1, unmapped="store-as-is")
"""For browsing: everything is kept under the connector, nothing is named yet."""


def load_mapping(path: Path) -> Mapping:
    """Read the key `mapping` of a YAML file; raise ConfigurationError with every error."""
    return parse_mapping(load_yaml(path))


def parse_mapping(form: YamlDocument, at: KeyPath = ("mapping",)) -> Mapping:
    """Read the mapping that stands at a key of a file; raise ConfigurationError."""
    tree = form.tree
    for step in at:
        tree = tree.get(step) if isinstance(tree, dict) else None
    if not isinstance(tree, dict):
        remedy = f"key {'.'.join(map(str, at))!r} is missing: add name, version and rules"
        raise ConfigurationError([form.error_at(at, remedy)])
    form = expand_templates(form, at)
    tree = form.tree
    for step in at:
        tree = tree[step]
    try:
        mapping = Mapping.model_validate(tree)
    except ValidationError as error:
        raise ConfigurationError(_first_of(explain_errors(form, at, error, Mapping))) from error
    wrong = [form.error_at((*at, *key), text) for key, text in _disagreements(mapping)]
    if wrong:
        raise ConfigurationError(_first_of(wrong))
    return mapping


def _first_of(errors: Sequence[str]) -> list[str]:
    """One mistake in a template is one in each of a thousand machines: the first will do."""
    more = len(errors) - _ERRORS_MAX
    return [*errors[:_ERRORS_MAX], *([f"… and {more} more errors"] if more > 0 else [])]


def _disagreements(mapping: Mapping) -> list[tuple[KeyPath, str]]:
    """What each part alone cannot see: tables that are not there, segments without a name."""
    wrong: list[tuple[KeyPath, str]] = [
        (
            ("enums", table, code),
            f"state {word!r} is not known{did_you_mean(word, list(_WORDS))}",
        )
        for table, codes in mapping.enums.items()
        for code, word in codes.items()
        if word not in _WORDS
    ]
    first: dict[str, int] = {}
    for number, rule in enumerate(mapping.rules):
        wrong += [(("rules", number, *key), text) for key, text in _wrong_rule(mapping, rule)]
        if (earlier := first.setdefault(rule.source, number)) != number:
            text = f"source {rule.source!r} has a rule already, the {earlier + 1}.: drop one"
            wrong.append((("rules", number, "source"), text))
    said: dict[tuple[str, str | None, str], int] = {}
    for number, event in enumerate(mapping.events):
        wrong += [(("events", number, *key), text) for key, text in _wrong_event(event)]
        same = said.setdefault((event.source, event.kind, event.name), number)
        if same != number and event.when is None and mapping.events[same].when is None:
            text = f"the {same + 1}. event rule makes the same event: give one of them a `name`"
            wrong.append((("events", number, "source"), text))
    fed = dict(_fed(mapping))
    wrong += constant.constant_errors(mapping.constants, mapping.equipment, mapping.time_zone, fed)
    return wrong


def _wrong_event(event: EventRule) -> list[tuple[KeyPath, str]]:
    wrong: list[tuple[KeyPath, str]] = []
    try:
        segments = Pattern.parse(event.source).names
    except ValueError as error:
        wrong.append((("source",), str(error)))
    else:
        wrong += event.expression_errors(segments)
    for name, rule in event.fields.items():
        try:
            rule.linear_factors()
        except units.UnitRejected as error:
            wrong.append((("fields", name, "source_unit"), str(error)))
    return wrong


def _wrong_expressions(rule: Rule, pattern: Pattern) -> list[tuple[KeyPath, str]]:
    wrong: list[tuple[KeyPath, str]] = []
    for key in _EXPRESSIONS:
        if getattr(rule, key) is not None:
            try:
                rule.compile_program(key, pattern.names)
            except ExpressionError as error:
                wrong.append(((key,), str(error)))
    return wrong


def _fed(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Points that rules of one address feed, with that address."""
    for rule in mapping.rules:
        if "{" not in rule.source and not rule.ignore:
            equipment = rule.equipment or mapping.equipment
            yield f"{equipment}:{rule.signal or signal_name_of(rule.source)}", rule.source


def _wrong_rule(mapping: Mapping, rule: Rule) -> list[tuple[KeyPath, str]]:
    wrong: list[tuple[KeyPath, str]] = []
    tables = [*mapping.enums, *STATE_TABLES]
    if rule.states is not None and rule.states not in tables:
        text = f"state table {rule.states!r} is not known{did_you_mean(rule.states, tables)}"
        wrong.append((("states",), text))
    try:
        rule.linear_factors()
    except units.UnitRejected as error:
        wrong.append((("source_unit",), str(error)))
    try:
        pattern = Pattern.parse(rule.source)
    except ValueError as error:
        return [*wrong, (("source",), str(error))]
    if rule.ignore:
        return wrong
    equipment = rule.equipment or mapping.equipment
    if equipment is None:
        text = "has no equipment: add `equipment` to the rule, or to the mapping for all"
        wrong.append((("source",), text))
    wrong += _wrong_expressions(rule, pattern)
    example: dict[str, Any] = dict.fromkeys(pattern.names, "x")
    for key, template in (("equipment", equipment), ("signal", rule.signal)):
        try:
            filled = pattern.fill(template, example) if template else None
            if key == "equipment" and filled:
                EquipmentPath.parse(filled)
        except ValueError as error:
            wrong.append(((key,), str(error)))
    return wrong
