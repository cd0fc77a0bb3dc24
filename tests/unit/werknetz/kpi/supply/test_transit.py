"""What is in transit, what came, and what may have come: on the boundaries."""

import pytest

from plumbing.relations import RelationBuilder, at, order, terms, uid
from werknetz.kpi.supply.asn import (
    MatchedShipments,
    ReceivedDelivery,
    TransitLine,
    findings_of,
    list_possibly_received,
    match_receipts,
)
from werknetz.kpi.supply.facts import LostSpans, RelationFacts
from werknetz.kpi.supply.findings import differ


def match(facts: RelationBuilder, now: float = 30) -> MatchedShipments:
    return match_receipts(facts.shipments, facts.receipts, terms(now))


def test_nothing_is_open_of_a_line_that_got_more() -> None:
    [line] = RelationBuilder().ship("N1", 4, 10).shipments
    assert TransitLine(line, 12.0, at(5), "received", ()).open == 0.0


def test_a_delivery_lasts_from_its_first_to_its_last_receipt() -> None:
    facts = RelationBuilder().ship("N1", 4, 10, line="1").ship("N1", 4, 5, line="2")
    facts.receive(5, 6, "N1").receive(5.5, 4, "N1").receive(6, 5, "N1")
    [delivery] = match(facts).deliveries
    assert (delivery.first_us, delivery.last_us) == (at(5), at(6))
    assert delivery.lead_s == 86_400.0
    assert (delivery.announced, delivery.received) == (15, 15)


@pytest.mark.parametrize(("later_us", "is_accurate"), [(0, True), (500_000, False), (-1, True)])
def test_half_a_second_after_the_arrival_is_too_late(later_us: int, is_accurate: bool) -> None:
    facts = RelationBuilder().ship("N1", 4, 8, announced_us=at(5) + later_us).receive(5, 8, "N1")
    [delivery] = match(facts).deliveries
    assert delivery.is_accurate is is_accurate


def test_a_receipt_of_an_order_belongs_to_the_delivery_of_that_order() -> None:
    facts = RelationBuilder().ship("N1", 3, 10, group=order("P2"))
    facts.ship("N1", 4, 10, group=order("P1")).receive(5, 10, "N1", group=order("P1"))
    assert [line.received for line in match(facts).transit] == [0, 10]
    facts.receipts.clear()
    facts.receive(5, 10, "N1")
    assert [line.received for line in match(facts).transit] == [10, 0]  # the first that left


def test_of_an_order_and_of_none_the_first_that_left_is_filled() -> None:
    facts = RelationBuilder().ship("N1", 3, 10).ship("N1", 4, 10, group=order("P1"))
    facts.receive(5, 10, "N1", group=order("P1"))
    assert [line.received for line in match(facts).transit] == [10, 0]


@pytest.mark.parametrize(
    ("quantity", "rejected", "deliveries"), [(0.5, 0, 1), (0, 5, 0), (-0.5, 0, 0)]
)
def test_a_delivery_came_if_anything_was_accepted(
    quantity: float, rejected: float, deliveries: int
) -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, quantity, "N1", rejected=rejected)
    assert len(match(facts).deliveries) == deliveries


def test_what_was_rejected_came() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, 6, "N1", rejected=4)
    matches = match(facts)
    assert [(line.state, line.received) for line in matches.transit] == [("received", 10)]
    assert findings_of(matches, terms()) == []


def test_a_correction_takes_no_more_than_what_came() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, -3, "N1")
    [line] = match(facts).transit
    assert (line.received, line.received_us, line.receipt_ids) == (0.0, None, ())


def test_a_line_that_got_nothing_has_no_receipt() -> None:
    """The first receipt exceeds the first line, and its correction takes that back."""
    facts = RelationBuilder().ship("N1", 4, 10, line="1").ship("N1", 4, 5, line="2")
    facts.receive(5, 12, "N1").receive(6, -2, "N1")
    _, second = match(facts).transit
    assert (second.received, second.received_us, second.receipt_ids) == (0.0, None, ())


@pytest.mark.parametrize(
    ("announced", "received", "state"),
    [
        (1000.0, 1000 - 5e-7, "received"),
        (1000.0, 1000 - 2e-6, "partly_received"),
        (0.5, 0.5 - 1.5e-9, "partly_received"),
        (0.5, 0.5 - 0.8e-9, "received"),
        (2.0, 0.5, "partly_received"),
    ],
)
def test_a_line_is_received_but_for_rounding(announced: float, received: float, state: str) -> None:
    facts = RelationBuilder().ship("N1", 4, announced).receive(5, received, "N1")
    [line] = match(facts).transit
    assert (line.state, line.received_us, line.receipt_ids) == (state, at(5), (uid(2),))


@pytest.mark.parametrize(
    ("received", "difference", "words"),
    [(9.5, -0.5, "0.5 are missing"), (10.5, 0.5, "0.5 are too many"), (9.0, -1, "1 are missing")],
)
def test_a_difference_names_what_is_missing(received: float, difference: float, words: str) -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, received, "N1")
    [finding] = findings_of(match(facts), terms())
    assert words in finding.detail
    assert (finding.quantity, finding.event_ids) == (difference, (uid(1), uid(2)))


def test_an_unannounced_delivery_was_expected_to_be_nothing() -> None:
    facts = RelationBuilder().receive(5, 8, "N9")
    [finding] = findings_of(match(facts), terms(asn_expected=True))
    assert (finding.expected, finding.actual, finding.event_ids) == (0.0, 8, (uid(1),))


def possibly_received(
    facts: RelationBuilder, *spans: tuple[float, float], now: float = 30
) -> list[tuple[int, float]]:
    lost = LostSpans([(at(start), at(end)) for start, end in spans])
    inflows = list_possibly_received(match(facts, now), lost, terms(now))
    return [(inflow.at_us, inflow.quantity) for inflow in inflows]


def test_what_may_have_come_came_near_its_arrival() -> None:
    facts = RelationBuilder().ship("N1", 4, 10, arrives_us=at(6))
    assert possibly_received(facts, (4.5, 4.6), (6.1, 6.2)) == [(at(6.1), 10)]
    facts = RelationBuilder().ship("N1", 4, 10, arrives_us=None)
    assert possibly_received(facts, (4.5, 4.6), (6.1, 6.2)) == [(at(4.5), 10)]


def test_the_rest_of_a_delivery_may_come_within_a_day() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, 4, "N1")
    assert possibly_received(facts, (5.5, 5.6)) == [(at(5.5), 6)]
    assert possibly_received(facts, (6.5, 6.6)) == []


def test_what_came_or_is_not_due_yet_is_passed_over() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).ship("N2", 4, 7, arrives_us=at(5))
    facts.ship("N3", 4, 3, arrives_us=at(8)).receive(5, 10, "N1")
    assert possibly_received(facts, (4.8, 4.9), now=6) == [(at(4.9), 7)]
    assert possibly_received(facts, (4.8, 4.9), now=5) == [(at(4.9), 7)]  # it is due now


def test_a_negligible_rest_is_none() -> None:
    facts = RelationBuilder().ship("N1", 4, 1e-9)
    assert possibly_received(facts, (5.1, 5.2)) == []


def test_the_span_that_lasts_until_an_instant_is_at_it() -> None:
    spans = LostSpans([(0, 10), (20, 30)])
    assert spans.nearest_us(25, 15, 100) == 25
    assert spans.nearest_us(15, 0, 100) == 10
    assert spans.nearest_us(16, 0, 100) == 20


@pytest.mark.parametrize("kind", ["entries", "shipments", "receipts"])
def test_any_fact_makes_a_relation(kind: str) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 1.0}).ship("N1", 4, 1).receive(5, 1)
    options = {kind: tuple(getattr(facts, kind))}
    assert not RelationFacts(supplier="Alfa", material="M1", **options).is_empty


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(1000.0, 1000 + 5e-7, False), (0.0, 1.5e-9, True), (1000.0, 1000 + 2e-6, True)],
)
def test_rounding_is_a_share_of_what_is_more_than_one(
    left: float, right: float, expected: bool
) -> None:
    assert differ(left, right) is expected
    assert differ(right, left) is expected


def test_a_delivery_without_lines_has_no_lead() -> None:
    receipts = tuple(RelationBuilder().receive(5, 1, "N1").receipts)
    assert ReceivedDelivery("N1", (), receipts, 0.0, 1.0).lead_s is None
