import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.events.batch import Batch
from werknetz.events.codec import encode
from werknetz_edge.documents import rows
from werknetz_edge.documents.config import DocumentConfig
from werknetz_edge.documents.prepare import PreparedPart, RowReader, identity_of_paths, prepare_part
from werknetz_edge.documents.rows import DocumentRow, UnreadableDocument, read_parts
from werknetz_edge.webhook import standard

NOW = 1_795_000_000_000_000
CONFIGS = [
    DocumentConfig(payload="json"),
    DocumentConfig(payload="json", records="a.b", key="id"),
    DocumentConfig(payload="ndjson"),
    DocumentConfig(payload="ndjson", **{"as": "readings", "readings": {"address": "x/{a}"}}),
    DocumentConfig(payload="csv"),
    DocumentConfig(payload="csv", encoding="cp1252", key=("id",)),
    DocumentConfig(payload="text"),
]


def read(content: bytes, **options: Any) -> list[DocumentRow]:
    config = DocumentConfig(**options)
    return [row for part in read_parts(io.BytesIO(content), config) for row in part.rows]


def test_ndjson_numbers_lines_and_keeps_unreadable_ones() -> None:
    rows_read = read(b'\xef\xbb\xbf{"a": 1}\n\n{"a": \n[1]\nNaN', payload="ndjson")
    assert [(row.index, row.position, row.fields is None) for row in rows_read] == [
        (0, "line 1", False), (1, "line 3", True), (2, "line 4", False), (3, "line 5", False),
    ]  # fmt: skip
    assert rows_read[1].raw == b'{"a":'
    assert rows_read[2].fields == {"value": [1]}


def test_csv_of_a_german_spreadsheet() -> None:
    text = 'Teil;Menge;Text\r\nT1;1,5;"mehr\r\nZeilen"\r\nT2;2\r\n\r\nT3;3;ä\r\n'
    rows_read = read(text.encode("cp1252"), payload="csv", encoding="cp1252")
    assert [row.fields for row in rows_read] == [
        {"Teil": "T1", "Menge": "1,5", "Text": "mehr\r\nZeilen"},
        None,
        {"Teil": "T3", "Menge": "3", "Text": "ä"},
    ]
    assert [row.position for row in rows_read] == ["line 2", "line 4", "line 6"]
    assert rows_read[1].reason == "has 2 fields where the header has 3"
    wrong = read(text.encode("cp1252"), payload="csv")
    assert [row.reason for row in wrong][2] == "the row is not utf-8"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {"payload": "csv"}, "must name the columns"),
        (b"a,b,a\n", {"payload": "csv"}, "twice"),
        (b"{", {}, "not JSON"),
        (b"{}", {"records": "data.items"}, "nothing at 'data.items'"),
        (b"7", {"records": "data"}, "not an object"),
        (b"[" * 100_000, {}, "nested too deep"),
        (json.dumps([1] * 10_001).encode(), {}, "more than 10000"),
        (b'["\\ud800"]', {}, "not"),
    ],
)
def test_an_unreadable_document_is_refused(
    content: bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnreadableDocument, match=message):
        read(content, **options)


def test_a_part_read_alone_has_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 3)
    content = b"a;b\n" + b"".join(b'%d;"x\ny"\n' % n for n in range(8))
    config = DocumentConfig(payload="csv")
    parts = list(read_parts(io.BytesIO(content), config))
    assert [len(part.rows) for part in parts] == [3, 3, 2]
    alone = [row.fields for part in parts for row in read(part.content, payload="csv")]
    assert alone == [row.fields for row in read(content, payload="csv")]


def test_a_deep_row_is_refused_and_the_others_are_not() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    rows_read = read(json.dumps([deep, 2]).encode())
    assert [row.fields is None for row in rows_read] == [True, False]


def test_a_key_is_the_same_however_it_is_written() -> None:
    def key(fields: dict[str, Any]) -> bytes | None:
        return identity_of_paths("wms", ("id", "head.no"), DocumentRow(0, "", b"", fields))

    assert key({"id": 4711, "head": {"no": "a"}}) == key({"id": "4711", "head.no": "a"})
    assert key({"id": "4711a", "head": {"no": ""}}) is None
    assert key({"id": "47", "head": {"no": "11a"}}) != key({"id": "4711", "head": {"no": "a"}})


def test_readings_take_their_address_from_the_row() -> None:
    config = DocumentConfig(
        payload="ndjson",
        **{
            "as": "readings",
            "readings": {"address": "{line}/{press.no}"},
            "time": {"path": "at", "format": "unix_s"},
        },
    )
    content = b'{"line":"l1","press":{"no":3},"t":20.5,"at":1795000000,"ok":true,"more":[1]}\n{}'
    parts = prepare(content, config)
    (good, bad) = [entry for unit in parts[0].units for entry in unit.results]
    assert [(r.source, r.value, r.source_time_us) for r in good.readings] == [
        ("l1/3#t", 20.5, NOW),
        ("l1/3#ok", True, NOW),
    ]
    assert bad.reject is not None
    assert "needs 'line'" in bad.reject.reason


def prepare(content: bytes, config: DocumentConfig, *, api: bool = False) -> list[PreparedPart]:
    def identity_of(row: DocumentRow) -> bytes | None:
        return standard.identity_of(row) if api else identity_of_paths("x", config.key, row)

    reader = RowReader("hooks/x", config)
    return [
        prepare_part(
            part, "hooks/x", b"request", identity_of=identity_of,
            read_row=standard.read_row if api else reader.read_row, at_us=NOW,
        )
        for part in read_parts(io.BytesIO(content), config)
    ]  # fmt: skip


def test_equal_bytes_have_equal_keys() -> None:
    config = DocumentConfig(payload="ndjson", key="id")
    content = b'{"id":1}\n{"id":2}\n{"no":1}\n'
    first, again = prepare(content, config), prepare(content, config)
    keys = [unit.dedup_key for part in first for unit in part.units]
    assert keys == [unit.dedup_key for part in again for unit in part.units]
    assert len(set(keys)) == 3


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([
    "kind", "at", "at_us", "source", "id", "fields", "material", "quantity", "document",
    "due_from", "due_from_us", "packed_in", "equipment", "order_number",
])  # fmt: skip
WORDS = st.sampled_from(["stock_counted", "delivery_called_off", "job_started", "1e400", "\0", "x"])
EVENTS = st.dictionaries(NAMES, WORDS | TREES | st.integers(-(10**30), 10**30), max_size=6)
BODIES = (
    st.binary(max_size=400)
    | TREES.map(lambda tree: json.dumps(tree).encode())
    | st.lists(EVENTS, max_size=4).map(lambda events: json.dumps(events).encode())
    | st.lists(EVENTS, max_size=4).map(
        lambda events: "\n".join(json.dumps(event) for event in events).encode()
    )
    | st.just(b'[{"kind":"stock_counted","material":"m","quantity":' + b"9" * 4000 + b"}]")
)


@settings(max_examples=400, deadline=None)
@given(BODIES, st.sampled_from(CONFIGS), st.booleans())
def test_any_body_is_stored_or_rejected_and_never_breaks_the_lane(
    content: bytes, config: DocumentConfig, api: bool
) -> None:
    try:
        parts = prepare(content, config, api=api)
    except UnreadableDocument:
        return
    entries = [entry for part in parts for unit in part.units for entry in unit.results]
    assert len({entry.row.index for entry in entries}) == len(entries)
    delivery = Delivery(
        readings=[reading for entry in entries for reading in entry.readings],
        records=[entry.record for entry in entries if entry.record is not None],
        unreadable=[entry.reject for entry in entries if entry.reject is not None],
        messages=[part.message for part in parts],
    )
    mapping = Mapping(name="m", version=1, unmapped="store-as-is")
    records = Normalizer(mapping, "hooks").normalize(delivery, NOW)
    assert encode(Batch(list(records)))
    raw = encode_delivery(delivery, NOW, "m@1")
    if raw is not None:
        again = decode_delivery(raw).delivery
        assert [message.content for message in again.messages] == [
            message.content for message in delivery.messages
        ]
        assert len(again.records) == len(delivery.records)


def test_a_record_names_its_position() -> None:
    config = DocumentConfig(payload="csv", time={"path": "at", "format": "%d.%m.%Y", "zone": "UTC"})
    parts = prepare(b"id;at\n1;24.11.2026\n2;gestern\n3;\n", config)
    rows_read = [entry for unit in parts[0].units for entry in unit.results]
    first = rows_read[0].record
    assert isinstance(first, SourceRecord)
    assert (first.item, first.raw, first.source_time_us) == (
        "line 2", b"1;24.11.2026", 1_795_478_400_000_000,
    )  # fmt: skip
    assert rows_read[1].reject is not None
    assert "'gestern' is not a time of the format '%d.%m.%Y'" in rows_read[1].reject.reason
    assert rows_read[2].record is not None
    assert rows_read[2].record.source_time_us is None
