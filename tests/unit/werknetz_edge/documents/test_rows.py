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
from werknetz_edge.documents.entries import PreparedPart, RowReader, identity_of_paths, prepare_part
from werknetz_edge.documents.rows import Row, UnreadableDocument, read_parts
from werknetz_edge.webhook import standard

NOW = 1_795_000_000_000_000
FORMS = [
    DocumentConfig(payload="json"),
    DocumentConfig(payload="json", records="a.b", key="id"),
    DocumentConfig(payload="ndjson"),
    DocumentConfig(payload="ndjson", **{"as": "readings", "readings": {"address": "x/{a}"}}),
    DocumentConfig(payload="csv"),
    DocumentConfig(payload="csv", encoding="cp1252", key=("id",)),
    DocumentConfig(payload="text"),
]


def read(content: bytes, **options: Any) -> list[Row]:
    form = DocumentConfig(**options)
    return [row for part in read_parts(io.BytesIO(content), form) for row in part.rows]


def test_ndjson_names_lines_and_keeps_bad_ones() -> None:
    found = read(b'\xef\xbb\xbf{"a": 1}\n\n{"a": \n[1]\nNaN', payload="ndjson")
    assert [(row.index, row.position, row.fields is None) for row in found] == [
        (0, "line 1", False), (1, "line 3", True), (2, "line 4", False), (3, "line 5", False),
    ]  # fmt: skip
    assert found[1].raw == b'{"a":'
    assert found[2].fields == {"value": [1]}


def test_csv_of_a_german_spreadsheet() -> None:
    text = 'Teil;Menge;Text\r\nT1;1,5;"mehr\r\nZeilen"\r\nT2;2\r\n\r\nT3;3;ä\r\n'
    found = read(text.encode("cp1252"), payload="csv", encoding="cp1252")
    assert [row.fields for row in found] == [
        {"Teil": "T1", "Menge": "1,5", "Text": "mehr\r\nZeilen"},
        None,
        {"Teil": "T3", "Menge": "3", "Text": "ä"},
    ]
    assert [row.position for row in found] == ["line 2", "line 4", "line 6"]
    assert found[1].reason == "has 2 fields where the header has 3"
    wrong = read(text.encode("cp1252"), payload="csv")
    assert [row.reason for row in wrong][2] == "the row is not utf-8"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", {"payload": "csv"}, "must name the columns"),
        (b"a,b,a\n", {"payload": "csv"}, "twice"),
        (b"{", {}, "not JSON"),
        (b"{}", {"records": "data.items"}, "nothing at 'data.items'"),
        (b"7", {"records": "data"}, "no object"),
        (b"[" * 100_000, {}, "nested too deep"),
        (json.dumps([1] * 10_001).encode(), {}, "more than 10000"),
        (b'["\\ud800"]', {}, "not"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        read(content, **options)


def test_parts_read_alone_say_what_the_whole_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 3)
    content = b"a;b\n" + b"".join(b'%d;"x\ny"\n' % n for n in range(8))
    form = DocumentConfig(payload="csv")
    parts = list(read_parts(io.BytesIO(content), form))
    assert [len(part.rows) for part in parts] == [3, 3, 2]
    alone = [row.fields for part in parts for row in read(part.content, payload="csv")]
    assert alone == [row.fields for row in read(content, payload="csv")]


def test_a_deep_row_is_refused_and_the_others_are_not() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    found = read(json.dumps([deep, 2]).encode())
    assert [row.fields is None for row in found] == [True, False]


def test_a_key_is_the_same_however_it_is_written() -> None:
    def key(fields: dict[str, Any]) -> bytes | None:
        return identity_of_paths("wms", ("id", "head.no"), Row(0, "", b"", fields))

    assert key({"id": 4711, "head": {"no": "a"}}) == key({"id": "4711", "head.no": "a"})
    assert key({"id": "4711a", "head": {"no": ""}}) is None
    assert key({"id": "47", "head": {"no": "11a"}}) != key({"id": "4711", "head": {"no": "a"}})


def test_readings_take_their_address_from_the_row() -> None:
    form = DocumentConfig(
        payload="ndjson",
        **{
            "as": "readings",
            "readings": {"address": "{line}/{press.no}"},
            "time": {"path": "at", "format": "unix_s"},
        },
    )
    content = b'{"line":"l1","press":{"no":3},"t":20.5,"at":1795000000,"ok":true,"more":[1]}\n{}'
    made = of(content, form)
    (good, bad) = [entry for unit in made[0].units for entry in unit.results]
    assert [(r.source, r.value, r.source_time_us) for r in good.readings] == [
        ("l1/3#t", 20.5, NOW),
        ("l1/3#ok", True, NOW),
    ]
    assert bad.reject is not None
    assert "needs 'line'" in bad.reject.reason


def of(content: bytes, form: DocumentConfig, *, api: bool = False) -> list[PreparedPart]:
    reader = RowReader("hooks/x", form)
    return [
        prepare_part(
            part, "hooks/x", b"told",
            identity_of=standard.identity_of if api else lambda row: identity_of_paths("x", form.key, row),
            read_row=standard.read_row if api else reader.read_row, at_us=NOW,
        )
        for part in read_parts(io.BytesIO(content), form)
    ]  # fmt: skip


def test_the_same_bytes_make_the_same_marks_and_others_other_ones() -> None:
    form = DocumentConfig(payload="ndjson", key="id")
    content = b'{"id":1}\n{"id":2}\n{"no":1}\n'
    first, again = of(content, form), of(content, form)
    marks = [unit.dedup_key for each in first for unit in each.units]
    assert marks == [unit.dedup_key for each in again for unit in each.units]
    assert len(set(marks)) == 3


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
    | st.lists(EVENTS, max_size=4).map(lambda found: json.dumps(found).encode())
    | st.lists(EVENTS, max_size=4).map(
        lambda found: "\n".join(json.dumps(each) for each in found).encode()
    )
    | st.just(b'[{"kind":"stock_counted","material":"m","quantity":' + b"9" * 4000 + b"}]")
)


@settings(max_examples=400, deadline=None)
@given(BODIES, st.sampled_from(FORMS), st.booleans())
def test_whatever_comes_is_kept_or_refused_and_never_breaks_the_lane(
    content: bytes, form: DocumentConfig, api: bool
) -> None:
    try:
        made = of(content, form, api=api)
    except UnreadableDocument:
        return
    entries = [entry for each in made for unit in each.units for entry in unit.results]
    assert len({entry.row.index for entry in entries}) == len(entries)
    delivery = Delivery(
        readings=[reading for entry in entries for reading in entry.readings],
        records=[entry.record for entry in entries if entry.record is not None],
        unreadable=[entry.reject for entry in entries if entry.reject is not None],
        messages=[each.message for each in made],
    )
    mapping = Mapping(name="m", version=1, unmapped="store-as-is")
    kept = Normalizer(mapping, "hooks").normalize(delivery, NOW)
    assert encode(Batch(list(kept)))
    raw = encode_delivery(delivery, NOW, "m@1")
    if raw is not None:
        again = decode_delivery(raw).delivery
        assert [message.content for message in again.messages] == [
            message.content for message in delivery.messages
        ]
        assert len(again.records) == len(delivery.records)


def test_a_record_says_where_it_stands() -> None:
    form = DocumentConfig(payload="csv", time={"path": "at", "format": "%d.%m.%Y", "zone": "UTC"})
    made = of(b"id;at\n1;24.11.2026\n2;gestern\n3;\n", form)
    found = [entry for unit in made[0].units for entry in unit.results]
    first = found[0].record
    assert isinstance(first, SourceRecord)
    assert (first.item, first.raw, first.source_time_us) == (
        "line 2", b"1;24.11.2026", 1_795_478_400_000_000,
    )  # fmt: skip
    assert found[1].reject is not None
    assert "'gestern' is no time of the form %d.%m.%Y" in found[1].reject.reason
    assert found[2].record is not None
    assert found[2].record.source_time_us is None
