"""Changes of a mapping, collected against one parse of its document, then written at once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.mapping.pattern import Pattern, escape_address
from werknetz.connector.mapping.template import expand_templates
from werknetz.connector.yaml_format import KeyPath, YamlDocument, parse_yaml
from werknetz.domain.state import STATE_TABLES
from werknetz.texts.sentence import Sentence
from werknetz_core.mappings.amendments.schemas import (
    Change,
    ChangedRule,
    Ignored,
    NewRule,
    StateCode,
    ValueCode,
)
from werknetz_core.mappings.amendments.yaml_edit import YamlEdit
from werknetz_core.mappings.registry import parse_document


class Conflict(ValueError):
    """A change that does not fit the document, or a change before it."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(slots=True)
class ChangedDocument:
    """A document, and what is added to it: by table, by place in the text, by address."""

    text: str
    _mapping: Mapping = field(init=False)
    _tree: YamlDocument = field(init=False)  # with its templates expanded
    _root: KeyPath = field(init=False)  # of the mapping: a file of an edge has it under `mapping`
    _rules: list[Pattern] = field(init=False)
    _events: list[Pattern] = field(init=False)
    _codes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _values: dict[KeyPath, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _new_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    _set: dict[KeyPath, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        self._mapping = parse_document(self.text, pointer="/body/version")
        form = parse_yaml(self.text, file="mapping")
        is_wrapped = isinstance(form.tree, dict) and "mapping" in form.tree
        self._root = ("mapping",) if is_wrapped else ()
        self._tree = expand_templates(form, self._root)
        self._rules = [Pattern.parse(rule.source) for rule in self._mapping.rules]
        self._events = [Pattern.parse(rule.source) for rule in self._mapping.events]

    def add(self, change: Change) -> None:
        """Add a change after those before it; raise Conflict."""
        match change:
            case StateCode():
                self._add_state(change)
            case ValueCode():
                self._add_value(change)
            case NewRule() | Ignored():
                self._add_rule(change)
            case ChangedRule():
                self._change_rule(change)

    def write(self, version: int) -> str:
        """Return the text with all changes; raise NotEditable."""
        edit = YamlEdit(self.text)
        edit.set_value((*self._root, "version"), version)
        self._write_codes(edit)
        for place, values in self._values.items():
            for code, value in values.items():
                edit.insert_key(place, code, value)
        for place, fields in self._set.items():
            for name, value in fields.items():
                edit.set_value((*place, name), value)
        if self._new_rules:
            edit.append_items((*self._root, "rules"), list(self._new_rules.values()))
        return edit.result()

    def _write_codes(self, edit: YamlEdit) -> None:
        enums = self._mapping.enums
        copied: dict[str, dict[str, str]] = {}
        for table, codes in self._codes.items():
            if table in enums:
                for code, state in codes.items():
                    edit.insert_key((*self._root, "enums", table), code, state)
            else:
                built_in = {code: state.label for code, state in STATE_TABLES[table].items()}
                copied[table] = built_in | codes
        if enums:
            for table, codes in copied.items():
                edit.insert_key((*self._root, "enums"), table, codes)
        elif copied:
            edit.insert_key(self._root, "enums", copied)

    def _add_state(self, change: StateCode) -> None:
        table = self._mapping.enums.get(change.table, {})
        if change.table not in self._mapping.enums and change.table not in STATE_TABLES:
            raise Conflict(Sentence("mappings.no_table", table=change.table))
        if change.code in table or change.code in self._codes[change.table]:
            raise Conflict(Sentence("mappings.code_exists", code=change.code, table=change.table))
        self._codes[change.table][change.code] = change.state

    def _add_value(self, change: ValueCode) -> None:
        places: set[KeyPath] = set()
        for number, rule in enumerate(self._mapping.events):
            values = rule.fields[change.field].values if change.field in rule.fields else None
            if values is None or self._events[number].match(change.source) is None:
                continue
            written = self._tree.written_at((*self._root, "events", number))
            place = (*written, "fields", change.field, "values")
            if change.code not in values and change.code not in self._values[place]:
                places.add(place)
        if not places:
            raise Conflict(
                Sentence("mappings.no_table_of_values", field=change.field, source=change.source)
            )
        for place in sorted(places, key=str):
            self._values[place][change.code] = change.value

    def _add_rule(self, change: NewRule | Ignored) -> None:
        if (
            change.source in self._new_rules
            or next(self._rules_of(change.source), None) is not None
        ):
            raise Conflict(Sentence("mappings.rule_exists", source=change.source))
        fields = change.model_dump(mode="json", exclude_none=True, exclude={"kind"})
        rule: dict[str, Any] = {**fields, "source": escape_address(change.source)}
        if isinstance(change, Ignored):
            rule["ignore"] = True
        else:
            rule["equipment"] = escape_address(change.equipment)
            rule["signal"] = escape_address(change.signal)
            if rule["role"] == "process_value":
                del rule["role"]
        self._new_rules[change.source] = rule

    def _change_rule(self, change: ChangedRule) -> None:
        fields = change.model_dump(mode="json", exclude_none=True, exclude={"kind", "source"})
        if change.source in self._new_rules:
            self._new_rules[change.source].update(fields)
            return
        number = next(self._rules_of(change.source), None)
        if number is None:
            raise Conflict(Sentence("mappings.no_rule", source=change.source))
        self._set[self._tree.written_at((*self._root, "rules", number))].update(fields)

    def _rules_of(self, source: str) -> Iterator[int]:
        """Yield the rules that match an address, the one for this address alone first."""
        patterns = self._rules
        yield from (n for n, p in enumerate(patterns) if not p.names and p.literal == source)
        yield from (n for n, p in enumerate(patterns) if p.names and p.match(source) is not None)
