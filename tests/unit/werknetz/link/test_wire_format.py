"""How messages are encoded: older cores and edges read them, so nothing here may change."""

from uuid import UUID

import msgspec
import pytest

from werknetz.events.codec import GENESIS
from werknetz.link import wire
from werknetz.link.report import ConnectorReport, Fault, StateReport
from werknetz.link.wire import (
    FIELD,
    Ack,
    BatchEnvelope,
    DesiredMapping,
    Fenced,
    Forked,
    Hello,
    LeaseRefused,
    ResendRequest,
    Status,
    UnreadableMessage,
    Welcome,
    connector_of,
    decode_desired_mapping,
    decode_to_core,
    decode_to_edge,
    encode_desired_mapping,
    encode_message,
    link_name_of,
    status_from_hash,
    status_to_hash,
)

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
TAGS = {
    BatchEnvelope: "envelope.v1",
    Hello: "hello.v1",
    Welcome: "welcome.v1",
    LeaseRefused: "refused.v1",
    Ack: "ack.v1",
    ResendRequest: "need.v1",
    Fenced: "fenced.v1",
    Forked: "forked.v1",
    DesiredMapping: "wanted_mapping.v1",
}
TO_CORE = [
    BatchEnvelope("press", A, 1, 2, b"p", b"h", "backfill", b"\x00", B),
    Hello("press", A, 5, 2, b"h", B, "live", 4, C),
]
TO_EDGE = [
    Welcome(A, 5, B, 2, b"h", C, 99),
    LeaseRefused(A, 5, 99, C),
    Ack(A, B, 9, b"h"),
    ResendRequest(A, 3),
    Fenced(7, A),
    Forked(A, 2, b"h"),
]


@pytest.mark.parametrize("message_type", TAGS, ids=lambda kind: kind.__name__)
def test_messages_are_tagged_arrays_that_nobody_changes(message_type: type[msgspec.Struct]) -> None:
    config = message_type.__struct_config__
    assert (config.tag, config.array_like, config.frozen) == (TAGS[message_type], True, True)
    if message_type is not DesiredMapping:
        assert not config.gc  # they hold nothing that could refer to them


@pytest.mark.parametrize("message", TO_CORE, ids=lambda message: type(message).__name__)
def test_the_core_reads_what_the_edge_sends(message: wire.ToCore) -> None:
    assert decode_to_core(encode_message(message)) == message
    with pytest.raises(UnreadableMessage):
        decode_to_edge(encode_message(message))


@pytest.mark.parametrize("message", TO_EDGE, ids=lambda message: type(message).__name__)
def test_the_edge_reads_what_the_core_sends(message: wire.ToEdge) -> None:
    assert decode_to_edge(encode_message(message)) == message
    with pytest.raises(UnreadableMessage):
        decode_to_core(encode_message(message))


OLD: list[tuple[list[object], wire.ToCore | wire.ToEdge]] = [
    (
        ["envelope.v1", "press", str(A), 1, 2, b"p", b"h", "live", b"\x00"],
        BatchEnvelope("press", A, 1, 2, b"p", b"h", "live", b"\x00"),
    ),
    (["hello.v1", "press", str(A), 5, 2, b"h", str(B)], Hello("press", A, 5, 2, b"h", B)),
    (["welcome.v1", str(A), 5, str(B), 2, b"h", str(C)], Welcome(A, 5, B, 2, b"h", C)),
    (["refused.v1", str(A), 5], LeaseRefused(A, 5)),
    (["fenced.v1", 7], Fenced(7)),
]


@pytest.mark.parametrize(("fields", "expected"), OLD, ids=lambda value: str(value)[:12])
def test_messages_of_version_0_1_are_read(
    fields: list[object], expected: wire.ToCore | wire.ToEdge
) -> None:
    decode = decode_to_core if isinstance(expected, BatchEnvelope | Hello) else decode_to_edge
    assert decode({FIELD: msgspec.msgpack.encode(fields)}) == expected


def test_defaults_stand_for_an_older_version() -> None:
    hello = Hello("press", A, 5, 2, b"h", B)
    assert (hello.lane, hello.base, hello.incarnation) == ("live", 0, None)
    assert BatchEnvelope("press", A, 1, 2, b"p", b"h", "live", b"").incarnation is None
    assert Welcome(A, 5, B, 2, b"h", C).at_us == 0
    assert (LeaseRefused(A, 5).at_us, LeaseRefused(A, 5).incarnation) == (0, None)
    assert Fenced(7).incarnation is None


@pytest.mark.parametrize(
    "fields", [{}, {b"x": b""}, {FIELD: b""}, {FIELD: b"\xc1"}, {FIELD: b"\x91\xa1\xff"}]
)
def test_anything_else_is_unreadable(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(UnreadableMessage):
        decode_to_core(fields)
    with pytest.raises(UnreadableMessage):
        decode_to_edge(fields)


def test_a_desired_mapping_survives_the_way() -> None:
    mapping = DesiredMapping("m", 3, b"d", "name: m")
    assert decode_desired_mapping(encode_desired_mapping(mapping)) == mapping
    assert mapping.label == "m@3"
    for payload in (b"", b"\xc1", b"\x91\xa1\xff"):
        with pytest.raises(UnreadableMessage):
            decode_desired_mapping(payload)


def test_a_status_survives_the_way_as_a_hash() -> None:
    status = Status(
        "running", "12", "mqtt", 4, 0.5, None, 1, 2, 3, "true", 7, 8, "1", 9, 10,
        details={"a": "1"}, mapping="m@1", mapping_state="own", mapping_detail="null",
    )  # fmt: skip
    fields = status_to_hash(status)
    assert fields["state"] == "running"
    assert fields["detail"] == "12"
    assert status_from_hash(fields) == status
    with pytest.raises(UnreadableMessage):
        status_from_hash(fields | {"backlog": "many"})
    with pytest.raises(UnreadableMessage):
        status_from_hash({})


def test_a_report_counts_only_with_the_status_that_it_came_with() -> None:
    status = Status(
        "running", "", "mqtt", 4, 0.5, None, 1, 2, 3, "x", 7, 8, "1", 9, 10,
        report=ConnectorReport(
            10, rate_s=2.5, changes=[StateReport(1, "running", fault=Fault("a.b"))]
        ),
    )  # fmt: skip
    fields = status_to_hash(status)
    assert status_from_hash(fields) == status
    assert status.current_report.rate_s == 2.5
    # The fields of an older edge: the report of the newer one that ran before is left over.
    left_over = status_from_hash(fields | {"at_us": "11"})
    assert left_over.current_report == ConnectorReport(11)
    old = status_from_hash({name: text for name, text in fields.items() if name != "report"})
    assert (old.report, old.current_report) == (None, ConnectorReport(10))
    # What a later edge adds does not disturb.
    added = {"more": "[1]", "report": fields["report"].replace("{", '{"more": 1, ', 1)}
    assert status_from_hash(fields | added) == status


def test_each_lane_has_a_name_of_its_own() -> None:
    assert link_name_of("press", "live") == "press"
    assert link_name_of("press", "backfill") == "press~backfill"
    assert connector_of("press") == ("press", "live")
    assert connector_of("press~backfill") == ("press", "backfill")
    assert connector_of("press~backfill~backfill") == ("press~backfill", "backfill")


def test_the_names_of_the_genesis_and_the_final_states_hold() -> None:
    assert wire.GENESIS == GENESIS
    assert {"finished", "stopped"} == wire.TERMINAL_STATES
    assert {name for name in wire.__all__ if not hasattr(wire, name)} == set()
