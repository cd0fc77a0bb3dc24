"""How a node is written so that it stays true when a server renumbers its namespaces.

Namespace 0 never moves: `i=2258`. All others carry their URI: `nsu=urn:plant;s=Cell7.Temp`.
An element of an array appends its index: `…[3]`.
"""

import base64
import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncua.ua import NodeId

from werknetz_edge.opcua.stack import ua

_ADDRESS: Final = re.compile(
    r"(?:nsu=(?P<uri>[^;]*);|ns=(?P<index>\d+);)?(?P<kind>[isgb])=(?P<id>.*)", re.DOTALL
)
_SEGMENT: Final = re.compile(r"/((?:\{(?P<uri>[^}]*)\})?(?P<name>(?:&.|[^/&])+))")


class UnknownNamespaceError(LookupError):
    """The server does not know the namespace URI of an address (now)."""


def address_of(node: NodeId, namespaces: Sequence[str]) -> str:
    """The address of a node, by the namespace array of the session."""
    value: Any = node.Identifier
    match node.NodeIdType:
        case ua.NodeIdType.String:
            identifier = f"s={value}"
        case ua.NodeIdType.Guid:
            identifier = f"g={value}"
        case ua.NodeIdType.ByteString:
            identifier = f"b={base64.b64encode(value).decode()}"
        case _:
            identifier = f"i={value}"
    uri: str | None = getattr(node, "NamespaceUri", None)  # of an ExpandedNodeId
    if uri is None:
        index = int(node.NamespaceIndex)
        if index == 0:
            return identifier
        if index >= len(namespaces):
            return f"ns={index};{identifier}"
        uri = namespaces[index]
    return f"nsu={uri.replace('%', '%25').replace(';', '%3B')};{identifier}"


def node_of(address: str, namespaces: Sequence[str]) -> NodeId:
    """The node that an address means in this session.

    Raises UnknownNamespaceError, or ValueError where the address is none.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError(
            f"{address!r} is not a node id: write nsu=<namespace URI>;s=<name> or i=<number>"
        )
    index = int(found["index"] or 0)
    if found["uri"] is not None:
        uri = found["uri"].replace("%3B", ";").replace("%25", "%")
        if uri not in namespaces:
            raise UnknownNamespaceError(
                f"the server has no namespace {uri!r}; it has {', '.join(namespaces)}"
            )
        index = namespaces.index(uri)
    kind, text = found["kind"], found["id"]
    if kind == "s":
        node: NodeId = ua.NodeId(text, index, ua.NodeIdType.String)
    elif kind == "g":
        node = ua.NodeId(UUID(text), index, ua.NodeIdType.Guid)
    elif kind == "b":
        raw = base64.b64decode(text, validate=True)
        node = ua.NodeId(raw, index, ua.NodeIdType.ByteString)
    else:
        node = ua.NodeId(int(text), index)
    return node


def parse_browse_path(root: str) -> list[tuple[str | None, str]]:
    """The steps of a browse path: (namespace URI or None for any, name). `&/` is a slash."""
    steps: list[tuple[str | None, str]] = []
    position = 0
    while position < len(root):
        found = _SEGMENT.match(root, position)
        if found is None:
            raise ValueError(
                f"{root!r} is not a browse path: write /Objects/Cell7 or"
                " /Objects/{urn:plant}Cell7, and &/ for a slash within a name"
            )
        steps.append((found["uri"], re.sub(r"&(.)", r"\1", found["name"])))
        position = found.end()
    return steps
