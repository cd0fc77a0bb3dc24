"""A cell is the text that the file has where the mapping wants text, and else a number (M9)."""

import time
from pathlib import Path
from typing import Any

import pytest

from plumbing.tables import parse
from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.connector.values import to_text
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Record, Samples, Unmapped
from werknetz.events.codec import columns_of

AT = "2026-11-24T06:00:00Z"
MAPPING = """
mapping:
  name: log
  version: 1
  equipment: n/p/a/l/m
  time_zone: UTC
  enums:
    plain: {{"1": producing}}
    exact: {{"01": producing, "1.50": idle}}
  rules:
    - {{source: "log#v", signal: v, {rule}}}
    - {{source: "log#w", signal: w}}
"""
NUMBER = "unit: bar"
ORDER, TEXT, JSON = "role: order", "datatype: text", "datatype: json"
PLAIN, EXACT = "role: state, states: plain", "role: state, states: exact"
COMPUTED = "input: text, expression: \"value + '!'\", datatype: text"
COMMA: dict[str, Any] = {"decimal": "comma"}
GROUPED: dict[str, Any] = {"decimal": "comma", "thousands": "."}


def _normalize(delivery: Delivery, rule: str) -> list[Record]:
    document = parse_yaml(MAPPING.format(rule=rule), file="log.yaml")
    return Normalizer(parse_mapping(document), "log").normalize(delivery, time.time_ns() // 1000)


def _rows_of(records: list[Record]) -> list[tuple[float, str | None]]:
    """Return number and text of each sample but those of the second column, which are 7."""
    rows = []
    for record in records:
        if isinstance(record, Samples):
            columns = columns_of(record)
            texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
            rows += [(value, texts.get(n)) for n, value in enumerate(columns.value.tolist())]
    return [row for row in rows if row != (7.0, None)]


@pytest.mark.parametrize("clock", [None, {"column": "t"}], ids=["without time", "with time"])
@pytest.mark.parametrize(
    ("rule", "options", "cell", "expected"),
    [
        (ORDER, {}, "1.50", "1.50"),
        (TEXT, {}, "1.50", "1.50"),
        (JSON, {}, "1.50", "1.50"),
        (ORDER, {}, "1.5", "1.5"),
        (ORDER, {}, "4711", "4711"),
        (ORDER, {}, "12.0", "12.0"),
        (ORDER, {}, "+5", "+5"),
        (ORDER, {}, "-0", "-0"),
        (ORDER, {}, "5-", "5-"),
        (ORDER, {}, "5.", "5."),
        (ORDER, {}, "1.5E3", "1.5E3"),
        (ORDER, {}, "0.00001", "0.00001"),
        (ORDER, {}, "123456789.123456789", "123456789.123456789"),
        (ORDER, {}, "9007199254740991", "9007199254740991"),
        (ORDER, {}, "9007199254740993", "9007199254740993"),
        (ORDER, {}, "000123", "000123"),
        (ORDER, COMMA, "1,50", "1,50"),
        (ORDER, COMMA, "1,5", "1,5"),
        (ORDER, COMMA, "4711", "4711"),
        (ORDER, COMMA, "1.000", "1.000"),
        (TEXT, COMMA, "1.234,5", "1.234,5"),
        (ORDER, GROUPED, "1.000", "1.000"),
        (ORDER, GROUPED, "12.34", "12.34"),
        (ORDER, {"texts": "v"}, "1.50", "1.50"),
        (NUMBER, {}, "1.50", 1.5),
        (NUMBER, {}, "+5", 5.0),
        (NUMBER, COMMA, "1,50", 1.5),
        (NUMBER, GROUPED, "1.000", 1000.0),
        (NUMBER, COMMA, "1.000", None),
        (NUMBER, GROUPED, "12.34", None),
        ("scale: 2", COMMA, "1.000", None),
        ('expression: "value * 2.0"', COMMA, "1.000", None),
        ('expression: "value * 2.0"', {}, "1.50", 3.0),
        (COMPUTED, {}, "1.50", "1.50!"),
        (COMPUTED, {}, "1.5", "1.5!"),
        (COMPUTED, COMMA, "1,5", "1,5!"),
        (PLAIN, {}, "1", (1.0, "1")),
        (PLAIN, {}, "1.0", (1.0, "1")),
        (EXACT, {}, "1.50", (3.0, "1.50")),
        (EXACT, {}, "01", (1.0, "01")),
    ],
)
def test_the_rule_decides_whether_a_cell_is_text(
    tmp_path: Path, rule: str, options: dict[str, Any], cell: str, expected: Any, clock: Any
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f't;v;w\n{AT};"{cell}";7\n{AT};"{cell}";7\n')
    more = options | ({"time": clock} if clock else {})
    table = parse(path, **{"as": "readings"}, name="log", delimiter=";", **more)
    delivery = Delivery(
        [r for r in table.readings if not r.source.endswith("#t")],
        [block for chunk in table.chunks for block in chunk.blocks],
        is_history=True,
    )
    records = _normalize(delivery, rule)
    stored = _rows_of(records)
    refused = [record for record in records if isinstance(record, Unmapped)]
    if expected is None:
        assert stored == []
        assert "is not a number" in refused[0].reason
        assert refused[0].item == "line 2, column v of a.csv"
    else:
        assert refused == []
        if isinstance(expected, str):
            assert [text for _, text in stored] == [expected] * 2
        elif isinstance(expected, tuple):
            assert stored == [expected] * 2
        else:
            assert stored == [(expected, None)] * 2
    # A replay of the raw input, perhaps with another mapping, has the same texts.
    raw = encode_delivery(delivery, time.time_ns() // 1000, "log@1")
    assert raw is not None
    again = _normalize(decode_delivery(raw).delivery, rule)
    assert repr(_rows_of(again)) == repr(stored)
    assert [r.item for r in again if isinstance(r, Unmapped)] == [r.item for r in refused]


def test_rows_with_and_without_a_point_keep_their_texts(tmp_path: Path) -> None:
    """Some columns have no rule, some cells are empty: texts stay with their rows."""
    path = tmp_path / "a.csv"
    rows = [("1.50", "0.70"), ("", "7"), ("2", ""), ("x", "7"), ("3.00", "7.0")]
    path.write_text("t,u,v,w\n" + "".join(f"{AT},9.90,{v},{w}\n" for v, w in rows))
    table = parse(path, **{"as": "readings"}, name="log", time={"column": "t"})
    blocks = [block for chunk in table.chunks for block in chunk.blocks]
    delivery = Delivery(table.readings, blocks, is_history=True)
    stored = _rows_of(_normalize(delivery, ORDER))
    assert sorted(text for _, text in stored if text) == ["1.50", "2", "3.00", "x"]
    assert [value for value, text in stored if text is None] == [0.7]


@pytest.mark.parametrize("text", ["0", "1", "-1", "123456789", "0.5", "-0.0001", "1.00001"])
def test_a_plain_text_is_that_of_its_number(text: str) -> None:
    assert to_text(float(text)) == text
