"""Properties of every reconciled relation, on generated facts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbing.relations import HOUR_US, RelationBuilder, terms, uid
from werknetz.kpi.supply.elements import SupplyElements
from werknetz.kpi.supply.facts import RelationFacts
from werknetz.kpi.supply.relation import ReconciledRelation, reconcile


def total(result: ReconciledRelation) -> SupplyElements:
    return SupplyElements.sum(result.elements.values())


QUANTITY = st.integers(1, 50).map(float)


@st.composite
def relations(draw: st.DrawFn) -> RelationFacts:
    facts = RelationBuilder()
    for number in range(draw(st.integers(0, 3))):
        issued = draw(st.integers(0, 6))
        due = draw(st.dictionaries(st.integers(1, 20).map(float), QUANTITY, max_size=5))
        arrived = issued + draw(st.integers(0, 3))
        facts.call_off(f"C{number}", issued, due, arrived=arrived)
    for number in range(draw(st.integers(0, 4))):
        note = f"N{number}"
        if draw(st.booleans()):
            facts.ship(note, draw(st.integers(0, 20)), draw(QUANTITY))
        for _ in range(draw(st.integers(0, 2))):
            facts.receive(draw(st.integers(0, 40)) / 2, draw(st.integers(-5, 50)), note)
    return facts.relation()


@settings(deadline=None, max_examples=60)
@given(relations(), st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(relation: RelationFacts, random: object) -> None:
    def shuffle(facts: tuple[object, ...]) -> tuple[object, ...]:
        mixed = list(facts)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        return tuple(mixed)

    other = replace(
        relation,
        entries=shuffle(relation.entries),  # type: ignore[arg-type]
        shipments=shuffle(relation.shipments),  # type: ignore[arg-type]
        receipts=shuffle(relation.receipts),  # type: ignore[arg-type]
    )
    assert reconcile(other, terms(18, frozen_days=2)) == reconcile(
        relation, terms(18, frozen_days=2)
    )


@settings(deadline=None, max_examples=60)
@given(relations())
def test_a_message_sent_twice_changes_no_number(relation: RelationFacts) -> None:
    def send_twice(facts: tuple[object, ...]) -> tuple[object, ...]:
        again = [
            replace(single, event_id=uid(10_000 + n), message=f"{single.message}-again")  # type: ignore[type-var,attr-defined]
            for n, single in enumerate(facts)
        ]
        return (*facts, *again)

    other = replace(
        relation,
        entries=send_twice(relation.entries),  # type: ignore[arg-type]
        shipments=send_twice(relation.shipments),  # type: ignore[arg-type]
        receipts=send_twice(relation.receipts),  # type: ignore[arg-type]
    )
    once, twice = reconcile(relation, terms(18)), reconcile(other, terms(18))
    assert once.elements == twice.elements
    assert once.cumulative == twice.cumulative
    facts = {finding.kind for finding in twice.findings} - {"duplicate_document"}
    assert facts == {finding.kind for finding in once.findings} - {"duplicate_document"}


@settings(deadline=None, max_examples=100)
@given(relations(), st.integers(0, 45))
def test_sums_agree(relation: RelationFacts, now: int) -> None:
    result = reconcile(relation, terms(now, frozen_days=1, late="6h"))
    sums = total(result)
    judged = [line for line in result.lines if line.state == "measured"]
    assert sums.lines_due == len(judged)
    assert sums.lines_otif <= min(sums.lines_on_time, sums.lines_in_full)
    assert sums.lines_late == (
        sums.lines_late_1d + sums.lines_late_3d + sums.lines_late_7d + sums.lines_late_more
    )
    assert sums.quantity_due == pytest.approx(sum(line.demand.quantity for line in judged))
    assert 0 <= sums.asn_accurate <= sums.asn_announced <= sums.asn_matched <= sums.asn_due
    assert 0 <= sums.frozen_changed <= sums.frozen_quantity
    received = sum(receipt.quantity for receipt in relation.receipts)
    assert sums.quantity_received == pytest.approx(received)
    for line in result.lines:
        assert 0 <= line.delivered <= line.demand.quantity
        assert line.delivered + line.open_quantity == pytest.approx(line.demand.quantity)
        assert (line.on_time is None) == (line.state == "open")
        assert line.window[1] - line.window[0] == 30 * HOUR_US
    if received > 0:
        allotted = sum(line.delivered for line in result.lines)
        demanded = sum(line.demand.quantity for line in result.lines)
        assert allotted == pytest.approx(min(demanded, received))
    c = result.cumulative
    assert c.open == pytest.approx(c.demanded - c.received - c.in_transit)
