"""Applies changes to the document of a mapping; comments and order stay."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.mapping.pattern import Pattern, escape_address
from werknetz.connector.mapping.template import expand_templates
from werknetz.connector.yaml_format import KeyPath, YamlDocument, parse_yaml
from werknetz.domain.state import STATE_TABLES
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem
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

LINES_MAX: Final = 200


def amend_document(document: str, version: int, changes: Sequence[Change]) -> str:
    """Return the document with another version number and the changes, one after the other.

    Raises a problem for what cannot be changed, and for a mapping that would not be valid.
    """
    for change in changes:
        document = _apply(document, change)
    edit = YamlEdit(document)
    edit.set_value((*_root_of(document), "version"), version)
    amended = edit.result()
    parse_document(amended)
    return amended


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that differ, each with its sign."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [
        f"{line[0]} {line[1:].strip()}"
        for line in lines
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ][:LINES_MAX]


def _apply(document: str, change: Change) -> str:
    root = _root_of(document)
    edit, mapping = YamlEdit(document), parse_document(document)
    match change:
        case StateCode():
            _add_state(edit, root, mapping, change)
        case ValueCode():
            _add_value(edit, root, document, mapping, change)
        case NewRule() | Ignored():
            _add_rule(edit, root, mapping, change)
        case ChangedRule():
            _change_rule(edit, root, document, mapping, change)
    return edit.result()


def _add_state(edit: YamlEdit, root: KeyPath, mapping: Mapping, change: StateCode) -> None:
    if change.table in mapping.enums:
        if change.code in mapping.enums[change.table]:
            raise _conflict(Sentence("mappings.code_exists", code=change.code, table=change.table))
        edit.insert_key((*root, "enums", change.table), change.code, change.state)
        return
    if change.table not in STATE_TABLES:
        raise _conflict(Sentence("mappings.no_table", table=change.table))
    copied = {code: state.label for code, state in STATE_TABLES[change.table].items()}
    table = copied | {change.code: change.state}
    if mapping.enums:
        edit.insert_key((*root, "enums"), change.table, table)
    else:
        edit.insert_key(root, "enums", {change.table: table})


def _add_value(
    edit: YamlEdit, root: KeyPath, document: str, mapping: Mapping, change: ValueCode
) -> None:
    places: set[KeyPath] = set()
    for number, rule in enumerate(mapping.events):
        values = rule.fields[change.field].values if change.field in rule.fields else None
        if values is None or Pattern.parse(rule.source).match(change.source) is None:
            continue
        if change.code not in values:
            places.add(_path_of(document, (*root, "events", number)))
    if not places:
        raise _conflict(
            Sentence("mappings.no_table_of_values", field=change.field, source=change.source)
        )
    for place in sorted(places, key=str):
        edit.insert_key((*place, "fields", change.field, "values"), change.code, change.value)


def _add_rule(edit: YamlEdit, root: KeyPath, mapping: Mapping, change: NewRule | Ignored) -> None:
    if next(_rules_of(mapping, change.source), None) is not None:
        raise _conflict(Sentence("mappings.rule_exists", source=change.source))
    fields = change.model_dump(mode="json", exclude_none=True, exclude={"kind"})
    rule: dict[str, Any] = {**fields, "source": escape_address(change.source)}
    if isinstance(change, Ignored):
        rule["ignore"] = True
    else:
        rule["equipment"] = escape_address(change.equipment)
        rule["signal"] = escape_address(change.signal)
        if rule["role"] == "process_value":
            del rule["role"]
    edit.append_item((*root, "rules"), rule)


def _change_rule(
    edit: YamlEdit, root: KeyPath, document: str, mapping: Mapping, change: ChangedRule
) -> None:
    number = next(_rules_of(mapping, change.source), None)
    if number is None:
        raise _conflict(Sentence("mappings.no_rule", source=change.source))
    place = _path_of(document, (*root, "rules", number))
    fields = change.model_dump(mode="json", exclude_none=True, exclude={"kind", "source"})
    table = edit.node_at(place)
    # Keys that are new go into the text at one place: the last of them comes first.
    names = [name for name in fields if edit.node_at((*place, name)) is not None]
    for name in names:
        edit.set_value((*place, name), fields.pop(name))
    if table is not None:
        for name in reversed(fields):
            edit.insert_key(place, name, fields[name])


def _rules_of(mapping: Mapping, source: str) -> Iterator[int]:
    """Yield the rules that match an address, the one for this address alone first."""
    patterns = [Pattern.parse(rule.source) for rule in mapping.rules]
    yield from (n for n, p in enumerate(patterns) if not p.names and p.literal == source)
    yield from (n for n, p in enumerate(patterns) if p.names and p.match(source) is not None)


def _root_of(document: str) -> KeyPath:
    """Return the key of the mapping: a file of an edge has it under `mapping`."""
    tree = parse_yaml(document, file="mapping").tree
    return ("mapping",) if isinstance(tree, dict) and "mapping" in tree else ()


def _path_of(document: str, path: KeyPath) -> KeyPath:
    """Return where a rule is written: in its template, if one generates it."""
    parsed: YamlDocument = parse_yaml(document, file="mapping")
    return expand_templates(parsed, _root_of(document)).written_at(path)


def _conflict(detail: Sentence) -> Problem:
    return Problem(409, "cannot_amend", detail, Sentence("mappings.edit_document"))
