"""Edits of a YAML text at its nodes: what is not changed stays as it was written."""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from werknetz.connector.yaml_format import KeyPath

_BLOCK_SCALARS: Final = frozenset({"|", ">"})


@dataclass(slots=True)
class YamlEdit:
    """Insertions into a text, all by the positions of the text before."""

    text: str
    _root: yaml.Node | None = field(init=False)  # None: an empty text
    _insertions: list[tuple[int, int, str]] = field(default_factory=list)  # start, end, new text

    def __post_init__(self) -> None:
        self._root = yaml.compose(self.text, Loader=yaml.SafeLoader)

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
        else:
            span = (node.start_mark.index, node.end_mark.index)
            self._insertions.append((*span, _flow(value)))

    def insert_key(self, path: KeyPath, key: str, value: Any) -> None:
        """Add a key to a table that exists."""
        table = self.node_at(path)
        if not isinstance(table, yaml.MappingNode):
            raise TypeError(f"{path} is no table")
        entry = f"{_flow(key)}: {_flow(value)}"
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

    def append_item(self, path: KeyPath, value: Any) -> None:
        """Add an item to a list; a list that does not exist is made."""
        node = self.node_at(path)
        if node is None:
            self.insert_key(path[:-1], str(path[-1]), [value])
        elif not isinstance(node, yaml.SequenceNode):
            raise TypeError(f"{path} is no list")
        elif node.flow_style:
            self._insert_into_flow(node, _flow(value))
        else:
            start = node.start_mark.index
            indent = " " * node.start_mark.column
            self._insertions.append((start, start, f"- {_flow(value)}\n{indent}"))

    def result(self) -> str:
        text = self.text
        for start, end, new in sorted(self._insertions, key=lambda insertion: -insertion[0]):
            text = text[:start] + new + text[end:]
        return text

    def _insert_into_flow(self, node: yaml.CollectionNode, entry: str) -> None:
        end = node.end_mark.index - 1  # before the closing bracket
        comma = ", " if node.value else ""
        self._insertions.append((end, end, comma + entry))

    def _insert_line(self, after: int, line: str) -> None:
        """Insert a line below the one that has this position."""
        end = self.text.find("\n", after)
        end = len(self.text) if end < 0 else end
        self._insertions.append((end, end, f"\n{line}"))


def _flow(value: Any) -> str:
    """Return a value as YAML in one line; texts that would be read as another type are quoted."""
    written = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return str(written).removesuffix("\n").removesuffix("\n...")
