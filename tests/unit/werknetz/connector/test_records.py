from datetime import UTC, date, datetime
from typing import Any

import pytest

from werknetz.connector.contract import Delivery, SourceMessage, SourceRecord, hash_message
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.records import value_at_path
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.events.batch import BusinessEvent, MappingUsed, Unmapped
from werknetz.events.facts import DeliveryCalledOff, ShipmentAnnounced, StockCounted

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: erp
  version: 3
  time_zone: Europe/Berlin
  events:
  - source: erp/abrufe
    kind: delivery_called_off
    at: {field: angelegt, format: "%d.%m.%Y %H:%M"}
    fields:
      document: abruf
      material: teil
      quantity: {field: menge, decimal: comma, source_unit: pcs, unit: pcs}
      due_from_us: {field: termin, format: "%d.%m.%Y"}
      commitment: {field: art, values: {F: firm, V: forecast}}
      supplier: {constant: "4711"}
  - source: erp/abrufe
    kind: stock_counted
    fields: {material: teil, quantity: {field: menge, decimal: comma}}
  - source: erp/protokoll
    ignore: true
"""


def _mapping(text: str = MAPPING) -> Mapping:
    return parse_mapping(parse_yaml(text, file="m.yaml"))


def _row(**fields: Any) -> SourceRecord:
    row = {
        "abruf": "A-17", "teil": "T1", "menge": "1.250,5", "termin": "29.03.2026", "art": "F",
        "angelegt": "24.03.2026 14:30", **fields,
    }  # fmt: skip
    return SourceRecord("erp/abrufe", row, b"row-1", item="line 2", message_hash=b"h" * 16)


def test_a_row_is_an_event_of_each_matching_rule() -> None:
    used, call_off, stock = Normalizer(_mapping(), "c").normalize(Delivery(records=[_row()]), NOW)
    assert isinstance(used, MappingUsed)
    assert isinstance(call_off, BusinessEvent)
    assert isinstance(stock, BusinessEvent)
    fact = call_off.fact
    assert isinstance(fact, DeliveryCalledOff)
    assert (fact.document, fact.material, fact.quantity) == ("A-17", "T1", 1250.5)
    assert (fact.supplier, fact.commitment) == ("4711", "firm")
    assert (call_off.item, call_off.mapping, call_off.raw_hash) == ("line 2", "erp@3", b"h" * 16)
    assert call_off.at_us == _us(datetime(2026, 3, 24, 13, 30, tzinfo=UTC))
    assert isinstance(stock.fact, StockCounted)
    assert stock.event_id != call_off.event_id
    assert stock.at_us == NOW


def test_a_date_is_the_whole_day_in_the_zone_of_the_plant() -> None:
    """29 March 2026 has 23 hours in Berlin."""
    (_, call_off, _) = Normalizer(_mapping(), "c").normalize(Delivery(records=[_row()]), NOW)
    assert isinstance(call_off, BusinessEvent)
    fact = call_off.fact
    assert isinstance(fact, DeliveryCalledOff)
    assert fact.due_from_us == _us(datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert fact.due_until_us == _us(datetime(2026, 3, 29, 22, tzinfo=UTC))


def test_duplicates_of_a_record_have_the_same_event_ids() -> None:
    ids = [
        [r.event_id for r in records if isinstance(r, BusinessEvent)]
        for connector in ("a", "b")
        for records in [Normalizer(_mapping(), connector).normalize(_delivery(_row()), NOW)]
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"menge": "viele"}, "quantity: 'viele' is not a number"),
        ({"menge": "1e300"}, "out of range"),
        ({"termin": "48.01.2026"}, "due_from_us: '48.01.2026' is not a time"),
        ({"art": "X"}, "commitment: 'X' is not in its table"),
        ({"abruf": "  "}, "needs 'document'"),
        ({"teil": "a\0b"}, "NUL"),
    ],
)
def test_an_invalid_field_is_quarantined_with_its_position(
    fields: dict[str, str], reason: str
) -> None:
    records = Normalizer(_mapping(), "c").normalize(_delivery(_row(**fields), _row()), NOW)
    unmapped = [record for record in records if isinstance(record, Unmapped)]
    assert len(unmapped) == 1
    assert reason in unmapped[0].reason
    assert (unmapped[0].item, unmapped[0].raw_hash) == ("line 2", b"h" * 16)
    assert b"A-17" in unmapped[0].raw or b"T1" in unmapped[0].raw
    assert sum(isinstance(record, BusinessEvent) for record in records) == 2  # of the valid row


def test_a_record_with_a_kind_needs_no_rule() -> None:
    fields = {"document": "D1", "quantity": 12, "packed_in": ["P1"], "despatched_us": NOW}
    record = SourceRecord("edi/x", fields, b"1", kind="shipment_announced")
    (_, event) = Normalizer(_mapping(), "c").normalize(_delivery(record), NOW)
    assert isinstance(event, BusinessEvent)
    assert event.fact == ShipmentAnnounced(
        document="D1", quantity=12.0, packed_in=["P1"], despatched_us=NOW
    )


def test_a_record_without_rule_is_quarantined_unless_ignored() -> None:
    normalizer = Normalizer(_mapping(), "c")
    (unmapped,) = normalizer.normalize(_delivery(SourceRecord("erp/neu", {"a": 1}, b"1")), NOW)
    assert isinstance(unmapped, Unmapped)
    assert "no event rule of mapping erp@3" in unmapped.reason
    assert not normalizer.normalize(_delivery(SourceRecord("erp/protokoll", {}, b"1")), NOW)


def test_dates_and_datetimes_of_a_driver_need_no_format() -> None:
    text = MAPPING.replace(', format: "%d.%m.%Y"', "").replace(', format: "%d.%m.%Y %H:%M"', "")
    row = _row(termin=date(2026, 7, 1), angelegt=datetime(2026, 7, 1, 12, tzinfo=UTC))
    (_, event, _) = Normalizer(_mapping(text), "c").normalize(_delivery(row), NOW)
    assert isinstance(event, BusinessEvent)
    assert isinstance(event.fact, DeliveryCalledOff)
    assert event.at_us == _us(datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert event.fact.due_until_us == _us(datetime(2026, 7, 1, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (("kind: stock_counted", "kind: stock_cuonted"), "did you mean 'stock_counted'?"),
        (("material: teil, quantity", "materiel: teil, quantity"), "did you mean 'material'?"),
        (("document: abruf\n", "\n"), "needs a field 'document'"),
        (("unit: pcs}", "unit: kg}"), "use two units of one kind"),
        (
            ('constant: "4711"', 'constant: "4711", field: x'),
            "exactly one of `field`, `expression` and `constant`",
        ),
        (("art, values", "art, decimal: comma, values"), "commitment is not a number"),
    ],
)
def test_an_invalid_rule_is_an_error_at_load_with_its_line(
    wrong: tuple[str, str], error: str
) -> None:
    text = MAPPING.replace(*wrong)
    assert text != MAPPING
    with pytest.raises(ConfigurationError, match=r"m\.yaml, line \d+: ") as raised:
        _mapping(text)
    assert error in str(raised.value)


def test_a_path_selects_in_objects_and_lists() -> None:
    fields = {"a": {"b": [{"c": 1}, {"c": 2}]}, "a.b": "plain"}
    assert value_at_path(fields, "a.b.1.c") == 2
    assert value_at_path(fields, "a.b") == "plain"
    assert value_at_path(fields, "a.b.7.c") is None


def _delivery(*records: SourceRecord) -> Delivery:
    content = b"whole"
    return Delivery(records=records, messages=[SourceMessage("m", content, hash_message(content))])


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1e6)


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("stock_counter", {}, "did you mean 'stock_counted'"),
        ("stock_counted", {"material": "m", "quantity": 10**400}, "out of range"),
        (
            "delivery_called_off",
            {"document": "d", "due_from_us": 10**30},
            "not a time of the years 1 to 9999",
        ),
    ],
)
def test_a_record_with_a_kind_is_validated(kind: str, fields: dict[str, Any], reason: str) -> None:
    record = SourceRecord("api", fields, b"1", kind=kind)
    records = Normalizer(Mapping(name="m", version=1), "api").normalize(
        Delivery(records=[record]), NOW
    )
    (unmapped,) = records
    assert isinstance(unmapped, Unmapped)
    assert reason in unmapped.reason


def test_two_rules_of_one_kind_for_a_record_need_names() -> None:
    twice = """
mapping:
  name: m
  version: 1
  events:
  - {source: s, kind: stock_counted, fields: {material: m, quantity: free}}
  - {source: s, kind: stock_counted, NAMEfields: {material: m, quantity: blocked}}
"""
    with pytest.raises(ConfigurationError, match=r"line 7: event rule 1 creates the same"):
        _mapping(twice.replace("NAME", ""))
    named = _mapping(twice.replace("NAME", "name: blocked, "))
    record = SourceRecord("s", {"m": "T", "free": 5, "blocked": 2}, b"1")
    (_, free, blocked) = Normalizer(named, "c").normalize(Delivery(records=[record]), NOW)
    assert isinstance(free, BusinessEvent)
    assert isinstance(blocked, BusinessEvent)
    assert free.event_id != blocked.event_id
