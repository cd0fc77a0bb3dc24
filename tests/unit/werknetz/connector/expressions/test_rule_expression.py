"""Rules with expressions: what they make of readings, of blocks and of records."""

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading, ReadingBlock, SourceRecord
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.domain.status import BAD, GOOD, UNCERTAIN
from werknetz.events.batch import BusinessEvent, Points, Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz.events.facts import DeliveryCalledOff

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  enums: {word: {run: producing, stop: idle}}
  rules:
    - {source: plain, scale: 0.5}
    - {source: power, expression: "value * 2.0", unit: kW, source_unit: W, scale: 10}
    - {source: bit, expression: "math.bitAnd(int(value), 4) != 0", datatype: boolean}
    - {source: limits, when: "value >= 0.0 && status < 0x80000000u"}
    - source: state
      role: state
      states: word
      expression: "value > 10.0 ? 'run' : value > 5.0 ? 'odd' : 'stop'"
    - {source: ratio, expression: "1.0 / value"}
    - {source: order, role: order, input: text, expression: "value.split('-')[0].trim()"}
    - {source: word, input: json, expression: "value == null ? 'none' : value.name"}
    - {source: "t/{press}#good", expression: "fields['good'] - fields['bad']", equipment: "n/{press}"}
    - {source: "n/{press}#x", expression: "segments.press == 'p1' ? value : -value", signal: "x{press}"}
    - {source: comma, decimal: comma, thousands: ".", expression: "value + 0.5"}
    - {source: quality, expression: "status == 0u ? value : 0.0"}
"""  # noqa: E501


def _mapping(text: str) -> Mapping:
    return parse_mapping(parse_yaml(text, file="m.yaml"))


def _normalizer(text: str = MAPPING) -> Normalizer:
    return Normalizer(_mapping(text), "c")


Row = tuple[str, float, int, str | None]


def _rows_and_unmapped(records: list[Any]) -> tuple[list[Row], list[tuple[str, str, int]]]:
    """Return samples by the address of their point, and quarantine entries."""
    sources: dict[int, str] = {}
    rows: list[Row] = []
    entries = []
    for record in records:
        if isinstance(record, Points):
            sources |= {p.number: p.source for p in record.points}
        elif isinstance(record, Samples):
            c = columns_of(record)
            texts = dict(zip(c.text_row.tolist(), c.text, strict=True))
            rows += [
                (sources[int(c.point[n])], float(c.value[n]), int(c.status[n]), texts.get(n))
                for n in range(len(c))
            ]
        elif isinstance(record, Unmapped):
            entries.append((record.source, record.reason, record.count))
    return rows, entries


def _normalize_one(
    source: str, value: Any, **more: Any
) -> tuple[list[Row], list[tuple[str, str, int]]]:
    return _rows_and_unmapped(
        _normalizer().normalize(Delivery([Reading(source, value, **more)]), NOW)
    )


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("power", 3.0, 0.06),  # expression, then scale 10, then W to kW
        ("power", "3", 0.06),
        ("bit", 6.0, 1.0),
        ("bit", 9, 0.0),
        ("comma", "1.250,5", 1251.0),
        ("n/p1#x", 2, 2.0),
        ("n/p2#x", 2, -2.0),
    ],
)
def test_an_expression_is_evaluated_before_scale_and_unit(
    source: str, value: Any, expected: float
) -> None:
    [(_, number, status, text)], entries = _normalize_one(source, value)
    assert number == pytest.approx(expected)
    assert (status, text, entries) == (GOOD, None, [])


def test_texts_and_structures() -> None:
    assert _normalize_one("order", " 4711 -0010")[0][0][3] == "4711"
    assert _normalize_one("word", {"name": "A", "x": [1]})[0][0][3] == "A"
    assert _normalize_one("word", None)[0] == [
        ("word", pytest.approx(math.nan, nan_ok=True), GOOD, "none")
    ]


def test_a_missing_value_is_not_computed() -> None:
    [(_, number, status, _)], entries = _normalize_one("power", None)
    assert math.isnan(number)
    assert (status, entries) == (BAD, [])


def test_an_expression_may_use_other_fields_of_the_message() -> None:
    fields = {"good": 10, "bad": 3, "big": 2**70}
    assert _normalize_one("t/p1#good", 10, fields=fields)[0][0][1] == 7.0
    rows, [(source, reason, _)] = _normalize_one("t/p1#good", 10, fields={"good": 10})
    assert (rows, source) == ([], "t/p1#good")
    assert reason == 'expression: no key "bad"'


def test_a_value_whose_when_is_false_is_dropped() -> None:
    assert _normalize_one("limits", 1.0) == ([("limits", 1.0, GOOD, None)], [])
    assert _normalize_one("limits", -1.0) == ([], [])
    assert _normalize_one("limits", 1.0, status=BAD) == ([], [])


def test_a_failed_evaluation_is_quarantined_with_the_raw_bytes() -> None:
    records = _normalizer().normalize(
        Delivery([Reading("ratio", 0.0, raw=b"raw"), Reading("ratio", 4.0)]), NOW
    )
    rows, [(_, reason, _)] = _rows_and_unmapped(records)
    assert rows == [("ratio", 0.25, GOOD, None)]
    assert "division by zero" in reason
    assert [r.raw for r in records if isinstance(r, Unmapped)] == [b"raw"]


def test_an_unknown_state_is_stored_and_quarantined() -> None:
    [(_, _, status, text)], [(_, reason, _)] = _normalize_one("state", 7.0)
    assert (status, text) == (UNCERTAIN, "odd")
    assert reason == "state code 'odd' is not in table 'word'"


def test_the_datatype_of_a_point_is_that_of_its_expression() -> None:
    text = """
mapping:
  name: m
  version: 1
  equipment: n/p
  rules:
    - {source: a, expression: "value > 1.0"}
    - {source: b, expression: "value > 1.0 ? 'high' : 'low'"}
    - {source: c, input: text, expression: "double(value)"}
    - {source: d, input: text, when: "value != ''"}
"""
    readings = [Reading("a", 1), Reading("b", 1), Reading("c", "1"), Reading("d", "x")]
    records = _normalizer(text).normalize(Delivery(readings), NOW)
    points = {p.source: p.datatype for r in records if isinstance(r, Points) for p in r.points}
    assert points == {"a": "boolean", "b": "text", "c": "float", "d": "text"}


ADDRESSES = [
    "plain", "power", "bit", "limits", "state", "ratio", "quality", "n/p1#x", "n/p2#x", "order",
    "unknown",
]  # fmt: skip
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 7.0, 11.0, math.nan, math.inf]), st.floats(-1e6, 1e6)
)
READINGS = st.lists(
    st.tuples(st.sampled_from(ADDRESSES), NUMBERS, st.sampled_from([GOOD, UNCERTAIN, BAD])),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)  # machines are shared
@given(READINGS)
def test_a_block_has_the_same_result_as_readings(inputs: list[tuple[str, float, int]]) -> None:
    block = ReadingBlock(
        addresses=ADDRESSES,
        address=np.array([ADDRESSES.index(a) for a, _, _ in inputs], np.int32),
        value=np.array([v for _, v, _ in inputs]),
        status=np.array([s for _, _, s in inputs], np.uint32),
        source_time_us=np.array([NOW - n for n in range(len(inputs))], np.int64),
    )
    readings = [
        Reading(a, v, status=s, source_time_us=NOW - n) for n, (a, v, s) in enumerate(inputs)
    ]
    rows, entries = _rows_and_unmapped(_normalizer().normalize(Delivery(blocks=[block]), NOW))
    expected, expected_entries = _rows_and_unmapped(
        _normalizer().normalize(Delivery(readings), NOW)
    )
    assert sorted(map(repr, rows)) == sorted(map(repr, expected))
    assert {r[:2] for r in entries} == {r[:2] for r in expected_entries}
    lost = sum(count for source, _, count in entries if source == "ratio")
    assert lost == sum(count for source, _, count in expected_entries if source == "ratio")


WRONG = [
    ("value * 2.0", "value * 2", 9, "write 2.0, not 2"),
    ("value >= 0.0 &&", "value >= 0.0 & ", 11, "is not CEL"),
    ("value >= 0.0 && status < 0x80000000u", "value", 11, "required is a comparison"),
    ("value.split('-')[0].trim()", "1.0", 17, "returns double, required is string(…)"),
    ("input: text", "input: txet", 17, "is not known"),
    ("segments.press ==", "segments.presse ==", 20, "did you mean 'press'?"),
    ('when: "value >= 0.0 && status < 0x80000000u"', "input: json", 11, "`input` is for"),
    ("{source: ratio,", "{source: ratio, ignore: true,", 16, "remove `expression`"),
    ("fields['good'] -", "fields['good'] + 1 -", 19, "write + 2.0, not 2"),
]


@pytest.mark.parametrize(("old", "new", "line", "remedy"), WRONG, ids=[w[3] for w in WRONG])
def test_an_invalid_expression_is_an_error_at_load(
    old: str, new: str, line: int, remedy: str
) -> None:
    assert old in MAPPING
    with pytest.raises(ConfigurationError) as raised:
        _mapping(MAPPING.replace(old, new, 1))
    assert str(raised.value).startswith(f"m.yaml, line {line}: ")
    assert remedy in str(raised.value)


@settings(deadline=None)  # machines are shared
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_any_text_as_expression_works_or_is_an_error_with_its_line(text: str) -> None:
    tree = {"name": "m", "version": 1, "rules": [{"source": "a", "equipment": "n/p"}]}
    tree["rules"][0]["expression"] = text  # type: ignore[index]
    written = yaml.safe_dump({"mapping": tree}, allow_unicode=True)
    try:
        mapping = _mapping(written)
    except ConfigurationError as error:
        messages = error.errors
    else:
        messages = ()
        assert Normalizer(mapping, "c").normalize(Delivery([Reading("a", 1.0)]), NOW)
    assert all(message.startswith("m.yaml, line ") for message in messages)


def test_a_mapping_without_expressions_does_not_load_the_engine() -> None:
    code = (
        "import sys; from werknetz.connector.mapping.mapping import STORE_AS_IS;"
        "from werknetz.connector.normalize import Normalizer; Normalizer(STORE_AS_IS, 'c');"
        "sys.exit('cel_expr_python' in str(list(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


EVENTS = """
mapping:
  name: erp
  version: 2
  time_zone: Europe/Berlin
  events:
  - source: erp/{table}
    when: "record.kind == 'L' && segments.table == 'calls'"
    kind: delivery_called_off
    at: {expression: "timestamp(record.day + 'T06:00:00Z')"}
    fields:
      document: {expression: "record.series + '/' + record.number"}
      material: material
      quantity: {expression: "double(record.boxes) * record.per_box", scale: 2}
      due_from_us: {expression: "record.day"}
      document_us: {expression: "1795000000000000 + 1"}
      last_receipt_us: {expression: "record.stamp", format: unix_s}
      commitment: {expression: "record.firm ? 'F' : 'V'", values: {F: firm, V: forecast}}
      supplier: {expression: "has(record.supplier) ? record.supplier : ''", default: "4711"}
"""


def _record(**fields: Any) -> SourceRecord:
    row = {
        "kind": "L", "series": "A", "number": "17", "material": "T1", "boxes": "4", "per_box": 25,
        "day": "2026-03-29", "firm": True, "stamp": 1_795_000_000, **fields,
    }  # fmt: skip
    return SourceRecord("erp/calls", row, b"row-1", raw=b"row")


def _events(record: SourceRecord) -> list[Any]:
    """Return the records without the mapping and the tally."""
    records = _normalizer(EVENTS).normalize(Delivery(records=[record]), NOW)
    return [r for r in records if isinstance(r, BusinessEvent | Unmapped)]


def test_the_fields_of_a_record_are_computed() -> None:
    (event,) = _events(_record())
    assert isinstance(event, BusinessEvent)
    fact = event.fact
    assert isinstance(fact, DeliveryCalledOff)
    assert (fact.document, fact.quantity, fact.commitment) == ("A/17", 200.0, "firm")
    assert fact.supplier == "4711"
    assert fact.document_us == NOW + 1
    assert fact.last_receipt_us == NOW
    assert event.at_us == 1_774_764_000_000_000
    assert fact.due_from_us is not None
    assert fact.due_until_us is not None
    assert fact.due_until_us - fact.due_from_us == 23 * 3_600_000_000  # the day of the clock change


def test_a_record_whose_when_is_false_is_dropped() -> None:
    assert _events(_record(kind="K")) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"boxes": "many"}, "quantity: expression: cannot convert"),
        ({"kind": None, "series": None}, None),
        ({"series": None}, "document: expression: No matching overloads"),
        ({"day": "29.03.2026"}, "at: expression: String to Timestamp"),
        ({"firm": "yes"}, "commitment: expression: "),
        ({"number": "1\0"}, "the record: the text contains the character NUL"),
        ({"per_box": math.inf}, "quantity: the expression returns inf"),
        ({"stamp": 1e300}, "last_receipt_us: "),
    ],
)
def test_a_record_that_cannot_be_computed_is_quarantined(fields: Any, reason: str | None) -> None:
    records = _events(_record(**fields))
    if reason is None:
        assert records == []
        return
    [unmapped] = records
    assert isinstance(unmapped, Unmapped)
    assert unmapped.reason.startswith(reason)
    assert unmapped.raw == b"row"


def test_a_missing_key_names_the_field_and_the_key() -> None:
    record = _record()
    row = {key: value for key, value in record.fields.items() if key != "per_box"}
    [unmapped] = _events(SourceRecord("erp/calls", row, b"row-1"))
    assert unmapped.reason == 'quantity: expression: no key "per_box"'


WRONG_EVENTS = [
    ("record.kind == 'L' &&", "record.kind = 'L' &&", 8, "is not CEL"),
    ("'T06:00:00Z')", "6)", 10, "write + 2.0, not 2"),
    ("record.series + '/' + record.number", "1.0", 12, "returns double, required is string(…)"),
    ('"record.day"}', '"recrd.day"}', 15, "did you mean 'record'?"),
    ("segments.table", "segments.tabel", 8, "did you mean 'table'?"),
    ('{expression: "record.day"}', "{expression: \"'a'\", field: day}", 15, "exactly one of"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"), WRONG_EVENTS, ids=[w[1] for w in WRONG_EVENTS]
)
def test_an_invalid_event_expression_is_an_error_at_load(
    old: str, new: str, line: int, remedy: str
) -> None:
    assert old in EVENTS
    with pytest.raises(ConfigurationError) as raised:
        _mapping(EVENTS.replace(old, new, 1))
    assert str(raised.value).startswith(f"m.yaml, line {line}: ")
    assert remedy in str(raised.value)
