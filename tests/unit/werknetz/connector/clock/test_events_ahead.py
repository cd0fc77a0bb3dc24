"""Events at machines and in stock from the future are a finding of the connector."""

import pytest

from werknetz.connector.clock.local_time import AHEAD_MAX_US
from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml

NOW = 1_795_000_000_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  events:
    - {source: states, kind: state_changed, at: {field: at, format: unix_us},
       fields: {equipment: m, state: s}}
    - {source: counts, kind: stock_counted, at: {field: at, format: unix_us},
       fields: {material: m, quantity: q}}
    - {source: calls, kind: delivery_called_off, at: {field: at, format: unix_us},
       fields: {document: m, supplier: m, material: m, quantity: q,
                due_from_us: {field: at, format: unix_us}}}
"""


@pytest.mark.parametrize("is_history", [False, True])
@pytest.mark.parametrize(
    ("source", "ahead_us", "is_reported"),
    [
        ("states", AHEAD_MAX_US, False),
        ("states", AHEAD_MAX_US + 1, True),
        ("counts", 86_400_000_000, True),
        ("counts", -86_400_000_000, False),
        ("calls", 86_400_000_000, False),  # the date of a document
    ],
)
def test_what_has_happened_is_not_ahead(
    source: str, ahead_us: int, is_reported: bool, is_history: bool
) -> None:
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "c")
    fields = {"at": NOW + ahead_us, "m": "n/p/a/l/m", "s": "setup", "q": 5.0}
    record = SourceRecord(source, fields, b"1")
    records = normalizer.normalize(Delivery(records=[record], is_history=is_history), NOW)
    assert any(type(r).__name__ == "BusinessEvent" for r in records), "it is stored"
    findings = normalizer.clock.findings.texts(NOW)
    assert ("event_ahead" in findings) == is_reported
    if is_reported:
        assert "offset +" in findings["event_ahead"]
        assert "it counts when its time comes" in findings["event_ahead"]
