"""Golden cases in folders, and the fast path compared with the slow path."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading, ReadingBlock
from werknetz.connector.mapping.mapping import STORE_AS_IS, load_mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.status import BAD_STALE, UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import Batch, MappingUsed, Points, Samples, Unmapped
from werknetz.events.codec import columns_of, decode, encode

NOW = 1_795_000_000_000_000
CASES = sorted((Path(__file__).parent / "cases").iterdir())
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  rules:
    - {source: a}
    - {source: b, scale: 0.5, offset: 3}
    - {source: s, role: state, states: packml/tr88}
    - {source: o, role: order}
    - {source: i, ignore: true}
"""


def _reading(line: str) -> Reading:
    fields: dict[str, Any] = json.loads(line)
    fields["raw"] = fields.get("raw", "").encode()
    return Reading(**fields)


def _lines(records: list[Any]) -> list[str]:
    lines: list[str] = []
    for record in records:
        if isinstance(record, Points):
            lines += [
                f"point {p.number} {p.key} {p.role} {p.datatype} {p.unit or '-'} {p.mapping}"
                for p in record.points
            ]
        elif isinstance(record, Samples):
            columns = columns_of(record)
            texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
            for n in range(len(columns)):
                server = "" if columns.server_time is None else f" server={columns.server_time[n]}"
                lines.append(
                    f"sample {columns.point[n]} {columns.time[n]} {float(columns.value[n])!r}"
                    f" {columns.status[n]:#010x} {texts.get(n)!r}{server}"
                )
        elif isinstance(record, Unmapped):
            lines.append(f"unmapped {record.source} | {record.reason} | {record.raw!r}")
    return lines


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_case(case: Path) -> None:
    normalizer = Normalizer(load_mapping(case / "mapping.yaml"), "edge-1")
    text = (case / "readings.jsonl").read_text()
    readings = [_reading(line) for line in text.splitlines()]
    records = normalizer.normalize(Delivery(readings, is_history=True), NOW)
    decode(encode(Batch(records)))
    actual = "\n".join(_lines(records)) + "\n"
    expected = case / "expected.txt"
    if os.environ.get("WERKNETZ_REWRITE_CASES"):
        expected.write_text(actual)
    assert actual == expected.read_text()


def _normalizer(numbers: dict[str, int] | None = None) -> Normalizer:
    return Normalizer(parse_mapping(parse_yaml(MAPPING, file="m.yaml")), "c", numbers)


def _block(rows: list[tuple[int, float, int]], addresses: list[str]) -> ReadingBlock:
    return ReadingBlock(
        addresses=addresses,
        address=np.array([row[0] for row in rows], np.int32),
        value=np.array([row[1] for row in rows], np.float64),
        status=np.array([row[2] for row in rows], np.uint32),
        source_time_us=np.array([NOW + n for n in range(len(rows))], np.int64),
    )


ROW = st.tuples(
    st.integers(0, 5),
    st.one_of(st.integers(-3, 20).map(float), st.floats(allow_nan=False, width=32)),
    st.sampled_from([0, 0x40000000, 0x80000000]),
)


@settings(deadline=None)  # machines are shared
@given(st.lists(ROW, min_size=1, max_size=60))
def test_blocks_have_the_same_samples_as_readings(rows: list[tuple[int, float, int]]) -> None:
    addresses = ["a", "b", "s", "o", "i", "unknown"]
    readings = [
        Reading(addresses[a], v, s, source_time_us=NOW + n) for n, (a, v, s) in enumerate(rows)
    ]
    fast, slow = _normalizer(), _normalizer()
    slow_records = slow.normalize(Delivery(readings), NOW)
    fast_records = fast.normalize(Delivery(blocks=[_block(rows, addresses)]), NOW)
    by_key = [
        {key: number for number, key in ((n, k) for k, n in numbers.items())}
        for numbers in (fast.numbers, slow.numbers)
    ]
    samples = []
    for records, numbers in zip((fast_records, slow_records), by_key, strict=True):
        names = {number: key for key, number in numbers.items()}
        samples.append([
            (names[int(c.point[n])], int(c.time[n]), repr(float(c.value[n])), int(c.status[n]),
             dict(zip(c.text_row.tolist(), c.text, strict=True)).get(n))
            for r in records if isinstance(r, Samples) for c in [columns_of(r)]
            for n in range(len(c))
        ])  # fmt: skip
    assert samples[0] == samples[1]
    unmapped = [{(r.source, r.reason) for r in records if isinstance(r, Unmapped)}
               for records in (fast_records, slow_records)]  # fmt: skip
    assert unmapped[0] == unmapped[1]


def test_new_points_get_the_numbers_after_those_of_the_spool() -> None:
    normalizer = _normalizer({"n/p:b": 7, "n/p:gone": 9})
    records = normalizer.normalize(Delivery([Reading("b", 1.0), Reading("a", 1.0)]), NOW)
    assert isinstance(records[0], MappingUsed)
    assert (records[0].name, records[0].version) == ("m", 1)
    assert isinstance(records[1], Points)
    assert [(p.key, p.number) for p in records[1].points] == [("n/p:b", 7), ("n/p:a", 10)]
    repeated = normalizer.normalize(Delivery([Reading("b", 2.0)]), NOW)
    assert [type(record) for record in repeated] == [Samples], "a point is defined once"


def test_unmapped_addresses_are_counted() -> None:
    normalizer = _normalizer()
    sent = []
    for second in range(150):
        delivery = Delivery([Reading("x", n) for n in range(10)])
        sent += normalizer.normalize(delivery, NOW + second * 1_000_000)
    sent += normalizer.take_all_unmapped(NOW + 400_000_000)
    assert len(sent) == 4
    counts = [r.count for r in sent[1:] if isinstance(r, Unmapped)]
    assert 1 + sum(counts) == 1500, "every value is counted"


def test_the_number_of_unmapped_addresses_is_bounded() -> None:
    normalizer = _normalizer()
    readings = [Reading(f"x{n}", n) for n in range(12_000)]
    assert len(normalizer.normalize(Delivery(readings), NOW)) <= 10_001


def test_a_point_has_one_source() -> None:
    text = "mapping: {name: m, version: 1, rules: [{source: 't/{x}', equipment: n/p, signal: v}]}"
    normalizer = Normalizer(parse_mapping(parse_yaml(text, file="m")), "c")
    records = normalizer.normalize(Delivery([Reading("t/1", 1), Reading("t/2", 2)]), NOW)
    (unmapped,) = [r for r in records if isinstance(r, Unmapped)]
    assert "already has the source 't/1'" in unmapped.reason


def test_impossible_times_and_a_large_raw() -> None:
    normalizer = Normalizer(STORE_AS_IS, "c")
    block = _block([(0, 1, 0), (0, 2, 0), (0, 3, 0x80000000)], ["a"])
    block.source_time_us[:] = [np.iinfo(np.int64).max, -11_644_473_600_000_000, 0]
    (_, _, samples) = normalizer.normalize(Delivery(blocks=[block], is_history=True), NOW)
    assert isinstance(samples, Samples)
    columns = columns_of(samples)
    assert columns.time.tolist() == [NOW, -11_644_473_600_000_000, 0]
    assert columns.status.tolist() == [UNCERTAIN_TIME, UNCERTAIN_TIME, 0x80000000]
    bad = Reading("z", "a\0", raw=b"r" * 1_100_000)
    (unmapped,) = [r for r in normalizer.normalize(Delivery([bad]), NOW) if isinstance(r, Unmapped)]
    assert (len(unmapped.raw), unmapped.size) == (1_048_576, 1_100_000)


def test_an_unknown_state_is_stored_and_quarantined() -> None:
    records = _normalizer().normalize(Delivery([Reading("s", 77)]), NOW)
    samples = next(r for r in records if isinstance(r, Samples))
    columns = columns_of(samples)
    assert (columns.value[0], columns.status[0], columns.text) == (0.0, UNCERTAIN, ["77"])
    assert any(isinstance(r, Unmapped) and "'77'" in r.reason for r in records)


@pytest.mark.parametrize("as_block", [False, True])
def test_a_stale_state_has_no_code(as_block: bool) -> None:
    readings = [Reading("s", None, BAD_STALE, NOW)]
    delivery = Delivery(readings)
    if as_block:
        delivery = Delivery(blocks=[_block([(0, math.nan, BAD_STALE)], ["s"])])
    records = _normalizer().normalize(delivery, NOW)
    assert not [r for r in records if isinstance(r, Unmapped)]
    (columns,) = (columns_of(r) for r in records if isinstance(r, Samples))
    assert (columns.status.tolist(), columns.text) == ([BAD_STALE], [])
    assert math.isnan(columns.value[0])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)  # machines are shared
@given(ANYTHING, st.text(max_size=20))
def test_any_value_is_stored_or_quarantined(value: Any, address: str) -> None:
    normalizer = Normalizer(STORE_AS_IS, "c")
    reading = replace(Reading("a", value), source=address)
    records = normalizer.normalize(Delivery([reading]), NOW)
    assert sum(isinstance(r, Samples | Unmapped) for r in records) == 1
    assert len(decode(encode(Batch(records))).records) == len(records)
    assert math.isfinite(NOW)
