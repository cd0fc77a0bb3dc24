"""Bytes that version 0.1.0 wrote into spools and streams stay readable.

`captured_batches.json` holds them with their content as plain values. The bytes are never written
anew; a record or a field that is added gets a capture of its own.
"""

import base64
import json
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import msgspec
import numpy as np
import pytest

from werknetz.connector.contract import Reading, SourceRecord, hash_message
from werknetz.connector.raw import decode_delivery
from werknetz.events import codec
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GapClosed,
    GapOpened,
    GroupEnd,
    MappingUsed,
    Points,
    Raw,
    Record,
    Samples,
    Tally,
    Unmapped,
)
from werknetz.events.facts import KINDS, JobStarted

CAPTURED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "captured_batches.json").read_text(encoding="utf-8")
)
TIME_US = 1_790_000_000_000_000
HASH = bytes(range(16))


def payload_of(name: str) -> bytes:
    return base64.b64decode(CAPTURED[name]["payload"])


def record_of(name: str) -> Record:
    (record,) = codec.decode(payload_of(name)).records
    return record


def assert_extends(current: Any, old: Any) -> None:
    """Old values are at their old positions; only fields at the end of a record may be new."""
    if isinstance(old, list):
        assert isinstance(current, list)
        assert len(current) >= len(old)
        for current_value, old_value in zip_longest(current[: len(old)], old):
            assert_extends(current_value, old_value)
    else:
        assert current == old


@pytest.mark.parametrize("name", sorted(CAPTURED))
def test_old_bytes_have_their_old_content(name: str) -> None:
    content = msgspec.to_builtins(codec.decode(payload_of(name)))
    assert_extends(content, CAPTURED[name]["content"])


@pytest.mark.parametrize("name", sorted(CAPTURED))
def test_what_is_decoded_can_be_encoded_again(name: str) -> None:
    batch = codec.decode(payload_of(name))
    assert codec.decode(codec.encode(batch)) == batch


def test_every_kind_of_record_was_captured() -> None:
    captured = {
        type(codec.decode(payload_of(name)).records[0])
        for name in CAPTURED
        if name != "empty batch"
    }
    assert captured == set(get_args(Record)) - {EventWithdrawn, GroupEnd, Tally}  # of 0.2
    assert {f"event {kind}" for kind in KINDS} <= CAPTURED.keys()


def test_fields_have_their_old_meaning() -> None:
    points = record_of("points")
    assert isinstance(points, Points)
    counter, heartbeat = points.points
    assert (counter.number, counter.key, counter.unit) == (1, "n/p/a/l/m:good", "piece")
    assert (counter.counter_reset, counter.counter_modulus) == ("rollover", 65536.0)
    assert (counter.counter_kind, counter.time_zone) == ("increment", "Europe/Berlin")
    assert (heartbeat.equipment, heartbeat.role, heartbeat.datatype) == (None, "heartbeat", "float")
    unmapped = record_of("unmapped")
    assert isinstance(unmapped, Unmapped)
    assert unmapped == Unmapped(
        source="topic", reason="not a number", raw=b"\x00raw", at_us=TIME_US, mapping="m@2",
        size=70_000, item="line 12", raw_hash=HASH, count=42,
    )  # fmt: skip
    assert record_of("gap_opened") == GapOpened(
        gap_id=UUID(int=1), source="plc", signals=["n/p/a/l/m:good"], from_us=TIME_US,
        cause="queue_overflow", detail="512 values", estimate=512,
    )  # fmt: skip
    assert record_of("gap_closed") == GapClosed(
        gap_id=UUID(int=1), to_us=TIME_US + 60, estimate=500, backfilled=True
    )
    assert record_of("mapping_used") == MappingUsed(
        name="m", version=2, digest=HASH, document="name: m\nversion: 2\n"
    )
    event = record_of("event job_started")
    assert isinstance(event, BusinessEvent)
    assert (event.event_id, event.item, event.raw_hash) == (UUID(int=7), "UNH 1 LIN 3", HASH)
    assert isinstance(event.fact, JobStarted)
    assert (event.fact.order_number, event.fact.planned_quantity) == ("x", 1.5)


def test_columns_of_old_samples() -> None:
    samples = record_of("samples")
    assert isinstance(samples, Samples)
    columns = codec.columns_of(samples)
    assert columns.point.tolist() == [1, 2, 1]
    assert columns.time.tolist() == [TIME_US, TIME_US + 1, TIME_US + 2]
    assert np.array_equal(columns.value, [1.5, np.nan, -2.0], equal_nan=True)
    assert columns.status.tolist() == [0, 0x40BC_0000, 0x8031_0000]
    assert columns.server_time is not None
    assert columns.server_time.tolist() == [TIME_US + 5, TIME_US + 6, TIME_US + 7]
    assert (columns.text_row.tolist(), columns.text) == ([1], ["Störung"])
    first = record_of("samples, first fields only")
    assert isinstance(first, Samples)
    assert codec.columns_of(first).server_time is None


def test_raw_input_of_the_version_before_can_be_mapped_again() -> None:
    raw = record_of("raw")
    assert isinstance(raw, Raw)
    content = b"UNB+UNOC:3'"
    assert (raw.count, raw.mapping, raw.hashes) == (7, "m@2", [hash_message(content)])
    stored = decode_delivery(raw)
    assert stored.arrival_us == TIME_US
    delivery = stored.delivery
    assert delivery.readings == [
        Reading("t#v", 1.5, 0, TIME_US, TIME_US + 1, fields={"v": 1.5, "big": 2**70}),
        Reading("s", "text"),
    ]
    (block,) = delivery.blocks
    assert [block.addresses[n] for n in block.address.tolist()] == ["a", "b", "a"]
    assert block.value.tolist() == [1.0, 2.0, 3.0]
    edi, row = delivery.records
    assert edi == SourceRecord(
        "edi/4711", {"qty": 3, "lines": [{"n": 1}]}, b"identity", "UNH 1", "", TIME_US, b"",
        hash_message(content), has_former_identity=True,
    )  # fmt: skip
    assert (row.item, row.kind, row.raw) == ("line 2", "job_started", b"a;b")
    (message,) = delivery.messages
    assert (message.source, message.content) == ("edi/4711", content)
