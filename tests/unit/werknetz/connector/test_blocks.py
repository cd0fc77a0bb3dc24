"""Blocks are joined, and blocks of texts give what single readings would give."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.blocks.join import join_blocks
from werknetz.connector.blocks.texts import OUTCOMES_MAX, columns_of_texts, readings_of
from werknetz.connector.contract import Delivery, NumberTexts, Reading, ReadingBlock
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Batch, MappingUsed, Points, Record, Samples
from werknetz.events.codec import columns_of, decode, encode

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  enums:
    words: {run: producing, "0": idle}
  rules:
    - {source: state, role: state, states: words}
    - {source: scaled, role: process_value, scale: 2.0}
    - {source: switch, role: process_value, datatype: boolean}
    - {source: order, role: order}
    - {source: text, role: process_value, datatype: text}
    - {source: plain, role: process_value}
    - {source: late, role: process_value, datatype: text, time: {clock: arrival}}
    - {source: served, role: process_value, datatype: text, time: {clock: server}}
    - {source: computed, role: process_value, expression: "value + value", input: text}
    - {source: hidden, ignore: true}
"""
ADDRESSES = [
    "state", "scaled", "switch", "order", "text", "plain", "late", "served", "computed", "hidden",
    "unmapped",
]  # fmt: skip
TEXTS = st.sampled_from(["run", "0", "stop", "1.5", "true", "", " ", "NaN", "a\0b", "Ä"])
ROWS = st.lists(
    st.tuples(
        st.integers(0, len(ADDRESSES) - 1),
        TEXTS,
        st.sampled_from([0, 0x40000000, 0x80000000]),
        st.sampled_from([0, -5, 3_600_000_000]),
    ),
    min_size=1,
    max_size=12,
)


def _mapping() -> Mapping:
    return parse_mapping(parse_yaml(MAPPING, file="m"))


def _block(rows: list[tuple[int, str, int, int]], *, served: bool) -> ReadingBlock:
    at = np.array([NOW + offset for *_, offset in rows], np.int64)
    return ReadingBlock(
        addresses=ADDRESSES,
        address=np.array([index for index, *_ in rows], np.int32),
        value=np.full(len(rows), np.nan),
        status=np.array([status for _, _, status, _ in rows], np.uint32),
        source_time_us=at,
        server_time_us=at + 7 if served else None,
        strings=[text for _, text, *_ in rows],
    )


def _results(delivery: Delivery) -> Any:
    mapping = _mapping()
    normalizer = Normalizer(mapping, "c")
    records = normalizer.normalize(delivery, NOW)
    records += normalizer.take_all_unmapped(NOW)
    # A block introduces all its addresses, a reading its own.
    others = [r for r in records if not isinstance(r, Samples | Points | MappingUsed)]
    keys = {number: key for key, number in normalizer.numbers.items()}
    return _rows_of(records, keys), others, (
        normalizer.take_tally(), normalizer.clock.findings.texts(NOW),
    )  # fmt: skip


def _rows_of(records: list[Record], keys: dict[int, str]) -> list[Any]:
    rows = []
    for record in records:
        if isinstance(record, Samples):
            columns = columns_of(record)
            texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
            server = columns.time if columns.server_time is None else columns.server_time
            rows += [
                (keys[point], at, repr(value), status, server_at, texts.get(row))
                for row, (point, at, value, status, server_at) in enumerate(
                    zip(
                        columns.point.tolist(),
                        columns.time.tolist(),
                        columns.value.tolist(),
                        columns.status.tolist(),
                        server.tolist(),
                        strict=True,
                    )
                )
            ]
    return rows


@given(rows=ROWS, served=st.booleans())
def test_texts_give_what_single_readings_give(
    rows: list[tuple[int, str, int, int]], *, served: bool
) -> None:
    block = _block(rows, served=served)
    alone = [
        Reading(ADDRESSES[index], text, status, NOW + offset, NOW + offset + 7 if served else None)
        for index, text, status, offset in rows
    ]
    assert readings_of(block) == alone
    expected = _results(Delivery(alone))
    assert _results(Delivery(blocks=[block])) == expected
    raw = encode_delivery(Delivery(blocks=[block]), NOW, "m@1")
    assert raw is not None
    copied = decode(encode(Batch([raw]))).records[0]
    assert _results(decode_delivery(copied).delivery) == expected  # type: ignore[arg-type]


@given(parts=st.lists(ROWS, min_size=1, max_size=4), served=st.booleans())
def test_joined_blocks_give_what_single_ones_give(
    parts: list[list[tuple[int, str, int, int]]], *, served: bool
) -> None:
    blocks = [_block(rows, served=served) for rows in parts]
    (joined,) = join_blocks(blocks)
    assert readings_of(joined) == [reading for block in blocks for reading in readings_of(block)]


def _numbers(values: list[float], **more: Any) -> ReadingBlock:
    return ReadingBlock(
        ADDRESSES, np.arange(len(values), dtype=np.int32), np.array(values),
        np.zeros(len(values), np.uint32), np.full(len(values), NOW, np.int64), **more,
    )  # fmt: skip


def test_only_blocks_of_one_kind_that_follow_one_another_are_joined() -> None:
    texts = NumberTexts(np.array([0], np.int32), ["01"])
    other = _numbers([9.0])
    other.addresses = ["elsewhere"]
    blocks = [
        _numbers([1.0, 2.0]),
        _numbers([1.0, 0.0], boolean=np.array([True, True])),
        _block([(0, "run", 0, 0)], served=False),
        _numbers([3.0]),
        _numbers([4.0], texts=texts),
        _numbers([5.0], texts=texts),
        _numbers([6.0], server_time_us=np.array([NOW], np.int64)),
        other,
    ]
    joined = join_blocks(blocks)
    assert [block.value.tolist() for block in joined if block.strings is None] == [
        [1.0, 2.0, 1.0, 0.0], [3.0], [4.0], [5.0], [6.0], [9.0],
    ]  # fmt: skip
    assert joined[0].boolean is not None
    assert joined[0].boolean.tolist() == [False, False, True, True]
    assert joined[0].address.tolist() == [0, 1, 0, 1]


def test_a_mask_selects_texts() -> None:
    block = _block([(0, "run", 0, 0), (3, "x", 0, 0), (4, "y", 0, 0)], served=False)
    assert block.where(np.array([True, False, True])).strings == ["run", "y"]


def test_the_memory_of_texts_is_bounded() -> None:
    normalizer = Normalizer(_mapping(), "c")
    block = _block([(4, "first", 0, 0)], served=False)
    normalizer.normalize(Delivery(blocks=[block]), NOW)
    table = normalizer._table_of(ADDRESSES)
    more = _block([(4, f"order {n}", 0, 0) for n in range(OUTCOMES_MAX)], served=False)
    assert columns_of_texts(table, more) is not None
    assert len(table.text_outcomes) == 1  # full with the last but one, then cleared
