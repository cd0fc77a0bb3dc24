from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import (
    Delivery,
    SourceGroupEnd,
    SourceMessage,
    SourceRecord,
    hash_message,
)
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GroupEnd,
    MappingUsed,
    Tally,
    Unmapped,
)
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
        "abruf": "A-17", "teil": "T1", "menge": "1250,5", "termin": "29.03.2026", "art": "F",
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


def _events_of(connector: str, record: SourceRecord, text: str = MAPPING) -> list[BusinessEvent]:
    records = Normalizer(_mapping(text), connector).normalize(_delivery(record), NOW)
    return [record for record in records if isinstance(record, BusinessEvent)]


def test_the_id_of_a_fact_is_made_of_scope_source_and_key() -> None:
    ids = [event.event_id for event in _events_of("a", _row())]
    assert len(set(ids)) == 2
    corrected = replace(_row(menge="17"), item="line 9", version=5)
    assert [event.event_id for event in _events_of("a", corrected)] == ids
    others = [
        *_events_of("b", _row()),
        *_events_of("a", replace(_row(), key=b"row-2")),
    ]
    assert not {event.event_id for event in others} & set(ids)


def test_a_mapping_of_scope_partner_has_the_same_ids_in_every_connector() -> None:
    shared = MAPPING + "  identity: {scope: partner}\n"
    assert [e.event_id for e in _events_of("a", _row(), shared)] == [
        e.event_id for e in _events_of("b", _row(), shared)
    ]
    assert _events_of("a", _row(), shared) != _events_of("a", _row())


def test_content_is_what_the_mapping_reads() -> None:
    def content(record: SourceRecord) -> list[bytes]:
        return [event.content for event in _events_of("a", record)]

    assert content(_row()) == content(_row(bemerkung="new column"))
    assert content(_row()) != content(_row(menge="17"))
    later = Normalizer(_mapping(), "a").normalize(_delivery(_row()), NOW + 1)
    assert [e.content for e in later if isinstance(e, BusinessEvent)] == content(_row())
    dated = [content(replace(_row(), source_time_us=at)) for at in (NOW, NOW + 1)]
    assert dated[0] != dated[1]


WITHDRAWN = """
mapping:
  name: w
  version: 1
  events:
    - source: erp/orders
      kind: stock_moved
      when: record.status == "open"
      fields: {material: m, quantity: q}
    - source: erp/orders
      kind: stock_moved
      name: blocked
      when: record.status == "blocked"
      fields: {material: m, quantity: q}
    - {source: erp/log, ignore: true}
"""


def _order(status: str, **changes: Any) -> SourceRecord:
    fields = {"m": "T1", "q": 5, "status": status}
    return replace(SourceRecord("erp/orders", fields, b"7"), **changes)


@pytest.mark.parametrize(
    ("record", "kinds", "tally"),
    [
        (_order("open"), ["BusinessEvent", "EventWithdrawn"], Tally(2)),
        (_order("closed"), ["EventWithdrawn", "EventWithdrawn"], Tally(2)),
        (_order("open", is_new=True), ["BusinessEvent"], Tally(2, 1)),
        (_order("open", can_revise=False), ["BusinessEvent"], Tally(2, 1)),
        (_order("open", deleted=True), ["EventWithdrawn", "EventWithdrawn"], Tally(2)),
        (replace(_order("open"), source="erp/log"), [], Tally(1, 1)),
        (replace(_order("open"), source="erp/none"), ["Unmapped"], Tally(1)),
        (_order("open", fields={"status": "open", "m": "T1", "q": "x"}),
         ["EventWithdrawn", "Unmapped"], Tally(2)),
    ],
)  # fmt: skip
def test_each_matching_rule_has_one_outcome(
    record: SourceRecord, kinds: list[str], tally: Tally
) -> None:
    normalizer = Normalizer(_mapping(WITHDRAWN), "c")
    records = normalizer.normalize(_delivery(record), NOW)
    outcomes = [r for r in records if not isinstance(r, MappingUsed)]
    assert [type(r).__name__ for r in outcomes] == kinds
    assert normalizer.take_tally() == tally
    assert normalizer.take_tally() == Tally(0)


def test_a_withdrawal_has_the_id_of_the_fact() -> None:
    (event,) = _events_of("c", _order("open", is_new=True), WITHDRAWN)
    records = Normalizer(_mapping(WITHDRAWN), "c").normalize(_delivery(_order("closed")), NOW)
    first = next(record for record in records if isinstance(record, EventWithdrawn))
    assert (first.event_id, first.reason) == (event.event_id, "rule_not_met")


def test_rules_that_exclude_each_other_do_not_withdraw_the_fact_of_the_other() -> None:
    text = WITHDRAWN.replace("      name: blocked\n", "")
    normalizer = Normalizer(_mapping(text), "c")
    records = normalizer.normalize(_delivery(_order("blocked")), NOW)
    assert [type(r) for r in records] == [MappingUsed, BusinessEvent]
    assert normalizer.take_tally() == Tally(2, 1)


def test_the_end_of_a_group_names_every_fact_of_its_records() -> None:
    normalizer = Normalizer(_mapping(WITHDRAWN), "c")
    record = _order("open", group=b"doc")
    end = SourceGroupEnd("erp/orders", b"doc", [b"7"], item="UNT", source_time_us=NOW - 5)
    delivery = Delivery(records=[record], group_ends=[end])
    _, event, _, complete = normalizer.normalize(delivery, NOW)
    assert isinstance(event, BusinessEvent)
    assert isinstance(complete, GroupEnd)
    assert event.group == complete.group
    assert len(complete.group) == 16
    ids = {complete.event_ids[n : n + 16] for n in range(0, len(complete.event_ids), 16)}
    assert event.event_id.bytes in ids
    assert len(ids) == 2
    assert (complete.item, complete.at_us, complete.reason) == ("UNT", NOW - 5, "replaced")
    assert normalizer.take_tally() == Tally(2)


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
    # Each rule fails alone: both read quantity and material, one reads the other fields.
    failed = 2 if "teil" in fields or "menge" in fields else 1
    assert len(unmapped) == failed
    for entry in unmapped:
        assert reason in entry.reason
        assert (entry.item, entry.raw_hash) == ("line 2", b"h" * 16)
        assert b"A-17" in entry.raw or b"T1" in entry.raw
    assert sum(isinstance(record, BusinessEvent) for record in records) == 4 - failed


def test_a_record_with_a_kind_needs_no_rule() -> None:
    fields = {
        "document": "D1", "material": "M", "quantity": 12, "packed_in": ["P1"],
        "despatched_us": NOW,
    }  # fmt: skip
    record = SourceRecord("edi/x", fields, b"1", kind="shipment_announced")
    (_, event) = Normalizer(_mapping(), "c").normalize(_delivery(record), NOW)
    assert isinstance(event, BusinessEvent)
    assert event.fact == ShipmentAnnounced(
        document="D1", material="M", quantity=12.0, packed_in=["P1"], despatched_us=NOW
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
