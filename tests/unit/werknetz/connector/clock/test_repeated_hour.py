# ruff: noqa: DTZ001  local times have no zone
"""The repeated and the skipped hour in every form in which a connector or a rule reads times (M7).

Europe/Berlin: on 25 October 2026, 02:00 to 03:00 occurs at 00:00Z and at 01:00Z; on 29 March 2026
it does not occur.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from plumbing.tables import parse
from werknetz.connector.contract import Delivery, Reading, SourceRecord
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz.events.batch import BusinessEvent, Record, Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz_edge.documents.prepare import RowReader
from werknetz_edge.documents.rows import DocumentRow
from werknetz_edge.edi.edifact.times import parse_dtm
from werknetz_edge.edi.values import InvalidEdi
from werknetz_edge.mqtt.config import TopicConfig
from werknetz_edge.mqtt.payload import PayloadReader
from werknetz_edge.rest.config import EndpointConfig
from werknetz_edge.sql.config import SqlSource
from werknetz_edge.sql.rows import readings_of, record_of, to_row
from werknetz_edge.tables.config import TimeConfig

FORM = "%d.%m.%Y %H:%M:%S"
RULES = """
mapping:
  name: m
  version: 1
  equipment: n/p
  rules:
    - {source: "t#v", signal: v, time: {path: zeit, format: "%d.%m.%Y %H:%M:%S", ZONE}}
"""
EVENTS = """
mapping:
  name: m
  version: 1
  ZONE
  events:
    - source: s
      kind: stock_counted
      at: {field: zeit, format: "%d.%m.%Y %H:%M:%S"}
      fields: {material: m, quantity: q}
"""


def _us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def _store(records: list[Record]) -> tuple[int, int]:
    (samples,) = [record for record in records if isinstance(record, Samples)]
    columns = columns_of(samples)
    return int(columns.time[0]), int(columns.status[0])


def _store_by_rule(zone: str, written: str, arrival_us: int, **more: Any) -> tuple[int, int]:
    document = parse_yaml(RULES.replace("ZONE", zone), file="m")
    reading = Reading("t#v", 1, fields={"zeit": written})
    delivery = Delivery([reading], **more)
    return _store(Normalizer(parse_mapping(document), "c").normalize(delivery, arrival_us))


BERLIN = "zone: Europe/Berlin"
NEW_YORK = "zone: America/New_York"
LORD_HOWE = "zone: Australia/Lord_Howe"  # set back by half an hour
PLUS_1, PLUS_2 = 'offset: "+01:00"', 'offset: "+02:00"'
CASES = [
    # zone or offset, written, arrival, instant (None: the arrival), is it certain
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T00:29:30Z", "2026-10-25T00:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T01:29:00Z", "2026-10-25T01:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T01:28:59Z", "2026-10-25T00:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T02:00:00Z", "2026-10-25T01:30:00Z", True),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-25T02:00:01Z", "2026-10-25T00:30:00Z", False),
    (BERLIN, "25.10.2026 02:30:00", "2026-10-26T02:00:00Z", "2026-10-25T00:30:00Z", False),
    (BERLIN, "25.10.2026 01:59:59", "2026-10-24T23:59:59Z", "2026-10-24T23:59:59Z", True),
    (BERLIN, "25.10.2026 03:00:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z", True),
    (BERLIN, "29.03.2026 02:30:00", "2026-03-29T01:30:00Z", None, False),
    (BERLIN, "29.03.2026 01:59:59", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59Z", True),
    (BERLIN, "29.03.2026 03:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", True),
    (PLUS_1, "25.10.2026 02:30:00", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z", True),
    (PLUS_2, "25.10.2026 02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", True),
    (NEW_YORK, "01.11.2026 01:30:00", "2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z", True),
    (LORD_HOWE, "05.04.2026 01:45:00", "2026-04-04T15:15:00Z", "2026-04-04T15:15:00Z", True),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "written", "arrival", "instant", "is_sure"), CASES)
def test_the_time_of_a_signal_rule(
    zone: str, written: str, arrival: str, instant: str | None, is_sure: bool
) -> None:
    at_us, status = _store_by_rule(zone, written, _us(arrival), may_repeat=False)
    assert at_us == _us(instant or arrival)
    late = _us(arrival) - at_us > 60_000_000  # also judged by its age
    assert status == (GOOD if is_sure and not late else UNCERTAIN_TIME)


@pytest.mark.parametrize(("zone", "written", "arrival", "instant", "is_sure"), CASES)
def test_the_time_of_an_mqtt_topic(
    zone: str, written: str, arrival: str, instant: str | None, is_sure: bool
) -> None:
    key, _, value = zone.partition(": ")
    time = {"path": "zeit", "format": FORM, key: value.strip('"')}
    reader = PayloadReader((TopicConfig.model_validate({"pattern": "t", "time": time}),), 10_000)
    payload = f'{{"zeit": "{written}", "v": 1}}'.encode()
    content = reader.read("t", payload, retained=False, at_us=_us(arrival))
    assert not isinstance(content, Unmapped)
    (reading,) = content.readings
    assert reading.source_time_us == (None if instant is None else _us(instant))
    assert reading.status == (GOOD if is_sure else UNCERTAIN_TIME)


@pytest.mark.parametrize(("zone", "written", "arrival", "instant", "is_sure"), CASES)
@pytest.mark.parametrize("is_push", [True, False])
def test_the_time_of_a_document(
    zone: str, written: str, arrival: str, instant: str | None, is_sure: bool, is_push: bool
) -> None:
    """A webhook receives rows soon after their time; a REST poll may read them much later."""
    key, _, value = zone.partition(": ")
    config = EndpointConfig.model_validate({
        "path": "/x", "as": "readings", "readings": {"address": "t", "values": "v"},
        "time": {"path": "zeit", "format": FORM, key: value.strip('"')},
    })  # fmt: skip
    row = DocumentRow(0, "[0]", b"{}", {"zeit": written, "v": 1})
    result = RowReader("t", config, is_push=is_push).read_row(row, b"k", b"", _us(arrival))
    (reading,) = result.readings
    if not is_push and _is_repeated(zone, written):
        is_sure = is_sure and instant == "2026-10-25T00:30:00Z"  # the other is yet to come
        assert reading.status == (GOOD if is_sure else UNCERTAIN_TIME)
        return
    assert reading.source_time_us == (None if instant is None else _us(instant))
    assert reading.status == (GOOD if is_sure else UNCERTAIN_TIME)


def _is_repeated(zone: str, written: str) -> bool:
    return zone.startswith("zone") and any(
        written.startswith(day) for day in ("25.10.2026 02", "01.11.2026 01", "05.04.2026 01")
    )


def test_the_order_of_mqtt_values_decides_where_the_arrival_does_not() -> None:
    """After an outage, all values of the night arrive in the morning."""
    document = parse_yaml(RULES.replace("ZONE", BERLIN), file="m")
    normalizer = Normalizer(parse_mapping(document), "c")
    arrival_us = _us("2026-10-25T05:00:00Z")
    instants = []
    for written in ("01:50", "02:20", "02:50", "02:10", "02:40", "03:10"):
        reading = Reading("t#v", 1, fields={"zeit": f"25.10.2026 {written}:00"})
        instants.append(_store(normalizer.normalize(Delivery([reading]), arrival_us))[0])
    expected = ("23:50", "00:20", "00:50", "01:10", "01:40", "02:10")
    assert instants == [_us(f"2026-10-{24 if at == '23:50' else 25}T{at}:00Z") for at in expected]
    assert "local_time" not in normalizer.clock.findings.texts(arrival_us)


def test_an_uncertain_pass_is_a_finding() -> None:
    document = parse_yaml(RULES.replace("ZONE", BERLIN), file="m")
    normalizer = Normalizer(parse_mapping(document), "c")
    arrival_us = _us("2026-10-25T05:00:00Z")
    reading = Reading("t#v", 1, fields={"zeit": "25.10.2026 02:30:00"})
    normalizer.normalize(Delivery([reading]), arrival_us)
    assert "t#v" in normalizer.clock.findings.texts(arrival_us)["local_time"]


@pytest.mark.parametrize(
    ("written", "arrival", "is_history", "instant"),
    [
        ("25.10.2026 02:30:00", "2026-10-25T01:31:00Z", False, "2026-10-25T01:30:00Z"),
        ("25.10.2026 02:30:00", "2026-10-25T00:31:00Z", False, "2026-10-25T00:30:00Z"),
        ("25.10.2026 02:30:00", "2026-10-25T00:31:00Z", True, "2026-10-25T00:30:00Z"),
        ("25.10.2026 02:30:00", "2026-10-25T01:31:00Z", True, "2026-10-25T00:30:00Z"),
        ("25.10.2026 12:00:00", "2026-10-25T20:00:00Z", False, "2026-10-25T11:00:00Z"),
        ("29.03.2026 02:30:00", "2026-03-29T01:30:00Z", False, None),
    ],
)
def test_the_time_of_an_event_rule(
    written: str, arrival: str, is_history: bool, instant: str | None
) -> None:
    document = parse_yaml(EVENTS.replace("ZONE", "time_zone: Europe/Berlin"), file="m")
    normalizer = Normalizer(parse_mapping(document), "c")
    record = SourceRecord("s", {"zeit": written, "m": "A", "q": 1}, b"k")
    delivery = Delivery(records=[record], is_history=is_history)
    records = normalizer.normalize(delivery, _us(arrival))
    events = [r for r in records if isinstance(r, BusinessEvent)]
    refusals = [r.reason for r in records if isinstance(r, Unmapped)]
    if instant is None:
        assert "does not exist in Europe/Berlin" in refusals[0]
    else:
        assert [event.at_us for event in events] == [_us(instant)]
    is_unsure = is_history and arrival == "2026-10-25T01:31:00Z"
    assert ("local_time" in normalizer.clock.findings.texts(_us(arrival))) is is_unsure


def test_the_time_of_the_row_decides_the_pass_of_its_event() -> None:
    """A table knows by the order of its rows that its row is of the second pass."""
    document = parse_yaml(EVENTS.replace("ZONE", "time_zone: Europe/Berlin"), file="m")
    fields = {"zeit": "25.10.2026 02:30:00", "m": "A", "q": 1}
    row_us = _us("2026-10-25T01:30:00Z")
    record = SourceRecord("s", fields, b"k", source_time_us=row_us)
    records = Normalizer(parse_mapping(document), "c").normalize(
        Delivery(records=[record], is_history=True), _us("2026-10-27T00:00:00Z")
    )
    assert [r.at_us for r in records if isinstance(r, BusinessEvent)] == [row_us]


@pytest.mark.parametrize("source_zone", ["Europe/Berlin", "Asia/Tokyo", None])
@pytest.mark.parametrize("mapping_zone", ["time_zone: Europe/Berlin", "time_zone: UTC", ""])
@pytest.mark.parametrize("column", ["2026-07-01 12:00:00", datetime(2026, 7, 1, 12)])
def test_the_row_and_the_event_of_sql_have_one_time(
    source_zone: str | None, mapping_zone: str, column: Any
) -> None:
    """SQLite has text columns: the zone of the source counts for both."""
    options: dict[str, Any] = {"name": "s", "table": "t", "id": "id", "changed_at": "zeit"}
    options |= {} if source_zone is None else {"zone": source_zone}
    source = SqlSource.model_validate(options)
    row = to_row(source, ["id", "zeit", "m", "q"], [1, column, "A", 1], {})
    assert row is not None
    form = EVENTS.replace("ZONE", mapping_zone).replace(', format: "%d.%m.%Y %H:%M:%S"', "")
    normalizer = Normalizer(parse_mapping(parse_yaml(form, file="m")), "c")
    delivery = Delivery(records=[record_of(source, row)], is_history=True)
    records = normalizer.normalize(delivery, _us("2026-07-02T00:00:00Z"))
    (event,) = [record for record in records if isinstance(record, BusinessEvent)]
    hour = {"Europe/Berlin": 10, "Asia/Tokyo": 3, None: 12}[source_zone]
    assert event.at_us == row.at_us == _us(f"2026-07-01T{hour:02}:00:00Z")


@pytest.mark.parametrize(
    ("column", "instant", "status"),
    [
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z", UNCERTAIN_TIME),
        (datetime(2026, 10, 25, 2, 30), "2026-10-25T00:30:00Z", UNCERTAIN_TIME),
        ("2026-10-25 02:30:00+01:00", "2026-10-25T01:30:00Z", GOOD),
        ("2026-03-29 02:30:00", None, UNCERTAIN_TIME),
        (datetime(2026, 3, 29, 2, 30), None, UNCERTAIN_TIME),
        ("2026-10-25 03:30:00", "2026-10-25T02:30:00Z", GOOD),
    ],
)
def test_the_time_of_an_sql_reading(column: Any, instant: str | None, status: int) -> None:
    source = SqlSource.model_validate({
        "name": "s", "table": "t", "id": "id", "changed_at": "zeit", "as": "readings",
        "zone": "Europe/Berlin",
    })  # fmt: skip
    row = to_row(source, ["id", "zeit", "v"], [1, column, 1], {})
    assert row is not None
    (reading,) = readings_of(source, row)
    assert reading.status == status
    assert reading.source_time_us == (None if instant is None else _us(instant))


@pytest.mark.parametrize("mapping_zone", ["time_zone: Europe/Berlin", "time_zone: UTC", ""])
@pytest.mark.parametrize(
    "zone", [{"zone": "Europe/Berlin"}, {"zone": "Asia/Tokyo"}, {"offset": "+01:00"}, {}]
)
def test_the_row_and_the_event_of_a_table_have_one_time(
    tmp_path: Path, mapping_zone: str, zone: dict[str, str]
) -> None:
    """The order of the rows shows the second pass: also to the rule that reads the column."""
    times = ["25.10.2026 01:50:00", "25.10.2026 02:50:00", "25.10.2026 02:10:00"]
    rows = "".join(f"{at};A;{n}\n" for n, at in enumerate(times))
    (tmp_path / "t.csv").write_text(f"zeit;m;q\n{rows}")
    table = parse(
        tmp_path / "t.csv", **{"as": "records"}, time={"column": "zeit", "format": FORM} | zone
    )
    form = EVENTS.replace("ZONE", mapping_zone).replace("source: s", "source: t")
    normalizer = Normalizer(parse_mapping(parse_yaml(form, file="m")), "c")
    delivery = Delivery(records=table.records, is_history=True)
    records = normalizer.normalize(delivery, _us("2026-10-30T00:00:00Z"))
    events = [record.at_us for record in records if isinstance(record, BusinessEvent)]
    assert [r.reason for r in records if isinstance(r, Unmapped)] == []
    assert events == [record.source_time_us for record in table.records]
    if zone == {"zone": "Europe/Berlin"}:
        assert events[-1] == _us("2026-10-25T01:10:00Z")


def test_a_row_that_is_read_before_the_second_pass_is_of_the_first() -> None:
    clock = TimeConfig.model_validate({"column": "t", "zone": "Europe/Berlin"}).new_clock()
    first_us = _us("2026-10-25T00:30:00Z")
    at = clock.to_instant("2026-10-25 02:30:00", arrival_us=_us("2026-10-25T00:31:00Z"))
    assert at == (first_us, True)


@pytest.mark.parametrize(
    ("value", "code", "first", "last"),
    [
        ("202610250230", "203", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
        ("202610250330", "203", "2026-10-25T02:30:00Z", "2026-10-25T02:30:00Z"),
        ("202610250230+0100", "205", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"),
        ("20261025", "102", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("202603290230", "203", None, None),
    ],
)
def test_the_time_of_an_edi_message(
    value: str, code: str, first: str | None, last: str | None
) -> None:
    """A fact has no quality: a moment of the repeated hour is the span of both."""
    if first is None or last is None:
        with pytest.raises(InvalidEdi, match="does not exist in Europe/Berlin"):
            parse_dtm(value, code, "Europe/Berlin")
        return
    span = parse_dtm(value, code, "Europe/Berlin")
    assert (span.from_us, span.until_us) == (_us(first), _us(last))
