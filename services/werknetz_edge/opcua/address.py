"""Node addresses that stay valid when a server renumbers its namespaces.

Namespace 0 is fixed: `i=2258`. All others carry their URI: `nsu=urn:plant;s=Cell7.Temp`.
The address of an array element ends with its index: `…[3]`.
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
    """The server has no namespace with the URI of an address."""


def address_of(node: NodeId, namespaces: Sequence[str]) -> str:
    """Return the address of a node, using the namespace array of the session."""
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
    """Return the node id of an address in this session.

    Raises UnknownNamespaceError, or ValueError for an invalid address.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(
            f"{address!r} is not a node id: write nsu=<namespace URI>;s=<name> or i=<number>"
        )
    index = int(match["index"] or 0)
    if match["uri"] is not None:
        uri = match["uri"].replace("%3B", ";").replace("%25", "%")
        if uri not in namespaces:
            raise UnknownNamespaceError(
                f"the server has no namespace {uri!r}; it has {', '.join(namespaces)}"
            )
        index = namespaces.index(uri)
    kind, text = match["kind"], match["id"]
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
    """Return the steps of a browse path: (namespace URI or None for any, name); `&/` is a slash."""
    steps: list[tuple[str | None, str]] = []
    position = 0
    while position < len(root):
        match = _SEGMENT.match(root, position)
        if match is None:
            raise ValueError(
                f"{root!r} is not a browse path: write /Objects/Cell7 or"
                " /Objects/{urn:plant}Cell7, and &/ for a slash within a name"
            )
        steps.append((match["uri"], re.sub(r"&(.)", r"\1", match["name"])))
        position = match.end()
    return steps
