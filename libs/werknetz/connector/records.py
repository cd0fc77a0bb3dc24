"""Business record → event or refusal. Pure: the rules of a mapping and a record in, facts out.

Every matching rule makes an event of its own: a row of an order may be a call-off and a job.
"""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from werknetz.connector.clock.record_times import RecordTimes
from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import SourceGroupEnd, SourceRecord
from werknetz.connector.expressions.engine import Budget, Program
from werknetz.connector.expressions.expression import check_finite, select_fields
from werknetz.connector.identity import (
    content_hash_of,
    event_id_of,
    former_event_id_of,
    group_key_of,
)
from werknetz.connector.mapping.event_rule import EventRule, FieldRule
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.quarantine import NO_EVENT_RULE, TEXT_SHOWN_MAX, UNKNOWN_VALUE
from werknetz.connector.values import (
    Target,
    UnreadableValue,
    check_storable,
    to_text,
    value_of,
)
from werknetz.connector.yaml_format import KeyPath, did_you_mean
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, microseconds_of
from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz.events.facts import KINDS, FieldType, fact_of, fields_of

QUANTITY_MAX: Final = 1e15
"""Above it a float64 cannot represent thousandths: such a number is not a quantity."""

NO_AS_IS: Final = "a record needs an event rule: it cannot be stored as is"
_WHEN: Final = ("when",)
_AT: Final = "at"
_ENDS: Final = {"due_from_us": "due_until_us"}


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    pattern: Pattern
    rule: EventRule
    targets: Table[str, Target]  # of its numbers
    programs: Table[KeyPath, Program]
    record_keys: frozenset[str] | None  # that its expressions read; None: all


@dataclass(slots=True)
class MappedRecord:
    """The outcomes of a record: one for each event rule that matches it."""

    events: list[BusinessEvent | EventWithdrawn] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # field and reason, one a rule
    ignored: int = 0
    unsure_time: str = ""  # a time of the repeated hour whose pass is unknown

    def __len__(self) -> int:
        return len(self.events) + len(self.failures) + self.ignored

    def drop_contradictions(self) -> None:
        """Drop withdrawals of a fact that another rule creates from the same record.

        Rules that exclude each other by `when` may share kind and name.
        """
        if len(self.events) > 1:
            created = {e.event_id for e in self.events if isinstance(e, BusinessEvent)}
            before = len(self.events)
            self.events = [
                e for e in self.events if isinstance(e, BusinessEvent) or e.event_id not in created
            ]
            self.ignored += before - len(self.events)


class RecordMapper:
    """The compiled event rules of one mapping, for one connector."""

    def __init__(self, mapping: Mapping, connector_id: str) -> None:
        self._mapping = mapping
        self._scope = mapping.identity.scope_of(connector_id)
        self._rules = [_compile_rule(rule) for rule in mapping.events]

    def map_record(
        self, record: SourceRecord, arrival_us: int, *, is_live: bool = False
    ) -> MappedRecord:
        """Return the events, withdrawals and failures of a record. A failed rule fails alone.

        `is_live`: the record arrives soon after its time, see `RecordTimes`.
        """
        mapped = MappedRecord()
        times = RecordTimes(record, self._mapping.time_zone, arrival_us, is_live)
        matching = self._matching(record.source)
        if not matching:
            self._map_unruled(record, arrival_us, mapped)
        for compiled, segments in matching:
            rule = compiled.rule
            if rule.ignore:
                mapped.ignored += 1
            elif record.deleted:
                mapped.events.append(self._withdrawal(record, rule, arrival_us, "deleted"))
            else:
                try:
                    self._map_by_rule(times, compiled, segments, mapped)
                except UnreadableValue as error:
                    mapped.failures.append(str(error))
        mapped.drop_contradictions()
        mapped.unsure_time = times.unsure
        return mapped

    def end_of(self, end: SourceGroupEnd, arrival_us: int) -> GroupEnd:
        """Return the ids of all facts that the records of a complete group can be."""
        rules = [c.rule for c, _ in self._matching(end.source) if not c.rule.ignore]
        names = [_name_of(rule) for rule in rules] or ([end.kind] if end.kind else [])
        ids = [
            event_id_of(self._scope, end.source, key, name).bytes
            for key in end.keys
            for name in names
        ]
        when_us = arrival_us if end.source_time_us is None else end.source_time_us
        return GroupEnd(
            group=group_key_of(self._scope, end.source, end.group),
            event_ids=b"".join(ids),
            source=end.source,
            item=end.item,
            at_us=min(max(when_us, TIME_MIN_US), TIME_MAX_US),
            mapping=self._mapping.label,
            raw_hash=end.message_hash,
            reason=end.reason,
        )

    def _matching(self, source: str) -> list[tuple[_CompiledRule, Table[str, str]]]:
        return [
            (compiled, segments)
            for compiled in self._rules
            if (segments := compiled.pattern.match(source)) is not None
        ]

    def _map_unruled(self, record: SourceRecord, arrival_us: int, mapped: MappedRecord) -> None:
        """Map a record whose fields are those of an event already; fail any other."""
        if not record.kind:
            as_is = self._mapping.unmapped == "store-as-is"
            mapped.failures.append(NO_AS_IS if as_is else NO_EVENT_RULE.format(self._mapping.label))
        elif record.deleted:
            mapped.events.append(self._withdrawal(record, None, arrival_us, "deleted"))
        else:
            try:
                body = _check_body(record.fields)
                mapped.events.append(self._event(record, record.kind, body, None, arrival_us))
            except UnreadableValue as error:
                mapped.failures.append(str(error))

    def _map_by_rule(
        self, times: RecordTimes, compiled: _CompiledRule, segments: Table[str, str],
        mapped: MappedRecord,
    ) -> None:  # fmt: skip
        record = times.record
        computed = _evaluate(compiled, record, segments) if compiled.programs else {}
        if computed is not None:
            mapped.events.append(self._by_rule(times, compiled, computed))
        elif record.is_new or not record.can_revise:
            mapped.ignored += 1
        else:  # it may have met `when` before: a changed row takes its fact out of force
            withdrawal = self._withdrawal(record, compiled.rule, times.arrival_us, "rule_not_met")
            mapped.events.append(withdrawal)

    def _withdrawal(
        self, record: SourceRecord, rule: EventRule | None, arrival_us: int, reason: str
    ) -> EventWithdrawn:
        when_us = arrival_us if record.source_time_us is None else record.source_time_us
        return EventWithdrawn(
            event_id=self._event_id(record, record.kind if rule is None else _name_of(rule)),
            source=record.source,
            item=record.item,
            at_us=min(max(when_us, TIME_MIN_US), TIME_MAX_US),
            mapping=self._mapping.label,
            raw_hash=record.message_hash,
            reason=reason,
            version=record.version,
        )

    def _event_id(self, record: SourceRecord, name: str) -> UUID:
        if record.has_former_identity:
            return former_event_id_of(record.key, name)
        return event_id_of(self._scope, record.source, record.key, name)

    def _by_rule(
        self, times: RecordTimes, compiled: _CompiledRule, computed: Table[KeyPath, Any]
    ) -> BusinessEvent:
        record, rule, kind = times.record, compiled.rule, compiled.rule.kind or ""
        types = fields_of(kind)
        body: dict[str, Any] = {}
        for name, field_rule in rule.fields.items():
            value = _raw_value(record, field_rule, ("fields", name), computed)
            target = compiled.targets.get(name)
            body[name] = _field(value, name, types[name], field_rule, target, times)
        for first, end in _ENDS.items():
            if body.get(first) is not None and end in types and end not in rule.fields:
                value = _raw_value(record, rule.fields[first], ("fields", first), computed)
                body[end] = times.end_of_day(value, rule.fields[first], body[first])
        at_us = None
        if rule.at is not None:
            value = _raw_value(record, rule.at, ("at",), computed)
            at_us = _field(value, _AT, "instant", rule.at, None, times)
        return self._event(record, kind, body, at_us, times.arrival_us, rule.name)

    def _event(
        self, record: SourceRecord, kind: str, body: dict[str, Any], at_us: int | None,
        arrival_us: int, name: str = "",
    ) -> BusinessEvent:  # fmt: skip
        if kind not in KINDS:
            raise UnreadableValue(f"kind {kind[:80]!r} is not known{did_you_mean(kind, [*KINDS])}")
        try:
            fact = fact_of(kind, body)
        except ValueError as error:
            raise UnreadableValue(str(error)) from error
        source_us = next((t for t in (at_us, record.source_time_us) if t is not None), None)
        if source_us is not None:
            source_us = min(max(source_us, TIME_MIN_US), TIME_MAX_US)
        return BusinessEvent(
            event_id=self._event_id(record, f"{kind}:{name}" if name else kind),
            source=record.source,
            item=record.item,
            at_us=arrival_us if source_us is None else source_us,
            mapping=self._mapping.label,
            raw_hash=record.message_hash,
            fact=fact,
            content=content_hash_of(fact, source_us),
            version=record.version,
            can_revise=record.can_revise,
            group=group_key_of(self._scope, record.source, record.group),
        )


def _field(
    value: Any, name: str, kind: FieldType, rule: FieldRule, target: Target | None,
    times: RecordTimes,
) -> Any:  # fmt: skip
    if value is None or (isinstance(value, str) and not value.strip()):
        value = rule.default
    if value is None:
        return None
    if rule.values is not None:
        written = to_text(value).strip()
        if written not in rule.values:
            raise UnreadableValue(UNKNOWN_VALUE.format(name, written[:TEXT_SHOWN_MAX]))
        value = rule.values[written]
    try:
        if kind == "instant":
            computed_us = _computed_us(value, rule) if rule.expression is not None else None
            is_event_time = name == _AT
            if computed_us is not None:
                return computed_us
            return times.read(value, rule, is_event_time=is_event_time)
        return _convert(value, kind, target)
    except UnreadableValue as error:
        raise UnreadableValue(f"{name}: {error}") from error


def _name_of(rule: EventRule) -> str:
    return f"{rule.kind}:{rule.name}" if rule.name else rule.kind or ""


def _compile_rule(rule: EventRule) -> _CompiledRule:
    targets = {}
    for name, field_rule in rule.fields.items():
        factor, offset = field_rule.linear_factors()
        targets[name] = Target(
            0, factor=factor, offset=offset, linear=True, comma=field_rule.decimal == "comma",
            thousands=field_rule.thousands,
        )  # fmt: skip
    pattern = Pattern.parse(rule.source)
    programs = rule.compile_programs(pattern.names)
    record_keys: frozenset[str] | None = frozenset()
    for program in programs.values():
        keys = program.needs().get("record", frozenset())
        record_keys = None if keys is None or record_keys is None else record_keys | keys
    return _CompiledRule(pattern, rule, targets, programs, record_keys)


def _evaluate(
    compiled: _CompiledRule, record: SourceRecord, segments: Table[str, str]
) -> dict[KeyPath, Any] | None:
    """Return the values of the expressions of a rule; None where its `when` is false."""
    try:
        fields = select_fields(record.fields, compiled.record_keys, Budget())
    except UnreadableValue as error:
        raise UnreadableValue(f"the record: {error}") from error
    variables = {"record": fields, "segments": segments}
    computed: dict[KeyPath, Any] = {}
    for key, program in compiled.programs.items():  # `when` comes first
        try:
            result = check_finite(program.evaluate(variables))
        except UnreadableValue as error:
            raise UnreadableValue(f"{key[-2] if len(key) > 1 else key[0]}: {error}") from error
        if key == _WHEN and result is not True:
            return None
        computed[key[:-1]] = result
    return computed


def _raw_value(
    record: SourceRecord, rule: FieldRule, key: KeyPath, computed: Table[KeyPath, Any]
) -> Any:
    """Return the value of a field before it is converted."""
    if rule.expression is not None:
        return computed[key]
    return rule.constant if rule.field is None else value_at_path(record.fields, rule.field)


def _convert(value: Any, kind: FieldType, target: Target | None) -> Any:
    match kind:
        case "number":
            number, _ = value_of(target or Target(0, linear=True), value)
            return check_quantity(number, value)
        case "texts":
            items = value if isinstance(value, (list, tuple)) else [value]
            return [check_storable(to_text(item).strip()) for item in items]
        case _:
            return check_storable(to_text(value).strip())


def _computed_us(value: Any, rule: FieldRule) -> int | None:
    """Return the time of an expression that returns a timestamp or µs; None for other formats."""
    at_us = None
    if isinstance(value, datetime):
        at_us = microseconds_of(value)
    elif isinstance(value, (int, float)) and rule.format == "iso":
        at_us = round(value)
    if at_us is not None and not TIME_MIN_US <= at_us <= TIME_MAX_US:
        raise UnreadableValue(f"{str(value)[:80]!r} is outside the years 1 to 9999")
    return at_us


def check_quantity(number: float, written: Any) -> float:
    """Return the number; raise UnreadableValue where it cannot be a quantity."""
    if not -QUANTITY_MAX <= number <= QUANTITY_MAX:
        raise UnreadableValue(f"{str(written)[:80]!r} is out of range for a quantity")
    return float(number)


def _check_body(fields: Table[str, Any]) -> dict[str, Any]:
    """Check fields that are those of an event. An exact decimal text lifts the limit of numbers."""
    body = {name: value for name, value in fields.items() if name != "quantity"}
    checked = {name: _check_field(name, value) for name, value in body.items()}
    if "quantity" in fields:
        is_exact = fields.get("quantity_exact") and isinstance(fields["quantity"], float)
        quantity = fields["quantity"]
        checked["quantity"] = quantity if is_exact else _check_field("quantity", quantity)
    return checked


def _check_field(name: str, value: Any) -> Any:
    """Return a value of a record whose fields are those of the event already."""
    if isinstance(value, str):
        return check_storable(value)
    if isinstance(value, (list, tuple)):
        return [check_storable(to_text(item)) for item in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and name.endswith("_us"):
        if not TIME_MIN_US <= value <= TIME_MAX_US:
            raise UnreadableValue(f"{name}: {str(value)[:40]} is not a time of the years 1 to 9999")
        return value
    if is_number or isinstance(value, float):
        try:
            return check_quantity(value, value)
        except UnreadableValue as error:
            raise UnreadableValue(f"{name}: {error}") from error
    return value
