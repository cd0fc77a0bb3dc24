"""Which lines are duplicates of each other, and which are not although they are alike."""

from dataclasses import replace

import pytest

from plumbing.relations import RelationBuilder, order, terms
from werknetz.kpi.supply.duplicates import dedup_call_offs, dedup_receipts, dedup_shipments
from werknetz.kpi.supply.facts import CallOffEntry
from werknetz.kpi.supply.relation import reconcile


def test_a_reversal_is_no_duplicate_of_what_it_corrects() -> None:
    facts = RelationBuilder().receive(5, 100, "N1", document="GR", line="1", message="a")
    facts.receive(6, -100, "N1", document="GR", line="1", message="b")
    receipts = dedup_receipts(facts.receipts)
    assert [receipt.quantity for receipt in receipts.unique] == [100, -100]
    assert receipts.findings == ()
    result = reconcile(facts.call_off("A", 0, {5: 100.0}).relation(), terms())
    assert result.cumulative.received == 0


@pytest.mark.parametrize(
    ("other", "quantities"),
    [
        ({}, [90]),  # the later message counts
        ({"line": "2"}, [100, 90]),
        ({"document": "GR-2"}, [100, 90]),
        ({"batch": "B"}, [100, 90]),
        ({"delivery_note": "N2"}, [100, 90]),
        ({"group": order("P1")}, [100, 90]),
        ({"message": "a"}, [100, 90]),  # lines of one message
    ],
)
def test_a_receipt_line_is_identified_by_its_numbers(
    other: dict[str, object], quantities: list[float]
) -> None:
    line = {"document": "GR", "line": "1", "message": "a", "delivery_note": "N1"}
    facts = (
        RelationBuilder()
        .receive(5, 100, **line)
        .receive(6, 90, **{**line, "message": "b", **other})
    )
    assert [receipt.quantity for receipt in dedup_receipts(facts.receipts).unique] == quantities


def test_a_line_without_a_number_is_identified_by_its_quantity() -> None:
    facts = RelationBuilder().ship("N1", 4, 10, message="a").ship("N1", 4, 20, message="b")
    assert len(dedup_shipments(facts.shipments).unique) == 2
    facts.ship("N1", 4, 20, message="c")
    shipments = dedup_shipments(facts.shipments)
    assert [(line.quantity, line.message) for line in shipments.unique] == [(10, "a"), (20, "c")]
    facts.receive(5, 10, document="GR", message="a").receive(6, 10, document="GR", message="b")
    assert len(dedup_receipts(facts.receipts).unique) == 2  # at another instant


def test_a_duplicate_keeps_all_event_ids_and_is_reported_once() -> None:
    facts = RelationBuilder()
    for message, quantity in (("a", 100.0), ("b", 100.0), ("c", 80.0)):
        facts.call_off("A", 0, {5: quantity, 6: 50.0})
        for index in (-2, -1):
            facts.entries[index] = _with_message(facts.entries[index], message)
    entries = dedup_call_offs(facts.entries)
    assert [entry.quantity for entry in entries.unique] == [80, 50]
    ids = [entry.event_id for entry in facts.entries]
    assert entries.ids_of(ids[4]) == (ids[4], ids[0], ids[2])
    [finding] = entries.findings
    assert (finding.kind, finding.name) == ("duplicate_document", "call-off/A")
    assert "with other quantities: the later holds (2 lines, now 130)" in finding.detail
    assert finding.quantity == 130
    assert finding.at_us == facts.entries[-1].known_us
    assert set(finding.event_ids) == set(ids)


def test_an_equal_duplicate_is_reported_as_such() -> None:
    facts = RelationBuilder().receive(5, 10, document="GR", line="1", message="a")
    facts.receive(5, 10, document="GR", line="1", message="b")
    [finding] = dedup_receipts(facts.receipts).findings
    assert "again: it counts once (1 lines, now 10)" in finding.detail


def _with_message(entry: CallOffEntry, message: str) -> CallOffEntry:
    return replace(entry, message=message)
