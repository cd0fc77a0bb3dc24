"""Readings of webhook and REST rows: elements by key, quality, texts, and no lost first row."""

import io
import json
from typing import Any

import pytest

from werknetz.connector.content.numbers import UntypedText
from werknetz.domain.status import BAD, GOOD, UNCERTAIN, UNCERTAIN_TIME
from werknetz_edge.documents.config import DocumentConfig
from werknetz_edge.documents.prepare import RowReader, RowResult
from werknetz_edge.documents.rows import UnreadableDocument, read_parts

NOW = 1_795_000_000_000_000
AT_US = 1_770_000_000_123_000


def _results(content: bytes, **options: Any) -> list[RowResult]:
    config = DocumentConfig.model_validate({"as": "readings"} | options)
    reader = RowReader("rest/x", config)
    return [
        reader.read_row(row, b"key", b"hash", NOW)
        for part in read_parts(io.BytesIO(content), config)
        for row in part.rows
    ]


ELEMENTS = {
    "at": "values", "key": "id", "value": "v", "status": "q",
    "time": {"path": "t", "format": "unix_ms"},
}  # fmt: skip


def test_each_element_of_a_row_is_a_reading() -> None:
    document = {
        "gateway": "g1",
        "values": [
            {"id": "A.x", "v": 5, "q": 192, "t": 1_770_000_000_123},
            {"id": "A.y", "q": 192},
            {"id": "A.z", "v": "1E5", "q": 0, "t": 1_770_000_000_123},
        ],
    }
    readings = {"address": "kep/{gateway}", "elements": ELEMENTS}
    (result,) = _results(json.dumps(document).encode(), readings=readings)
    assert [(r.source, r.value, r.status, r.source_time_us) for r in result.readings] == [
        ("kep/g1#A.x", 5, GOOD, AT_US),
        ("kep/g1#A.z", "1E5", BAD, AT_US),
    ]
    assert result.reject is not None
    assert "1 elements cannot be read: values[1]: the element has no 'v'" in result.reject.reason
    assert json.loads(result.reject.raw) == [{"id": "A.y", "q": 192}]


def test_a_row_without_the_array_is_rejected() -> None:
    readings = {"address": "a", "elements": ELEMENTS}
    (result,) = _results(b'{"x": 1}', readings=readings)
    assert not result.readings
    assert result.reject is not None
    assert "no array at 'values'" in result.reject.reason


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"q": 192}, GOOD), ({"q": 0}, BAD), ({"q": "UNCERTAIN"}, UNCERTAIN), ({}, GOOD),
        ({"q": True, "t": "never"}, UNCERTAIN_TIME), ({"q": False, "t": "never"}, BAD),
    ],
)  # fmt: skip
def test_the_quality_of_a_row_is_that_of_its_values(row: dict[str, Any], status: int) -> None:
    time = {"path": "t", "format": "unix_ms"}
    document = {"id": "x", "v": 1, "t": 1_770_000_000_123} | row
    readings = {"address": "{id}", "status": "q"}
    (result,) = _results(json.dumps([document]).encode(), readings=readings, time=time)
    assert [(r.source, r.value, r.status) for r in result.readings] == [("x#v", 1, status)]


def test_cells_of_csv_have_no_types_and_texts_of_json_have() -> None:
    readings = {"address": "a", "values": "v"}
    (cell,) = _results(b"v;w\n12.50;1\n", readings=readings, payload="csv")
    (text,) = _results(b'{"v": "12.50"}', readings=readings)
    assert type(cell.readings[0].value) is UntypedText
    assert type(text.readings[0].value) is str


@pytest.mark.parametrize(
    ("content", "options", "refused"),
    [
        (b"BOLT;5\nPLATE;7\n", {}, True),
        (b"name;2026\nPLATE;7\n", {}, True),
        (b"name;2026\nPLATE;7\n", {"key": "name"}, False),
        (b"name;0815\nPLATE;7\n", {}, False),
        (b"name;menge\nPLATE;7\n", {}, False),
    ],
)
def test_a_first_line_that_looks_like_data_is_refused(
    content: bytes, options: dict[str, Any], refused: bool
) -> None:
    more = {"as": "records", "payload": "csv"} | options
    if refused:
        with pytest.raises(UnreadableDocument, match="it must name the columns"):
            _results(content, **more)
    else:
        assert len(_results(content, **more)) == 1


@pytest.mark.parametrize("more", [{"values": ["v"]}, {"status": "q"}])
def test_elements_stand_alone(more: dict[str, Any]) -> None:
    readings = {"address": "a", "elements": ELEMENTS} | more
    with pytest.raises(ValueError, match="of their own"):
        _results(b"{}", readings=readings)
