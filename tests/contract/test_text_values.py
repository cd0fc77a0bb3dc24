"""Every connector that carries texts: a text is stored unchanged, or as a number by a rule."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asyncua.ua.ua_binary import struct_to_binary

from plumbing.tables import parse
from werknetz.connector.content.elements import ElementsConfig
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.status import BAD
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.documents.config import DocumentConfig
from werknetz_edge.documents.prepare import RowReader
from werknetz_edge.documents.rows import read_parts
from werknetz_edge.modbus.datatype import decode_text
from werknetz_edge.mqtt.config import TopicConfig
from werknetz_edge.mqtt.payload import PayloadContent, PayloadReader
from werknetz_edge.opcua.decoding.decoder import Decoder
from werknetz_edge.opcua.decoding.message import parse_publish_response
from werknetz_edge.opcua.stack import ua
from werknetz_edge.polling.point import Coded
from werknetz_edge.s7.datatype import S7Datatype
from werknetz_edge.sparkplug.decoding.codec import decode_value
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sql.rows import to_plain

NOW = 1_795_000_000_000_000
TEXTS = {"241408E4": 241408e4, "000123": 123.0, "1E5": 1e5, "01067": 1067.0}


def _mqtt(content: bytes, **options: Any) -> Any:
    topic = TopicConfig.model_validate({"pattern": "t"} | options)
    result = PayloadReader((topic,), 1_000_000).read("t", content, retained=False, at_us=NOW)
    assert isinstance(result, PayloadContent)
    return result.readings[0].value


def _elements(text: str, _: Path) -> Any:
    elements = ElementsConfig(key=("id",), value=("v",))
    return _mqtt(json.dumps([{"id": "x", "v": text}]).encode(), elements=elements)


def _opcua(text: str, _: Path) -> Any:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    value = ua.DataValue(ua.Variant(text, ua.VariantType.String), ua.StatusCode(0), at, at)
    item = ua.MonitoredItemNotification(ClientHandle=0, Value=value)
    notification = ua.NotificationMessage(
        SequenceNumber=1, NotificationData=[ua.DataChangeNotification(MonitoredItems=[item])]
    )
    response = ua.PublishResponse(
        Parameters=ua.PublishResult(
            SubscriptionId=7, AvailableSequenceNumbers=[1], NotificationMessage=notification
        )
    )
    message = parse_publish_response(bytes(struct_to_binary(response)))
    (block,) = Decoder(["a"]).decode(message, NOW).blocks
    assert block.strings is not None
    return block.strings[0]


def _sparkplug(text: str, _: Path) -> Any:
    metric = Payload.Metric(name="m", datatype=Datatype.String, string_value=text)
    return decode_value(metric, metric.datatype)


def _s7(text: str, _: Path) -> Any:
    cell = S7Datatype("STRING", 20).cell(0)
    assert isinstance(cell, Coded)
    return cell.read((bytes([20, len(text)]) + text.encode()).ljust(22, b"\0"))


def _modbus(text: str, _: Path) -> Any:
    return decode_text(text.encode().ljust(20, b"\0"), encoding="ascii", swapped=False)


def _csv(text: str, folder: Path) -> Any:
    path = folder / "a.csv"
    path.write_text(f"t;v\n2026-11-24T06:00:00Z;{text}\n", encoding="utf-8")
    table = parse(path, **{"as": "readings"}, time={"column": "t"}, delimiter=";")
    return table.readings[0].value


def _xlsx(text: str, folder: Path) -> Any:
    book = openpyxl.Workbook()
    book.active.append(["t", "v"])
    book.active.append(["2026-11-24T06:00:00Z", text])
    book.save(folder / "a.xlsx")
    return parse(folder / "a.xlsx", **{"as": "readings"}, time={"column": "t"}).readings[0].value


def _document(payload: str, content: bytes) -> Any:
    config = DocumentConfig.model_validate(
        {"payload": payload, "as": "readings", "readings": {"address": "a", "values": "v"}}
    )
    (part,) = read_parts(io.BytesIO(content), config)
    result = RowReader("rest/x", config).read_row(part.rows[0], b"key", b"", NOW)
    return result.readings[0].value


SOURCES: dict[str, Callable[[str, Path], Any]] = {
    "mqtt json": lambda text, _: _mqtt(json.dumps({"v": text}).encode()),
    "mqtt bare": lambda text, _: _mqtt(text.encode()),
    "mqtt text": lambda text, _: _mqtt(text.encode(), payload="text"),
    "mqtt elements": _elements,
    "opcua": _opcua,
    "sparkplug": _sparkplug,
    "s7": _s7,
    "modbus": _modbus,
    "csv": _csv,
    "xlsx": _xlsx,
    "sql": lambda text, _: to_plain(text),
    "rest json": lambda text, _: _document("json", json.dumps({"v": text}).encode()),
    "rest csv": lambda text, _: _document("csv", f"w;v\nx;{text}\n".encode()),
}


def _sample(value: Any, rule: str) -> tuple[float, str | None, int] | str:
    mapping = f"mapping: {{name: m, version: 1, equipment: e/p, rules: [{{source: a{rule}}}]}}"
    normalizer = Normalizer(parse_mapping(parse_yaml(mapping, file="m")), "c")
    records = normalizer.normalize(Delivery([Reading("a", value)]), NOW)
    for record in records:
        if isinstance(record, Unmapped):
            return record.reason
        if isinstance(record, Samples):
            columns = columns_of(record)
            return float(columns.value[0]), next(iter(columns.text), None), int(columns.status[0])
    raise AssertionError("neither stored nor quarantined")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_text_stays_text_unless_the_rule_is_numeric(
    source: str, text: str, tmp_path: Path
) -> None:
    value = SOURCES[source](text, tmp_path)
    for rule in ("", ", role: order", ", datatype: text"):
        stored = _sample(value, rule)
        assert stored[1] == text, rule
    for rule in (", role: good_count", ", datatype: float", ", unit: m"):
        assert _sample(value, rule) == (TEXTS[text], None, 0), rule


@pytest.mark.parametrize("source", SOURCES)
def test_a_number_in_another_form_is_refused(source: str, tmp_path: Path) -> None:
    value = SOURCES[source]("1.234,5", tmp_path)
    assert "add thousands: '.'" in str(_sample(value, ", decimal: comma"))
    assert _sample(value, ", decimal: comma, thousands: '.'") == (1234.5, None, 0)


@pytest.mark.parametrize("source", SOURCES)
def test_a_written_nan_is_no_number(source: str, tmp_path: Path) -> None:
    value = SOURCES[source]("NaN", tmp_path)
    number, text, status = _sample(value, ", datatype: float")
    assert (str(number), text, status) == ("nan", None, BAD)
    assert _sample(value, ", role: order")[1] == "NaN"
