"""Address → point: finds the rule of an address, assigns key and number, caches the result."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from werknetz.connector.content.numbers import (
    NumberText,
    OtherForm,
    UntypedText,
    parse_clear_number,
)
from werknetz.connector.content.paths import unescape
from werknetz.connector.contract import HEARTBEAT
from werknetz.connector.expressions.rule_expression import RuleExpression
from werknetz.connector.mapping.constant import Constant
from werknetz.connector.mapping.mapping import TEXT_ROLES, Mapping, Rule
from werknetz.connector.mapping.names import (
    ToName,
    plain_signal_name,
    plain_slug,
    signal_name_of,
    to_signal_name,
    to_slug,
)
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.quarantine import NO_RULE
from werknetz.connector.time_format import Clock
from werknetz.connector.values import Target
from werknetz.domain.path import EquipmentPath
from werknetz.domain.role import Role
from werknetz.events.batch import PointDefinition

ADDRESSES_MAX: Final = 200_000  # topics that contain a counter must not exhaust the memory
ADDRESS_BYTES_MAX: Final = 1_000  # well below the limit of a PostgreSQL index entry


_NO_BOOLEAN: Final = {
    Role.ENERGY: "a Boolean is no reading of a meter: map the address of the meter; where each"
    " pulse is an amount of energy, add `datatype: boolean` and `scale` to the rule",
    Role.PLANNED_RUN_TIME: "a Boolean is no planned run time: map the address that has the seconds"
    " per item",
    Role.ORDER: "a Boolean is no order number: map the address of the order number, or write an"
    " `expression` with `input: json` that returns it",
}


@dataclass(slots=True)
class NoPoint:
    """Why an address has no point. An empty reason: ignored by a rule."""

    reason: str = ""


@dataclass(slots=True)
class PointTable:
    mapping: Mapping
    connector_id: str
    numbers: dict[str, int]  # key → number in the spool
    stored_sources: Table[str, str] = field(default_factory=dict)  # key → address in the spool
    clock: Clock = "source"  # of rules that name none
    unannounced: list[PointDefinition] = field(default_factory=list)  # not yet in the spool
    definitions: dict[str, PointDefinition] = field(default_factory=dict)
    _targets: dict[str, Target | NoPoint] = field(default_factory=dict)
    _exact: dict[str, Rule] = field(default_factory=dict)
    _patterns: list[tuple[Pattern, Rule]] = field(default_factory=list)
    _times: list[Pattern] = field(default_factory=list)
    _next: int = 1

    def __post_init__(self) -> None:
        self._next = max(self.numbers.values(), default=0) + 1
        for rule in self.mapping.rules:
            pattern = Pattern.parse(rule.source)
            if pattern.names:
                self._patterns.append((pattern, rule))
            else:
                self._exact[pattern.literal] = rule
            if rule.time is not None and rule.time.path and "#" in rule.source:
                topic = rule.source.partition("#")[0]
                self._times.append(Pattern.parse(f"{topic}#{rule.time.path}"))

    def resolve(self, address: str, example: Any = 0.0) -> Target | NoPoint:
        """Return the target of an address; `example` determines the datatype of a new point."""
        target = self._targets.get(address)
        if target is None:
            target = self._look_up(address, example)
            if len(self._targets) < ADDRESSES_MAX:
                self._targets[address] = target
        return target

    def resolve_constant(self, constant: Constant) -> int:
        """Return the number of the point of a constant; define the point where it is new."""
        equipment = constant.equipment or self.mapping.equipment or ""
        _, _, unit = constant.stored_value()
        address = f"constant:{equipment}:{constant.signal}"
        cached = self._targets.get(address)
        if isinstance(cached, Target):
            return cached.number
        definition = PointDefinition(
            number=0, key=f"{equipment}:{constant.signal}", equipment=equipment,
            signal=constant.signal, role=constant.role.value, unit=unit, source=address,
            mapping=self.mapping.label, time_zone=self.mapping.time_zone,
            datatype=_datatype(constant.role, 0.0, linear=False),
        )  # fmt: skip
        target = self._targets[address] = Target(number=self._define(definition))
        return target.number

    def _look_up(self, address: str, example: Any) -> Target | NoPoint:  # noqa: PLR0911  one return per case
        if "\0" in address or len(address.encode(errors="replace")) > ADDRESS_BYTES_MAX:
            return NoPoint("the address is too long or contains the character NUL")
        if len(self._targets) >= ADDRESSES_MAX:
            return NoPoint(
                f"more than {ADDRESSES_MAX} addresses: restrict what the connector reads"
            )
        if address == HEARTBEAT:
            return self._as_is("heartbeat", 0.0, Role.HEARTBEAT)
        # Mappings of version 0.1 have the plain form of a path whose names contain dots.
        rule = self._exact.get(address) or self._exact.get(unescape(address))
        if rule is not None:
            return self._by_rule(address, rule, {}, Pattern.parse(rule.source), example)
        for pattern, candidate in self._patterns:
            if (segments := pattern.match(address)) is not None:
                return self._by_rule(address, candidate, segments, pattern, example)
        plain = unescape(address)
        if any(pattern.match(plain) is not None for pattern in self._times):
            return NoPoint()
        if self.mapping.unmapped == "store-as-is":
            return self._as_is(address, example)
        return NoPoint(NO_RULE.format(self.mapping.label))

    def _by_rule(
        self, address: str, rule: Rule, segments: dict[str, str], pattern: Pattern, example: Any
    ) -> Target | NoPoint:
        if rule.ignore:
            return NoPoint()
        try:
            equipment, signal = self._name(address, rule, segments, pattern)
        except ValueError as error:
            return NoPoint(str(error))
        key = f"{equipment}:{signal}"
        if (conflict := self._conflict(key, address)) is not None:
            return conflict
        counter = rule.counter
        definition = PointDefinition(
            number=0, key=key, equipment=equipment, signal=signal, role=rule.role.value,
            unit=rule.unit, source=address, mapping=self.mapping.label,
            datatype=rule.datatype
            or rule.result_datatype()
            or _datatype(rule.role, example, linear=rule.is_linear),
            counter_reset=counter.reset if counter else _reset(rule.role),
            counter_modulus=counter.modulus if counter else None,
            counter_kind=counter.kind if counter else "cumulative",
            time_zone=self.mapping.time_zone,
            counter_interpolate=counter is not None and counter.interpolate,
            counter_max_increment=counter.max_increment if counter else None,
            counter_max_speed=counter.max_speed if counter else None,
            carrier=rule.carrier,
        )  # fmt: skip
        factor, offset = rule.linear_factors()
        return Target(
            number=self._define(definition), factor=factor, offset=offset,
            linear=rule.is_linear or _reads_number(rule),
            comma=rule.decimal == "comma", thousands=rule.thousands,
            boolean=rule.datatype == "boolean",
            no_boolean=_refusal_of_booleans(rule), affects_kpis=rule.role.affects_kpis,
            as_text=rule.role in TEXT_ROLES or rule.datatype in {"text", "json"},
            states=self.mapping.state_table(rule.states) if rule.states else None,
            table=rule.states or "", zone=self.mapping.time_zone,
            computation=_expression_of(rule, pattern, segments),
            time=rule.time if rule.time is not None and rule.time.path else None,
            clock=(rule.time.clock if rule.time is not None else None) or self.clock,
        )  # fmt: skip

    def _name(
        self, address: str, rule: Rule, segments: dict[str, str], pattern: Pattern
    ) -> tuple[str, str]:
        """Return equipment and signal; raise ValueError where the path is invalid.

        A point of this address that the spool has under a name of version 0.1 keeps this name.
        """
        template = rule.equipment or self.mapping.equipment or ""

        def fill(to_segment: ToName, to_signal: ToName) -> tuple[str, str]:
            path = str(EquipmentPath.parse(pattern.fill(template, segments, to_segment)))
            if rule.signal:
                return path, pattern.fill(rule.signal, segments, to_segment)
            return path, signal_name_of(address, to_signal)

        name = fill(to_slug, to_signal_name)
        if address.isascii():
            return name
        former = fill(plain_slug, plain_signal_name)
        return former if self.stored_sources.get(":".join(former)) == address else name

    def _conflict(self, key: str, address: str) -> NoPoint | None:
        other = self.definitions.get(key)
        if other is None or other.source == address:
            return None
        return NoPoint(f"point {key} already has the source {other.source!r}: name another signal")

    def _as_is(
        self, address: str, example: Any, role: Role = Role.PROCESS_VALUE
    ) -> Target | NoPoint:
        datatype = _datatype(role, example, linear=False)
        prefix, name, stored = f"connector:{self.connector_id}:", address, self.stored_sources
        if prefix + name not in stored and prefix + unescape(name) in stored:
            name = unescape(name)  # as version 0.1 stored it
        if (conflict := self._conflict(prefix + name, address)) is not None:
            return conflict
        definition = PointDefinition(
            number=0, key=prefix + name, equipment=None,
            signal=name, role=role.value, unit=None, source=address,
            mapping=self.mapping.label, datatype=datatype, time_zone=self.mapping.time_zone,
        )  # fmt: skip
        number = self._define(definition)
        return Target(number=number, zone=self.mapping.time_zone, clock=self.clock)

    def _define(self, definition: PointDefinition) -> int:
        """Return the number of a point. Each start sends the definition: the mapping may be new."""
        number = self.numbers.get(definition.key)
        if number is None:
            number = self.numbers[definition.key] = self._next
            self._next += 1
        numbered = PointDefinition(
            number, *(getattr(definition, name) for name in definition.__struct_fields__[1:])
        )
        self.definitions[definition.key] = numbered
        self.unannounced.append(numbered)
        return number


def _expression_of(rule: Rule, pattern: Pattern, segments: dict[str, str]) -> RuleExpression | None:
    if not rule.is_computed:
        return None
    names = pattern.names
    return RuleExpression(
        rule.input,
        None if rule.expression is None else rule.compile_program("expression", names),
        None if rule.when is None else rule.compile_program("when", names),
        segments,
        comma=rule.decimal == "comma",
        thousands=rule.thousands,
    )


def _refusal_of_booleans(rule: Rule) -> str:
    """Return why the values of a rule cannot be Booleans; empty: they can."""
    if rule.expression is not None and rule.input != "number":
        return ""  # it says itself what a Boolean means
    if rule.role.is_counter and rule.datatype == "boolean":
        return ""  # a pulse
    if rule.role.is_count:
        return (
            "a Boolean is no count: map the address of the counter; where each pulse is an item,"
            " add `datatype: boolean` to the rule"
        )
    return _NO_BOOLEAN.get(rule.role, "")


def _reads_number(rule: Rule) -> bool:
    """Whether the `when` of a rule reads the value as a number, which is then stored."""
    if rule.expression is not None or rule.when is None or rule.input != "number":
        return False
    return rule.role not in {*TEXT_ROLES, Role.STATE} and rule.datatype in {None, "boolean"}


def _reset(role: Role) -> str:
    return "to_zero" if role.is_counter else "none"


def _datatype(role: Role, example: Any, *, linear: bool) -> str:  # noqa: PLR0911  one return per case
    if role in TEXT_ROLES:
        return "text"
    if role is Role.STATE:
        return "integer"
    if linear:
        return "float"
    if isinstance(example, bool):
        return "boolean"
    if isinstance(example, int):
        return "integer"
    if isinstance(example, (dict, list, tuple)):
        return "json"
    if isinstance(example, (NumberText, OtherForm)):
        return "float"
    if isinstance(example, UntypedText):
        return "text" if parse_clear_number(example) is None else "float"
    return "text" if isinstance(example, (str, bytes, datetime)) else "float"
