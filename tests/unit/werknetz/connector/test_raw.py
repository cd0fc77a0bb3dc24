import zlib
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading, ReadingBlock, SourceMessage, SourceRecord
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import UnreadableRaw, decode_delivery, encode_delivery
from werknetz.events.batch import Raw

NOW = 1_795_000_000_000_000
values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20)
    | st.datetimes(timezones=st.just(UTC)) | st.lists(st.integers(0, 9), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(-5, 5), max_size=3)
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abc"), values), min_size=1, max_size=20))
def test_a_replay_of_raw_input_has_the_same_result(rows: list[tuple[str, Any]]) -> None:
    fields = {"zeit": "2026-01-01"}
    delivery = Delivery(
        readings=[Reading(s, v, source_time_us=NOW - n, fields=fields)
                  for n, (s, v) in enumerate(rows)],
    )  # fmt: skip
    raw = encode_delivery(delivery, NOW, "as-is@1")
    assert raw is not None
    stored = decode_delivery(raw)
    original, replayed = (
        Normalizer(STORE_AS_IS, "c").normalize(input_, stored.arrival_us)
        for input_ in (delivery, stored.delivery)
    )
    assert repr(original) == repr(replayed)


def test_blocks_records_and_messages_are_decoded() -> None:
    block = ReadingBlock(
        ["a", "unused", "b"], np.array([0, 2, 0], np.int32), np.array([1.0, np.nan, 3.0]),
        np.array([0, 1, 2], np.uint32), np.array([5, 6, 7], np.int64),
    )  # fmt: skip
    record = SourceRecord(
        "t", {"on": date(2026, 1, 2), "at": datetime(2026, 1, 2, tzinfo=UTC), "n": 2**70},
        b"id", "line 1", "", 9, b"row", b"",
    )  # fmt: skip
    delivery = Delivery(
        blocks=[block], records=[record], messages=[SourceMessage("f", b"body", b"h")]
    )
    raw = encode_delivery(delivery, NOW, "m@1")
    assert raw is not None
    assert (raw.from_us, raw.to_us, raw.count, raw.hashes) == (5, 9, 4, [b"h"])
    decoded = decode_delivery(raw).delivery
    (decoded_block,) = decoded.blocks
    assert [decoded_block.addresses[n] for n in decoded_block.address] == ["a", "b", "a"]
    assert decoded_block.value.tobytes() == block.value.tobytes()
    assert decoded.records[0].fields == {
        "on": "2026-01-02", "at": "2026-01-02T00:00:00+00:00", "n": 2**70,
    }  # fmt: skip
    assert decoded.records[0].raw == b"row"
    assert decoded.messages == [SourceMessage("f", b"body", b"h")]


def test_an_empty_delivery_has_no_raw_input() -> None:
    assert encode_delivery(Delivery(), NOW, "m@1") is None


@pytest.mark.parametrize("payload", [b"", b"junk", zlib.compress(b"\xff\xff"), zlib.compress(b"")])
def test_damaged_bytes_are_an_error(payload: bytes) -> None:
    with pytest.raises(UnreadableRaw):
        decode_delivery(Raw(NOW, NOW, NOW, 1, "m@1", "zlib", payload))
    with pytest.raises(UnreadableRaw, match="codec"):
        decode_delivery(Raw(NOW, NOW, NOW, 1, "m@1", "lz9", payload))
