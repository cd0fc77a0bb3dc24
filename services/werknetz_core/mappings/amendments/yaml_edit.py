"""Edits of a YAML text at its nodes: what is not changed stays as it was written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from werknetz.connector.yaml_format import KeyPath

_BLOCK_SCALARS: Final = frozenset({"|", ">"})
_ALIAS: Final = "werknetz:alias"


class NotEditable(ValueError):
    """The text has a form at this place into which nothing is inserted."""


class _Loader(yaml.SafeLoader):
    """Composes an alias as a node where it is written: it is no place to edit its anchor."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        event = self.get_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
        return yaml.ScalarNode(_ALIAS, event.anchor, event.start_mark, event.end_mark)


@dataclass(slots=True)
class _FlowEntries:
    """What is added to a table or list in brackets."""

    node: yaml.CollectionNode
    entries: list[str] = field(default_factory=list)


@dataclass(slots=True)
class YamlEdit:
    """Insertions into a text that is YAML, all by the positions of the text before."""

    text: str
    _root: yaml.Node | None = field(init=False)  # None: an empty text
    _insertions: list[tuple[int, int, str]] = field(default_factory=list)  # start, end, new text
    _flow: dict[int, _FlowEntries] = field(default_factory=dict)  # by the end of the node

    def __post_init__(self) -> None:
        self._root = yaml.compose(self.text, Loader=_Loader)

    def node_at(self, path: KeyPath) -> yaml.Node | None:
        node: yaml.Node | None = self._root
        for step in path:
            if isinstance(node, yaml.MappingNode):
                node = next((v for k, v in node.value if k.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step] if step < len(node.value) else None
            else:
                return None
        return node

    def set_value(self, path: KeyPath, value: Any) -> None:
        """Set a key of a table to a scalar; the table exists."""
        node = self.node_at(path)
        if node is None:
            self.insert_key(path[:-1], str(path[-1]), value)
            return
        span = (node.start_mark.index, node.end_mark.index)
        if self.text[slice(*span)].startswith("&"):
            raise NotEditable(path)
        self._insertions.append((*span, _to_flow(value)))

    def insert_key(self, path: KeyPath, key: str, value: Any) -> None:
        """Add a key to a table that exists."""
        table = self.node_at(path)
        if not isinstance(table, yaml.MappingNode):
            raise NotEditable(path)
        entry = f"{_to_flow(key)}: {_to_flow(value)}"
        if table.flow_style:
            self._insert_into_flow(table, entry)
            return
        first, last = table.value[0][0], table.value[-1][1]
        indent = " " * first.start_mark.column
        if isinstance(last, yaml.ScalarNode) and last.style not in _BLOCK_SCALARS:
            self._insert_line(last.end_mark.index, indent + entry)
        else:
            start = first.start_mark.index
            self._insertions.append((start, start, f"{entry}\n{indent}"))

    def append_items(self, path: KeyPath, values: Sequence[Any]) -> None:
        """Add items to a list; a list that does not exist is made."""
        node = self.node_at(path)
        if node is None:
            self.insert_key(path[:-1], str(path[-1]), list(values))
        elif not isinstance(node, yaml.SequenceNode):
            raise NotEditable(path)
        elif node.flow_style:
            for value in values:
                self._insert_into_flow(node, _to_flow(value))
        else:
            start = node.start_mark.index
            if self.text[start] != "-":  # an anchor or a tag
                raise NotEditable(path)
            indent = " " * node.start_mark.column
            items = "".join(f"- {_to_flow(value)}\n{indent}" for value in values)
            self._insertions.append((start, start, items))

    def result(self) -> str:
        parts: list[str] = []
        at = 0
        flow = [_flow_insertion(self.text, added) for added in self._flow.values()]
        for start, end, new in sorted([*self._insertions, *flow], key=lambda part: part[:2]):
            parts += (self.text[at:start], new)
            at = end
        return "".join((*parts, self.text[at:]))

    def _insert_into_flow(self, node: yaml.CollectionNode, entry: str) -> None:
        self._flow.setdefault(node.end_mark.index, _FlowEntries(node)).entries.append(entry)

    def _insert_line(self, after: int, line: str) -> None:
        """Insert a line below the one that has this position."""
        end = self.text.find("\n", after)
        end = len(self.text) if end < 0 else end
        self._insertions.append((end, end, f"\n{line}"))


def _flow_insertion(text: str, added: _FlowEntries) -> tuple[int, int, str]:
    """Return what is inserted before the closing bracket; the last entry may have its comma."""
    end = added.node.end_mark.index - 1
    entries = ", ".join(added.entries)
    if not added.node.value:
        return end, end, entries
    *_, last, _ = yaml.scan(text[added.node.start_mark.index : end], Loader=yaml.SafeLoader)
    return end, end, f"{'' if isinstance(last, yaml.FlowEntryToken) else ','} {entries}"


def _to_flow(value: Any) -> str:
    """Return a value as YAML in one line; texts that would be read as another type are quoted."""
    written = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return str(written).removesuffix("\n").removesuffix("\n...")
