"""Booleans, and numbers that are not finite: stored, or refused with a remedy, by role."""

import math
from typing import Any

import numpy as np
import pytest

from werknetz.connector.contract import Delivery, Reading, ReadingBlock
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.state import MachineState
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import columns_of

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  enums:
    bits: {"1": producing, "0": idle}
  rules:
    - {source: good, role: good_count}
    - {source: total, role: total_count}
    - {source: scrap, role: scrap_count}
    - {source: rework, role: rework_count}
    - source: pulse
      equipment: n/p/other
      role: good_count
      datatype: boolean
      counter: {kind: increment}
    - {source: energy, role: energy}
    - {source: s0, role: energy, datatype: boolean, scale: 0.001, carrier: gas}
    - {source: cycle, role: planned_run_time}
    - {source: wrong_cycle, role: planned_run_time, datatype: boolean, equipment: n/p/other}
    - {source: order, role: order}
    - {source: mode, role: mode}
    - {source: state, role: state, states: bits}
    - {source: value}
    - {source: doubled, expression: "value * 2.0", role: scrap_count, equipment: n/p/other}
    - source: chosen
      expression: "value ? 4.0 : 0.0"
      input: json
      role: rework_count
      equipment: n/p/other
    - {source: filtered, when: "value > 0.0", role: total_count, equipment: n/p/other}
"""
PULSE = "where each pulse is an item, add `datatype: boolean`"
REFUSED = {
    "good": PULSE, "total": PULSE, "scrap": PULSE, "rework": PULSE, "doubled": PULSE,
    "filtered": PULSE, "energy": "add `datatype: boolean` and `scale`",
    "cycle": "the seconds per item", "wrong_cycle": "the seconds per item",
    "order": "an `expression` with `input: json`",
}  # fmt: skip
STORED = {
    "pulse": (0.0, 1.0), "s0": (0.0, 0.001), "value": (0.0, 1.0),
    "state": (float(MachineState.IDLE), float(MachineState.PRODUCING)),
}  # fmt: skip
AFFECTS_KPIS = {*REFUSED, "pulse", "s0", "state"}


def _normalizer() -> Normalizer:
    return Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "c")


def _delivery(source: str, value: Any, *, as_block: bool, status: int = GOOD) -> Delivery:
    if not as_block:
        return Delivery([Reading(source, value, status, NOW)])
    block = ReadingBlock(
        addresses=[source],
        address=np.zeros(1, np.int32),
        value=np.array([value], np.float64),
        status=np.array([status], np.uint32),
        source_time_us=np.array([NOW], np.int64),
        boolean=np.array([True]) if isinstance(value, bool) else None,
    )
    return Delivery(blocks=[block])


def _normalize(delivery: Delivery) -> tuple[list[tuple[float, int]], list[Unmapped]]:
    normalizer = _normalizer()
    records = normalizer.normalize(delivery, NOW)
    samples = [columns_of(record) for record in records if isinstance(record, Samples)]
    rows = [pair for c in samples for pair in zip(c.value.tolist(), c.status.tolist(), strict=True)]
    unmapped = [record for record in records if isinstance(record, Unmapped)]
    tally = normalizer.take_tally()
    assert tally.taken == len(rows) + sum(entry.count for entry in unmapped), "the books balance"
    return rows, unmapped


@pytest.mark.parametrize("as_block", [False, True])
@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("source", sorted(REFUSED))
def test_a_boolean_is_refused_where_it_is_no_value_of_the_role(
    source: str, value: bool, as_block: bool
) -> None:
    rows, [entry] = _normalize(_delivery(source, value, as_block=as_block))
    assert rows == []
    assert REFUSED[source] in entry.reason
    assert (entry.source, entry.raw) == (source, b"true" if value else b"false")


@pytest.mark.parametrize("as_block", [False, True])
@pytest.mark.parametrize("source", sorted(STORED))
def test_a_boolean_is_a_number_where_the_mapping_declares_it(source: str, as_block: bool) -> None:
    for value in (True, False):
        rows, unmapped = _normalize(_delivery(source, value, as_block=as_block))
        assert unmapped == []
        assert rows == [(STORED[source][value], GOOD)]


def test_an_expression_may_define_what_a_boolean_counts() -> None:
    rows, unmapped = _normalize(_delivery("chosen", True, as_block=False))
    assert (rows, unmapped) == ([(4.0, GOOD)], [])


def test_numbers_beside_a_refused_boolean_are_stored() -> None:
    block = ReadingBlock(
        addresses=["good", "value"],
        address=np.array([0, 1, 0, 0], np.int32),
        value=np.array([1.0, 1.0, 7.0, 0.0]),
        status=np.zeros(4, np.uint32),
        source_time_us=np.full(4, NOW, np.int64),
        boolean=np.array([True, True, False, True]),
    )
    delivery = Delivery(blocks=[block])
    raw = encode_delivery(delivery, NOW, "m@1")
    assert raw is not None
    for same in (delivery, decode_delivery(raw).delivery):
        rows, [entry] = _normalize_all(same)
        assert rows == [(1.0, GOOD), (7.0, GOOD)]
        assert (entry.source, entry.raw) == ("good", b"false")


def _normalize_all(delivery: Delivery) -> tuple[list[tuple[float, int]], list[Unmapped]]:
    normalizer = _normalizer()
    records = normalizer.normalize(delivery, NOW) + normalizer.take_all_unmapped(NOW)
    (columns,) = (columns_of(record) for record in records if isinstance(record, Samples))
    unmapped = [record for record in records if isinstance(record, Unmapped)]
    assert sum(entry.count for entry in unmapped) == 2
    pairs = zip(columns.value.tolist(), columns.status.tolist(), strict=True)
    return [*pairs], unmapped[:1]


@pytest.mark.parametrize("as_block", [False, True])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("source", sorted(AFFECTS_KPIS))
def test_a_number_that_is_not_finite_is_missing_and_reported(
    source: str, value: float, as_block: bool
) -> None:
    [(number, status)], [entry] = _normalize(_delivery(source, value, as_block=as_block))
    assert math.isnan(number)
    assert status == BAD
    assert entry.reason.startswith("NaN and infinity are no values: stored as missing")


@pytest.mark.parametrize("as_block", [False, True])
@pytest.mark.parametrize(
    ("source", "value", "status", "is_reported"),
    [
        ("good", math.nan, UNCERTAIN, True),
        ("good", math.nan, BAD, False),  # the source says so itself
        ("good", math.nan, BAD_STALE, False),
        ("value", math.nan, GOOD, False),  # of any sensor: its status says it
        ("mode", math.inf, GOOD, False),
    ],
)
def test_only_values_that_affect_kpis_and_are_called_good_are_reported(
    source: str, value: float, status: int, is_reported: bool, as_block: bool
) -> None:
    rows, unmapped = _normalize(_delivery(source, value, as_block=as_block, status=status))
    assert rows[0][1] == (status or BAD)
    assert len(unmapped) == is_reported


def test_null_is_no_remark() -> None:
    rows, unmapped = _normalize(_delivery("good", None, as_block=False))
    assert (len(rows), rows[0][1], unmapped) == (1, BAD, [])
