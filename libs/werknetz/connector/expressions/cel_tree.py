"""The tree of a checked CEL expression, read from the bytes that the engine serializes.

The engine bounds iterations, not memory: `[s].map(a, a + a)` thirty times is a gigabyte [measured].
With the tree, `cel_check` computes the worst case before the first value arrives.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

# Fields of cel.expr.CheckedExpr and cel.expr.Expr (checked.proto and syntax.proto of cel-spec).
_CHECKED: Final = 2  # of the Any around it
_TYPES, _TREE, _SOURCE = 3, 4, 5
_PRIMITIVES: Final = {
    1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes",
}  # fmt: skip
_WELL_KNOWN: Final = {1: "dyn", 2: "timestamp", 3: "duration"}
_NAMED: Final = {3: _PRIMITIVES, 4: _PRIMITIVES, 5: _WELL_KNOWN}
_OTHERS: Final = {2: "null", 6: "list", 7: "map", 11: "type"}

Wire = list[tuple[int, int | bytes]]


@dataclass(slots=True)
class CelNode:
    """One node of an expression."""

    id: int
    kind: str  # constant, ident, select, call, list, struct, comprehension
    name: str = ""  # of the variable, the field, the function, the message, the accumulator
    text: str | None = None  # of a constant text
    parts: list["CelNode"] = field(default_factory=list)
    type: str = "dyn"
    at: int = -1  # offset in the expression; -1: made by a macro
    number: int | None = None  # of a constant integer
    double: float | None = None  # of a constant double
    is_true: bool = False  # of a constant true
    variable: str = ""  # of a comprehension
    is_test: bool = False  # `has(x.y)`

    def walk(self) -> Iterator["CelNode"]:
        yield self
        for part in self.parts:
            yield from part.walk()


def parse_tree(serialized: bytes) -> CelNode:
    """Parse the tree; raise ValueError where the bytes are not of this engine."""
    checked = _field(_wire(serialized), _CHECKED)
    types: dict[int, str] = {}
    offsets: dict[int, int] = {}
    root = b""
    for number, value in _wire(checked):
        if number == _TYPES:
            entry = dict(_wire(_bytes(value)))
            types[_int(entry.get(1, 0))] = _type(_bytes(entry.get(2, b"")))
        elif number == _TREE:
            root = _bytes(value)
        elif number == _SOURCE:
            for inner, entry_bytes in _wire(_bytes(value)):
                if inner == 4:
                    pair = dict(_wire(_bytes(entry_bytes)))
                    offsets[_int(pair.get(1, 0))] = _int(pair.get(2, 0))
    tree = _node(root)
    for node in tree.walk():
        node.type = types.get(node.id, node.type)
        node.at = offsets.get(node.id, -1)
    return tree


def _node(data: bytes) -> CelNode:  # noqa: PLR0911  one return per kind
    wire = _wire(data)
    number = next((_int(value) for n, value in wire if n == 2), 0)
    content = next(((n, _bytes(value)) for n, value in wire if n != 2), None)
    if content is None:
        raise ValueError("an expression node without content")
    kind, inner = content[0], _wire(content[1])
    match kind:
        case 3:
            return _constant(number, inner)
        case 4:
            return CelNode(number, "ident", _text(inner, 1))
        case 5:
            return CelNode(
                number, "select", _text(inner, 2), parts=_nodes(inner, 1),
                is_test=any(n == 3 and value for n, value in inner),
            )  # fmt: skip
        case 6:
            return CelNode(number, "call", _text(inner, 2), parts=_nodes(inner, 1, 3))
        case 7:
            return CelNode(number, "list", parts=_nodes(inner, 1))
        case 8:
            parts = [part for n, entry in inner if n == 2 for part in _entry(_bytes(entry))]
            return CelNode(number, "struct", _text(inner, 1), parts=parts)
        case 9:
            return CelNode(
                number, "comprehension", _text(inner, 3), parts=_nodes(inner, 2, 4, 5, 6, 7),
                variable=_text(inner, 1),
            )  # fmt: skip
    raise ValueError(f"an expression node of unknown kind {kind}")


def _constant(number: int, inner: Wire) -> CelNode:
    """Return a constant: null 1, bool 2, int64 3, uint64 4, double 5, string 6, bytes 7."""
    kind, value = inner[0] if inner else (1, 0)
    node = CelNode(number, "constant")
    if kind in {6, 7}:
        node.text = _bytes(value).decode(errors="replace")
    elif kind in {3, 4}:
        node.number = _int(value)
    elif kind == 5:
        node.double = struct.unpack("<d", _bytes(value))[0]
    elif kind == 2:
        node.is_true = bool(_int(value))
    return node


def _entry(data: bytes) -> list[CelNode]:
    """Return the key (if it is a node) and the value of an entry of a map or message."""
    return [_node(_bytes(value)) for n, value in _wire(data) if n in {3, 4}]


def _nodes(wire: Wire, *numbers: int) -> list[CelNode]:
    return [_node(_bytes(value)) for number in numbers for n, value in wire if n == number]


def _type(data: bytes) -> str:
    wire = _wire(data)
    if not wire:
        return "dyn"
    kind, value = wire[0]
    if kind in _NAMED:
        return _NAMED[kind].get(_int(value), "dyn")
    return _OTHERS.get(kind, "dyn")


def _wire(data: bytes) -> Wire:
    """Return the fields of a protobuf message, in order."""
    out: Wire = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == 0:
            value, at = _varint(data, at)
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else _varint(data, at)
            value = data[at : at + size]
            at += size
        if at > len(data):
            raise ValueError("truncated")
        out.append((number, value))
    return out


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("truncated")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _field(wire: Wire, number: int) -> bytes:
    return next((_bytes(value) for n, value in wire if n == number), b"")


def _text(wire: Wire, number: int) -> str:
    return _field(wire, number).decode(errors="replace")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")  # noqa: TRY004  the bytes are wrong
    return value


def _int(value: int | bytes) -> int:
    return value if isinstance(value, int) else 0
