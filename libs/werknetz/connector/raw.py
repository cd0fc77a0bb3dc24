"""Encode and decode deliveries: the raw input to which another mapping can be applied later.

It contains the input of `normalize` (readings, blocks, records) and the time of arrival, so a
replay needs no connector. Each whole message is contained once.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec
import numpy as np

from werknetz.connector.blocks.join import join_blocks
from werknetz.connector.clock.clock_check import HISTORY, MAY_BE_OLD, TimeOptions, kind_of
from werknetz.connector.content.numbers import FormerText, NumberText, OtherForm, UntypedText
from werknetz.connector.contract import (
    Delivery,
    FieldSet,
    NumberTexts,
    Reading,
    ReadingBlock,
    SourceGroupEnd,
    SourceMessage,
    SourceRecord,
    UniformMessages,
)
from werknetz.connector.time_format import Clock
from werknetz.events.batch import Raw

CODEC: Final = "zlib"
LEVEL: Final = 1  # more compresses doubles hardly better, at four times the cost
INFLATED_MAX: Final = 256_000_000


class UnreadableRaw(ValueError):
    """The bytes are not an encoded delivery: damaged, or of a newer version."""


class _Block(msgspec.Struct, frozen=True, array_like=True):
    addresses: list[str]  # addresses that occur, renumbered
    address: bytes
    value: bytes
    status: bytes
    time: bytes
    server_time: bytes = b""
    text_row: bytes = b""  # see NumberTexts; of version 0.2
    text: list[str] = []
    comma: bool | None = None  # None: no texts are known
    boolean: bytes = b""  # a byte a row; empty: none is a Boolean
    strings: list[str] = []  # of each row, if the block is one of texts


class _Uniform(msgspec.Struct, frozen=True, array_like=True):
    topic: str
    names: list[str]
    columns: list[Sequence[Any]]
    time_index: int
    times: bytes  # empty: unknown


class _RecordOrder(msgspec.Struct, frozen=True, array_like=True):
    """What version 0.2 added to a record."""

    version: int | None = None
    can_revise: bool = True
    group: bytes = b""
    is_new: bool = False
    deleted: bool = False
    has_former_identity: bool = False
    zone: str | None = None
    time_field: str = ""


class _GroupEnd(msgspec.Struct, frozen=True, array_like=True):
    source: str
    group: bytes
    keys: list[bytes]
    kind: str
    item: str
    message_hash: bytes
    source_time_us: int | None
    reason: str


_FORMER: Final = _RecordOrder(has_former_identity=True)


class _StoredDelivery(msgspec.Struct, frozen=True, array_like=True):
    readings: list[tuple[str, Any, int, int | None, int | None, int | None]] = []
    blocks: list[_Block] = []
    records: list[tuple[str, Any, bytes, str, str, int | None, bytes, bytes]] = []
    messages: list[tuple[str, bytes, bytes]] = []
    fields: list[Any] = []  # of readings; once per message
    orders: list[_RecordOrder] = []  # of records, in their order; empty: written by version 0.1
    group_ends: list[_GroupEnd] = []
    # How times are judged, see `clock_check`. Version 0.1 did not judge ages: nor does a replay.
    time_kind: int = HISTORY
    may_be_old: list[int] = []  # indices of readings
    clock: Clock = "source"  # of the edge file
    has_types: bool = False  # False: of version 0.1, for which texts may have been numbers
    texts: dict[int, str] = {}  # of numbers, by the index of their reading
    items: dict[int, str] = {}  # positions, by the index of their reading
    uniform: list[_Uniform] = []


@dataclass(frozen=True, slots=True)
class RawDelivery:
    delivery: Delivery
    arrival_us: int
    clock: Clock = "source"  # of the edge file


_LARGE: Final = 1  # extension type: integer of more than 64 bits, in decimals
_TEXTS: Final[dict[int, type[str]]] = {2: UntypedText, 3: NumberText}  # extension types
_OTHER_FORM: Final = 4  # extension type: a text and the reason of its refusal


def _decode_extension(code: int, content: memoryview) -> Any:
    if code in _TEXTS:
        return _TEXTS[code](bytes(content).decode())
    if code == _OTHER_FORM:
        return OtherForm(*msgspec.msgpack.decode(content, type=tuple[str, str]))
    if code != _LARGE or len(content) > 10_000:
        raise UnreadableRaw(f"extension {code} is not known to this version")
    return int(bytes(content))


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=str)
_decoder: Final = msgspec.msgpack.Decoder(_StoredDelivery, ext_hook=_decode_extension)


def encode_delivery(
    delivery: Delivery, arrival_us: int, mapping: str, time: TimeOptions | None = None
) -> Raw | None:
    """Return the raw input of a delivery; None where it contains nothing for a mapping."""
    count = len(delivery.readings) + len(delivery.records)
    count += sum(len(block.address) for block in delivery.blocks)
    count += sum(messages.value_count for messages in delivery.uniform)
    if not count and not delivery.messages and not delivery.group_ends:
        return None
    times = _source_times_of(delivery)
    fields = {id(r.fields): r.fields for r in delivery.readings if r.fields is not None}
    number = {key: index for index, key in enumerate(fields)}
    stored = _StoredDelivery(
        readings=[
            (r.source, _writable(r.value), r.status, r.source_time_us, r.server_time_us,
             None if r.fields is None else number[id(r.fields)])
            for r in delivery.readings
        ],
        fields=[_writable(dict(message)) for message in fields.values()],
        blocks=[_encode_block(block) for block in join_blocks(delivery.blocks)],
        records=[
            (r.source, _writable(dict(r.fields)), r.key, r.item, r.kind, r.source_time_us,
             b"" if r.message_hash else r.raw, r.message_hash)
            for r in delivery.records
        ],
        messages=[(m.source, m.content, m.hash) for m in delivery.messages],
        orders=[_order_of(record) for record in delivery.records],
        group_ends=[_encode_group_end(end) for end in delivery.group_ends],
        time_kind=kind_of(time or TimeOptions(), delivery),
        clock=(time or TimeOptions()).clock,
        may_be_old=[n for n, reading in enumerate(delivery.readings) if reading.may_be_old],
        has_types=True,
        texts={
            n: _to_utf8(r.text) for n, r in enumerate(delivery.readings) if r.text is not None
        },
        items={n: _to_utf8(r.item) for n, r in enumerate(delivery.readings) if r.item},
        uniform=[_encode_uniform(messages) for messages in delivery.uniform],
    )  # fmt: skip
    return Raw(
        arrival_us=arrival_us,
        from_us=min(times, default=arrival_us),
        to_us=max(times, default=arrival_us),
        count=count,
        mapping=mapping,
        codec=CODEC,
        payload=zlib.compress(_encoder.encode(stored), LEVEL),
        hashes=[message.hash for message in delivery.messages],
    )


def _source_times_of(delivery: Delivery) -> list[int]:
    times = [r.source_time_us for r in delivery.readings if r.source_time_us is not None]
    times += [r.source_time_us for r in delivery.records if r.source_time_us is not None]
    for block in delivery.blocks:
        if len(block.source_time_us):
            times += [int(block.source_time_us.min()), int(block.source_time_us.max())]
    for messages in delivery.uniform:
        if messages.times_us and messages.fields.value_indices:
            times += [min(messages.times_us), max(messages.times_us)]
    return times


def _encode_uniform(messages: UniformMessages) -> _Uniform:
    fields, times = messages.fields, messages.times_us
    return _Uniform(
        fields.topic, [*fields.names], [*messages.columns], fields.time_index,
        b"" if times is None else np.array(times, "<i8").tobytes(),
    )  # fmt: skip


def _decode_uniform(stored: _Uniform) -> list[Reading]:
    """Return single readings: a replay need not be fast."""
    fields = FieldSet(
        stored.topic, tuple(stored.names), (None,) * len(stored.names), stored.time_index
    )
    times = np.frombuffer(stored.times, "<i8").tolist() if stored.times else None
    messages = UniformMessages(fields, stored.columns, times)
    if times is not None and len(times) != len(messages):
        raise UnreadableRaw("messages have not as many times as there are")
    return messages.readings()


def _order_of(r: SourceRecord) -> _RecordOrder:
    return _RecordOrder(
        r.version, r.can_revise, r.group, r.is_new, r.deleted, r.has_former_identity,
        r.zone, r.time_field,
    )  # fmt: skip


def _encode_group_end(end: SourceGroupEnd) -> _GroupEnd:
    return _GroupEnd(
        end.source, end.group, list(end.keys), end.kind, end.item, end.message_hash,
        end.source_time_us, end.reason,
    )  # fmt: skip


def decode_delivery(raw: Raw) -> RawDelivery:
    """Decode raw input; raise UnreadableRaw."""
    try:
        if raw.codec != CODEC:
            raise UnreadableRaw(f"codec {raw.codec!r} is not known to this version")
        inflate = zlib.decompressobj()
        plain = inflate.decompress(raw.payload, INFLATED_MAX)
        if inflate.unconsumed_tail:
            raise UnreadableRaw(f"contains more than {INFLATED_MAX // 1_000_000} MB")
        stored = _decoder.decode(plain)
        blocks = [_decode_block(block) for block in stored.blocks]
        readings = _decode_readings(stored)
        for messages in stored.uniform:
            readings += _decode_uniform(messages)
    except (zlib.error, msgspec.DecodeError, LookupError, ValueError) as error:
        raise UnreadableRaw(str(error)) from error
    delivery = Delivery(
        readings=readings,
        blocks=blocks,
        records=_decode_records(stored),
        group_ends=[
            SourceGroupEnd(
                g.source,
                g.group,
                g.keys,
                g.kind,
                g.item,
                g.message_hash,
                g.source_time_us,
                g.reason,
            )
            for g in stored.group_ends
        ],
        messages=[
            SourceMessage(source, content, digest) for source, content, digest in stored.messages
        ],
        is_history=stored.time_kind == HISTORY,
        may_repeat=stored.time_kind == MAY_BE_OLD,
    )
    return RawDelivery(delivery, raw.arrival_us, stored.clock)


def _decode_records(stored: _StoredDelivery) -> list[SourceRecord]:
    orders = stored.orders or [_FORMER] * len(stored.records)
    return [
        SourceRecord(
            source, fields, key, item, kind, at_us, raw_bytes, message,
            version=order.version, can_revise=order.can_revise, group=order.group,
            is_new=order.is_new, deleted=order.deleted,
            has_former_identity=order.has_former_identity,
            zone=order.zone, time_field=order.time_field,
        )
        for (source, fields, key, item, kind, at_us, raw_bytes, message), order in zip(
            stored.records, orders, strict=True
        )
    ]  # fmt: skip


def _decode_readings(stored: _StoredDelivery) -> list[Reading]:
    old = frozenset(stored.may_be_old)
    return [
        Reading(
            source, FormerText(value) if not stored.has_types and type(value) is str else value,
            status, at_us, server_us,
            fields=None if index is None else stored.fields[index],
            may_be_old=n in old, text=stored.texts.get(n), item=stored.items.get(n, ""),
        )
        for n, (source, value, status, at_us, server_us, index) in enumerate(stored.readings)
    ]  # fmt: skip


def _encode_block(block: ReadingBlock) -> _Block:
    occurring, renumbered = np.unique(block.address, return_inverse=True)
    server, texts = block.server_time_us, block.texts
    return _Block(
        addresses=[block.addresses[index] for index in occurring.tolist()],
        address=renumbered.astype("<i4").tobytes(),
        value=block.value.astype("<f8", copy=False).tobytes(),
        status=block.status.astype("<u4", copy=False).tobytes(),
        time=block.source_time_us.astype("<i8", copy=False).tobytes(),
        server_time=b"" if server is None else server.astype("<i8", copy=False).tobytes(),
        text_row=b"" if texts is None else texts.row.astype("<i4", copy=False).tobytes(),
        text=[] if texts is None else [*map(_to_utf8, texts.text)],
        comma=None if texts is None else texts.comma,
        boolean=b"" if block.boolean is None else block.boolean.astype("?").tobytes(),
        strings=[] if block.strings is None else [*map(_to_utf8, block.strings)],
    )


def _decode_block(block: _Block) -> ReadingBlock:
    address = np.frombuffer(block.address, "<i4")
    if len(address) and not 0 <= address.min() <= address.max() < len(block.addresses):
        raise UnreadableRaw("a block names an address that it does not list")
    if block.strings and len(block.strings) != len(address):
        raise UnreadableRaw("a block of texts lacks some")
    return ReadingBlock(
        addresses=block.addresses,
        address=address,
        value=np.frombuffer(block.value, "<f8"),
        status=np.frombuffer(block.status, "<u4"),
        source_time_us=np.frombuffer(block.time, "<i8"),
        server_time_us=np.frombuffer(block.server_time, "<i8") if block.server_time else None,
        texts=_decode_texts(block, len(address)),
        boolean=np.frombuffer(block.boolean, "?") if block.boolean else None,
        strings=block.strings or None,
    )


def _decode_texts(block: _Block, size: int) -> NumberTexts | None:
    if block.comma is None:
        return None
    row = np.frombuffer(block.text_row, "<i4")
    if len(row) != len(block.text) or (len(row) and not 0 <= row.min() <= row.max() < size):
        raise UnreadableRaw("a block lists texts of rows that it does not have")
    return NumberTexts(row, block.text, block.comma)


def _writable(value: Any) -> Any:
    """What MessagePack cannot hold becomes the text that a mapping would read."""
    if isinstance(value, int) and not isinstance(value, bool):
        fits = -(2**63) <= value < 2**64
        return value if fits else msgspec.msgpack.Ext(_LARGE, str(value).encode())
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _writable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(item) for item in value]
    return _writable_text(value) if isinstance(value, str) else value


def _writable_text(text: str) -> Any:
    if isinstance(text, OtherForm):
        pair = _to_utf8(text), text.reason
        return msgspec.msgpack.Ext(_OTHER_FORM, msgspec.msgpack.encode(pair))
    for code, kind in _TEXTS.items():
        if isinstance(text, kind):
            return msgspec.msgpack.Ext(code, text.encode(errors="replace"))
    return _to_utf8(text)


def _to_utf8(text: str) -> str:
    """Return a text that UTF-8 can hold."""
    return str(text) if text.isascii() else text.encode(errors="replace").decode()
