"""Every reading and record has exactly one outcome, in every delivery and mapping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.conformance import NotConformant, check_balance, outcomes_of
from werknetz.connector.contract import Delivery, Reading, ReadingBlock, SourceRecord
from werknetz.connector.mapping.mapping import STORE_AS_IS, Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.quarantine import REPEAT_US
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Samples, Tally, Unmapped

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: e/p/a/l/m
  enums: {codes: {"1": producing, "2": blocked}}
  rules:
    - {source: plain, signal: plain, unit: degC}
    - {source: skipped, ignore: true}
    - {source: state, signal: state, role: state, states: codes}
    - {source: computed, signal: computed, expression: "100.0 / value", unit: s}
    - {source: filtered, signal: filtered, when: value > 10.0}
    - {source: code, signal: code, role: state, states: codes, when: value > 0.0}
  events:
    - {source: counts, kind: stock_counted, fields: {material: m, quantity: q}}
    - {source: counts, kind: stock_counted, name: large, when: record.q > 5.0,
       fields: {material: m, quantity: q}}
    - {source: log, ignore: true}
"""
ADDRESSES = ["plain", "skipped", "state", "computed", "filtered", "code", "unknown"]
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 7.0, 50.0, float("nan"), float("inf")])


def _normalizer() -> Normalizer:
    return Normalizer(parse_mapping(parse_yaml(MAPPING, file="m.yaml")), "c")


@st.composite
def blocks(draw: st.DrawFn) -> ReadingBlock:
    rows = draw(st.lists(st.tuples(st.integers(0, 6), NUMBERS), max_size=30))
    return ReadingBlock(
        ADDRESSES,
        np.array([address for address, _ in rows], np.int32),
        np.array([value for _, value in rows], np.float64),
        np.zeros(len(rows), np.uint32),
        np.full(len(rows), NOW, np.int64),
    )


READINGS = st.builds(
    Reading, st.sampled_from(ADDRESSES), st.one_of(NUMBERS, st.sampled_from(["2", "x", None, True]))
)
RECORDS = st.builds(
    SourceRecord,
    st.sampled_from(["counts", "log", "other"]),
    st.fixed_dictionaries({"m": st.just("T"), "q": st.sampled_from([1.0, 9.0, "x", None])}),
    st.binary(min_size=1, max_size=2),
    is_new=st.booleans(),
    deleted=st.booleans(),
)
UNREADABLE = st.builds(
    Unmapped,
    st.just("topic"),
    st.sampled_from(["no JSON", "too long"]),
    st.just(b"x"),
    st.just(NOW),
)
DELIVERIES = st.builds(
    Delivery,
    readings=st.lists(READINGS, max_size=20),
    blocks=st.lists(blocks().filter(lambda block: len(block.address) > 0), max_size=2),
    records=st.lists(RECORDS, max_size=8),
    unreadable=st.lists(UNREADABLE, max_size=5),
    ignored=st.integers(0, 3),
    duplicates=st.integers(0, 3),
)


@given(st.lists(DELIVERIES, max_size=6), st.sampled_from([0, 1_000_000, REPEAT_US, 2 * REPEAT_US]))
def test_every_delivery_balances(deliveries: list[Delivery], step_us: int) -> None:
    normalizer = _normalizer()
    for number, delivery in enumerate(deliveries):
        check_balance(normalizer, normalizer.normalize(delivery, NOW + number * step_us))
    check_balance(normalizer, normalizer.take_all_unmapped(NOW))


def test_a_flood_of_refused_records_balances_when_it_is_reported() -> None:
    normalizer = Normalizer(Mapping(name="m", version=1), "c")
    records = [SourceRecord("s", {}, str(n).encode()) for n in range(5_000)]
    first = normalizer.normalize(Delivery(records=records), NOW)
    reported = sum(map(outcomes_of, first))
    assert normalizer.take_tally() == Tally(reported)
    last = normalizer.take_all_unmapped(NOW + 1)
    assert sum(map(outcomes_of, last)) == 5_000 - reported
    assert normalizer.take_tally() == Tally(5_000 - reported)


def test_a_value_too_few_is_an_imbalance() -> None:
    normalizer = Normalizer(STORE_AS_IS, "c")
    records = normalizer.normalize(Delivery([Reading("a", 1.0), Reading("b", 2.0)]), NOW)
    with pytest.raises(NotConformant, match="do not balance"):
        check_balance(normalizer, [r for r in records if not isinstance(r, Samples)])
