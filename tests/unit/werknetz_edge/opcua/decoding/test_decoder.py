"""Messages that asyncua itself encoded, read by our decoder: every type, every mix."""

import math
import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.status import UNCERTAIN_TIME
from werknetz_edge.opcua.decoding.decoder import DecodedMessage, Decoder
from werknetz_edge.opcua.decoding.filetime import EPOCH_US, NEVER, filetime_of
from werknetz_edge.opcua.decoding.message import UnreadableMessageError, parse_publish_response
from werknetz_edge.opcua.stack import ua

AT = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)
AT_US = int(AT.timestamp() * 1_000_000)
ARRIVED = AT_US + 5_000_000
KIND = ua.VariantType


def message(items: list[tuple[int, Any]], sequence: int = 1) -> bytes:
    change = ua.DataChangeNotification(
        MonitoredItems=[
            ua.MonitoredItemNotification(ClientHandle=handle, Value=value)
            for handle, value in items
        ]
    )
    response = ua.PublishResponse(
        Parameters=ua.PublishResult(
            SubscriptionId=7,
            AvailableSequenceNumbers=[sequence],
            NotificationMessage=ua.NotificationMessage(
                SequenceNumber=sequence, NotificationData=[change]
            ),
        )
    )
    return bytes(struct_to_binary(response))


def value(plain: Any, kind: Any, status: int = 0, at: datetime | None = AT) -> Any:
    return ua.DataValue(ua.Variant(plain, kind), ua.StatusCode(status), at, AT)


def decode(items: list[tuple[int, Any]], count: int = 20, **options: Any) -> DecodedMessage:
    decoder = Decoder([f"a{n}" for n in range(count)], **options)
    decoder.namespaces = ["", "urn:one"]
    publication = parse_publish_response(message(items))
    assert publication.subscription == 7
    assert publication.values == len(items)
    return decoder.decode(publication, ARRIVED)


def rows(result: DecodedMessage) -> list[tuple[str, float | str, int, int]]:
    return [
        (block.addresses[block.address[i]],
         float(block.value[i]) if block.strings is None else block.strings[i],
         int(block.status[i]), int(block.source_time_us[i]))
        for block in result.blocks
        for i in range(len(block.address))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "kind"),
    [
        (True, KIND.Boolean), (-5, KIND.SByte), (200, KIND.Byte), (-300, KIND.Int16),
        (60_000, KIND.UInt16), (-70_000, KIND.Int32), (4_000_000_000, KIND.UInt32),
        (-(2**52), KIND.Int64), (2**53, KIND.UInt64), (0.5, KIND.Float), (1e300, KIND.Double),
        (math.inf, KIND.Double),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [1, 7, 8, 9, 500])
def test_numbers_become_columns(plain: Any, kind: Any, count: int) -> None:
    result = decode([(n % 20, value(plain, kind)) for n in range(count)])
    numbers = rows(result)
    texts = [(r.source, float(r.value), r.status, r.source_time_us) for r in result.readings]
    assert numbers + texts == [(f"a{n % 20}", float(plain), 0, AT_US) for n in range(count)]
    if abs(plain) < 2**53 or plain == math.inf:
        assert not result.readings


@pytest.mark.parametrize("count", [1, 9])
def test_booleans_stay_distinct_from_numbers(count: int) -> None:
    items = [(n, value(True, KIND.Boolean)) for n in range(count)]
    items += [(n + 10, value(1, KIND.Int32)) for n in range(count)]
    array = value([True, False], KIND.Boolean)
    result = decode([*items, (9, array)])
    is_boolean = {
        block.addresses[a]: block.boolean is not None and bool(block.boolean[i])
        for block in result.blocks
        for i, a in enumerate(block.address)
    }
    assert is_boolean == {
        **{f"a{n}": True for n in range(count)}, **{f"a{n + 10}": False for n in range(count)},
        "a9[0]": True, "a9[1]": True,
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 20])
def test_large_integers_keep_their_digits(count: int) -> None:
    items = [(n, value(2**64 - 1, KIND.UInt64)) for n in range(count)]
    result = decode([*items, (0, value(17, KIND.UInt64))])
    assert [reading.value for reading in result.readings] == [2**64 - 1] * count
    assert rows(result) == [("a0", 17.0, 0, AT_US)]


@pytest.mark.parametrize(
    ("plain", "kind", "expected"),
    [
        (None, KIND.String, None),
        (b"\x00\xff", KIND.ByteString, "AP8="),
        (UUID(int=5), KIND.Guid, str(UUID(int=5))),
        (AT, KIND.DateTime, AT),
        (datetime(1601, 1, 1, tzinfo=UTC), KIND.DateTime, datetime(1601, 1, 1, tzinfo=UTC)),
        (ua.LocalizedText("läuft", "de"), KIND.LocalizedText, "läuft"),
        (ua.QualifiedName("Temp", 1), KIND.QualifiedName, "{urn:one}Temp"),
        (ua.NodeId("x", 1), KIND.NodeId, "nsu=urn:one;s=x"),
        (ua.Range(1.0, 2.0), KIND.ExtensionObject, {"Low": 1.0, "High": 2.0}),
        (
            ua.ExtensionObject(ua.NodeId(999, 1), b"\x01"),
            KIND.ExtensionObject,
            {"type": "nsu=urn:one;i=999", "body": "AQ=="},
        ),
        ([], KIND.Double, []),
    ],
)
def test_what_is_no_number_becomes_a_reading(plain: Any, kind: Any, expected: Any) -> None:
    result = decode([(3, value(plain, kind)), (4, value(1.0, KIND.Double))])
    assert not result.unreadable
    (reading,) = result.readings
    assert (reading.source, reading.value, reading.source_time_us) == ("a3", expected, AT_US)
    assert reading.server_time_us == AT_US
    assert rows(result) == [("a4", 1.0, 0, AT_US)]


@pytest.mark.parametrize("count", [1, 9])
def test_texts_become_columns(count: int) -> None:
    items = [(n, value(f"Müller {n}" * n, KIND.String, status=n << 16)) for n in range(count)]
    void = value("x", KIND.String, at=datetime(1601, 1, 1, tzinfo=UTC))
    result = decode([*items, (12, void), (13, value(None, KIND.String))])
    expected = [(f"a{n}", f"Müller {n}" * n, n << 16, AT_US) for n in range(count)]
    assert rows(result) == [*expected, ("a12", "x", UNCERTAIN_TIME, AT_US)]
    assert [reading.value for reading in result.readings] == [None]
    blocks = [block for block in result.blocks if block.strings is not None]
    assert all((block.server_time_us == AT_US).all() for block in blocks)


def test_a_text_that_is_not_utf8_or_is_cut_off_is_left_to_the_other_decoder() -> None:
    good, bad = value("good", KIND.String), value("bäd", KIND.String)
    content = message([(1, good), (2, bad), (3, good)]).replace("bäd".encode(), b"b\xff\xffd")
    decoder = Decoder([f"a{n}" for n in range(4)])
    result = decoder.decode(parse_publish_response(content), ARRIVED)
    assert [row[:2] for row in rows(result)] == [("a1", "good"), ("a3", "good")]
    assert [reading.source for reading in result.readings] == ["a2"]
    assert not result.unreadable
    publication = parse_publish_response(message([(1, good), (2, good)]))
    publication.changes[0].end -= 5  # the list of diagnostics, and a byte of the text's record
    result = decoder.decode(publication, ARRIVED)
    assert [row[:2] for row in rows(result)] == [("a1", "good")]
    assert result.unreadable_count == 1


def test_texts_of_handles_that_were_never_assigned_are_reported() -> None:
    result = decode([(19, value("last", KIND.String)), (20, value("none", KIND.String))])
    assert [row[:2] for row in rows(result)] == [("a19", "last")]
    assert result.unreadable_count == 1
    assert "client handle 20" in result.unreadable[0].reason


def test_arrays_are_signals_an_element_or_one_text() -> None:
    items = [(2, value([1, 2, 3], KIND.Int32)), (3, value(["a", "b"], KIND.String))]
    result = decode(items)
    assert rows(result) == [(f"a2[{n}]", n + 1.0, 0, AT_US) for n in range(3)]
    assert [(r.source, r.value) for r in result.readings] == [("a3[0]", "a"), ("a3[1]", "b")]
    as_json = decode(items, arrays="json")
    assert [(r.source, r.value) for r in as_json.readings] == [("a2", [1, 2, 3]),
                                                              ("a3", ["a", "b"])]  # fmt: skip


def matrix(rows: list[list[Any]], kind: Any) -> ua.DataValue:
    shape = [len(rows), len(rows[0])]
    variant = ua.Variant(rows, kind, Dimensions=shape, is_array=True)
    return ua.DataValue(variant, ua.StatusCode(0), AT, AT)


def test_matrices_keep_their_dimensions() -> None:
    numbers = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    items = [(2, matrix(numbers, KIND.Double)), (3, matrix([["a"], ["b"]], KIND.String))]
    result = decode(items)
    assert rows(result) == [
        (f"a2[{r},{c}]", numbers[r][c], 0, AT_US) for r in range(2) for c in range(3)
    ]
    assert [(r.source, r.value) for r in result.readings] == [("a3[0,0]", "a"), ("a3[1,0]", "b")]
    as_json = decode(items, arrays="json")
    assert [r.value for r in as_json.readings] == [numbers, [["a"], ["b"]]]


@pytest.mark.parametrize("size", [4096, 4097])
def test_a_large_array_is_one_text_with_all_its_bytes(size: int) -> None:
    result = decode([(2, value([0.1] * size, KIND.Double))])
    if size == 4096:
        assert len(rows(result)) == size
        return
    (reading,) = result.readings
    assert len(reading.value) == size
    assert len(reading.raw) > 8 * size, "quarantine gets the whole notification"


def test_a_bad_value_without_content_is_not_a_number() -> None:
    bad = ua.DataValue(ua.Variant(None), ua.StatusCode(0x80340000), AT, AT)
    (row,) = rows(result := decode([(1, bad)]))
    assert math.isnan(row[1])
    assert row[2] == 0x80340000
    assert result.unknown_nodes == {1}


def test_the_overflow_bit_is_reported() -> None:
    result = decode([(1, value(1.0, KIND.Double, 0x480)), (2, value("x", KIND.String, 0x480))])
    assert set(result.overflows) == {1, 2}


def plain_record(handle: int, source: int | None, server: int | None) -> bytes:
    mask = 1 | (4 if source is not None else 0) | (8 if server is not None else 0)
    times = b"".join(struct.pack("<q", t) for t in (source, server) if t is not None)
    return struct.pack("<IBBd", handle, mask, 11, 1.5) + times


@pytest.mark.parametrize("repeat", [1, 30])
@pytest.mark.parametrize(
    ("source", "server", "at", "status"),
    [
        (filetime_of(AT), None, AT_US, 0),
        (None, filetime_of(AT), AT_US, 0),
        (None, None, ARRIVED, 0x40BC0000),
        (0, filetime_of(AT), AT_US, 0x40BC0000),
        (-(2**63), None, ARRIVED, 0x40BC0000),
        (2**63 - 1, filetime_of(AT), AT_US, 0x40BC0000),
        (NEVER, 0, ARRIVED, 0x40BC0000),
        (864_000_000_000, None, 86_400_000_000 - EPOCH_US, 0x40BC0000),  # 1601-01-02 is kept
    ],
)
def test_implausible_times_are_marked(
    source: int | None, server: int | None, at: int, status: int, repeat: int
) -> None:
    content = message([(1, value(0.0, KIND.Double))])
    publication = parse_publish_response(content)
    record = plain_record(1, source, server) * repeat
    publication.content = record
    publication.changes[0].start, publication.changes[0].end = 0, len(record)
    publication.changes[0].count = repeat
    result = Decoder(["a0", "a1"]).decode(publication, ARRIVED)
    assert rows(result) == [("a1", 1.5, status, at)] * repeat


def test_broken_bytes_go_to_quarantine_and_the_rest_stays() -> None:
    content = bytearray(message([(1, value(1.0, KIND.Double)), (2, value("abc", KIND.String))]))
    position = content.index(b"abc") - 4
    content[position : position + 4] = struct.pack("<i", 10_000)
    result = Decoder(["a0", "a1", "a2"]).decode(parse_publish_response(bytes(content)), ARRIVED)
    assert rows(result) == [("a1", 1.0, 0, AT_US)]
    assert result.unreadable_count == 1
    (bad,) = result.unreadable
    assert b"abc" in bad.raw


def test_a_handle_that_was_never_given_is_no_value() -> None:
    result = decode([(19, value(1.0, KIND.Double)), (99, value("x", KIND.String))])
    assert result.unreadable_count == 1
    assert len(rows(result)) == 1


def test_a_message_that_is_none_is_refused() -> None:
    with pytest.raises(UnreadableMessageError):
        parse_publish_response(b"\x01\x00\x2f\x03\x00")
    with pytest.raises(ua.UaStatusCodeError):
        parse_publish_response(
            struct_to_binary(
                ua.ServiceFault(
                    ResponseHeader=ua.ResponseHeader(
                        ServiceResult=ua.StatusCode(ua.StatusCodes.BadNoSubscription)
                    )
                )
            )
        )


scalars = st.one_of(
    st.booleans().map(lambda v: (v, KIND.Boolean)),
    st.integers(-128, 127).map(lambda v: (v, KIND.SByte)),
    st.integers(-(2**31), 2**31 - 1).map(lambda v: (v, KIND.Int32)),
    st.integers(-(2**63), 2**63 - 1).map(lambda v: (v, KIND.Int64)),
    st.floats(allow_nan=False).map(lambda v: (v, KIND.Double)),
    st.text(st.characters(exclude_categories=["Cs"])).map(lambda v: (v, KIND.String)),
    st.lists(st.integers(0, 65535), min_size=1).map(lambda v: (v, KIND.UInt16)),
)


@given(st.lists(st.tuples(st.integers(0, 19), scalars, st.integers(1, 12))))
def test_any_mix_of_runs_is_read_whole(parts: list[tuple[int, tuple[Any, Any], int]]) -> None:
    items = [
        (handle, value(plain, kind)) for handle, (plain, kind), many in parts for _ in range(many)
    ]
    result = decode(items)
    expected: dict[str, list[Any]] = {}
    for handle, item in items:
        plain = item.Value.Value
        if isinstance(plain, list):
            for index, element in enumerate(plain):
                expected.setdefault(f"a{handle}[{index}]", []).append(element)
        else:
            expected.setdefault(f"a{handle}", []).append(plain)
    got: dict[str, list[Any]] = {}
    for address, number, _, _ in rows(result):
        got.setdefault(address, []).append(number)
    for reading in result.readings:
        got.setdefault(reading.source, []).append(reading.value)
    assert not result.unreadable
    assert {a: sorted(map(repr, map(as_number, v))) for a, v in got.items()} == {
        a: sorted(map(repr, map(as_number, v))) for a, v in expected.items()
    }


def as_number(item: Any) -> Any:
    return item if isinstance(item, str) or abs(item) > 2**53 else float(item)
