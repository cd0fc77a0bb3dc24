"""Addresses survive a renumbering, because they carry the namespace's URI."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.opcua.address import (
    UnknownNamespaceError,
    address_of,
    node_of,
    parse_browse_path,
)
from werknetz_edge.opcua.stack import ua

NAMES = ["http://opcfoundation.org/UA/", "urn:server", "urn:plant;50%"]


@pytest.mark.parametrize(
    ("node", "address"),
    [
        (ua.NodeId(2258, 0), "i=2258"),
        (ua.NodeId("Cell7.Temp", 1), "nsu=urn:server;s=Cell7.Temp"),
        (ua.NodeId("a;s=b", 2), "nsu=urn:plant%3B50%25;s=a;s=b"),
        (ua.NodeId(UUID(int=7), 1), f"nsu=urn:server;g={UUID(int=7)}"),
        (ua.NodeId(b"\x01\x02", 1, ua.NodeIdType.ByteString), "nsu=urn:server;b=AQI="),
        (ua.NodeId(70_000, 1), "nsu=urn:server;i=70000"),
    ],
)
def test_there_and_back(node: object, address: str) -> None:
    assert address_of(node, NAMES) == address  # type: ignore[arg-type]  # asyncua's names are loose here
    assert node_of(address, NAMES) == node


@given(st.text(min_size=1), st.sampled_from([1, 2]))
def test_any_name(name: str, index: int) -> None:
    node = ua.NodeId(name, index, ua.NodeIdType.String)
    assert node_of(address_of(node, NAMES), NAMES) == node


def test_renumbered() -> None:
    assert node_of("nsu=urn:server;s=x", ["", "urn:new", "urn:server"]).NamespaceIndex == 2
    with pytest.raises(UnknownNamespaceError, match="urn:server"):
        node_of("nsu=urn:server;s=x", ["", "urn:new"])


def test_what_is_no_address() -> None:
    with pytest.raises(ValueError, match="write nsu="):
        node_of("Cell7.Temp", NAMES)


def test_browse_paths() -> None:
    assert parse_browse_path("/Objects/{http://x/y/}A&/B/C") == [
        (None, "Objects"), ("http://x/y/", "A/B"), (None, "C"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="is not a browse path"):
        parse_browse_path("/Objects//x")
