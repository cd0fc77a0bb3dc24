"""Lines of despatch advices are filled by the receipts that name them."""

import pytest

from plumbing.relations import RelationBuilder, at, terms, uid
from werknetz.kpi.supply.asn import PARTIAL_WAIT_US, findings_of, match_receipts


def two_lines() -> RelationBuilder:
    facts = RelationBuilder().ship("N1", 4, 10, line="1", message="m")
    return facts.ship("N1", 4, 20, line="2", message="m")


@pytest.mark.parametrize(
    ("received", "filled", "states"),
    [
        ([10], [10, 0], ["received", "overdue"]),
        ([10, 5], [10, 5], ["received", "partly_received"]),
        ([30], [10, 20], ["received", "received"]),
        ([99], [10, 20], ["received", "received"]),
        ([4], [4, 0], ["partly_received", "overdue"]),
    ],
)
def test_receipts_fill_lines_in_order(
    received: list[float], filled: list[float], states: list[str]
) -> None:
    facts = two_lines()
    for number, quantity in enumerate(received):
        facts.receive(5 + number, quantity, "N1")
    transit = match_receipts(facts.shipments, facts.receipts, terms()).transit
    assert [line.received for line in transit] == filled
    assert [line.state for line in transit] == states
    assert [line.open for line in transit] == [10 - filled[0], 20 - filled[1]]
    assert [line.received_us is None for line in transit] == [quantity == 0 for quantity in filled]
    assert [bool(line.receipt_ids) for line in transit] == [quantity > 0 for quantity in filled]


def test_each_line_knows_its_own_receipts() -> None:
    facts = two_lines().receive(5, 10, "N1").receive(6, 20, "N1")
    first, second = match_receipts(facts.shipments, facts.receipts, terms()).transit
    assert (first.received_us, first.receipt_ids) == (at(5), (uid(3),))
    assert (second.received_us, second.receipt_ids) == (at(6), (uid(4),))


@pytest.mark.parametrize(
    ("now", "state"), [(3.9, "announced"), (4, "in_transit"), (5, "in_transit"), (5.1, "overdue")]
)
def test_the_state_before_any_receipt(now: float, state: str) -> None:
    facts = RelationBuilder().ship("N1", 4, 10)
    [line] = match_receipts(facts.shipments, (), terms(now)).transit
    assert line.state == state


def test_a_missing_rest_is_a_finding_a_day_after_the_last_receipt() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, 8, "N1")
    day = PARTIAL_WAIT_US / 86_400_000_000
    for now, kinds in ((5 + day - 0.01, []), (5 + day, ["quantity_difference"])):
        matches = match_receipts(facts.shipments, facts.receipts, terms(now))
        findings = findings_of(matches, terms(now))
        assert [finding.kind for finding in findings] == kinds
    assert (findings[0].quantity, findings[0].expected, findings[0].actual) == (-2, 10, 8)
    assert "2 are missing" in findings[0].detail
    facts.receive(5.1, 4, "N1")  # more than announced: nothing more is to come
    matches = match_receipts(facts.shipments, facts.receipts, terms(5.2))
    [finding] = findings_of(matches, terms(5.2))
    assert "2 are too many" in finding.detail


def test_an_unannounced_receipt_is_a_finding_if_advices_are_expected() -> None:
    facts = RelationBuilder().ship("N1", 4, 10).receive(5, 8, "N9")
    matches = match_receipts(facts.shipments, facts.receipts, terms())
    assert findings_of(matches, terms()) == []
    [finding] = findings_of(matches, terms(asn_expected=True))
    assert (finding.kind, finding.name, finding.quantity) == ("receipt_without_shipment", "N9", 8)


def test_an_announcement_after_the_arrival_is_not_accurate() -> None:
    for announced, is_accurate in ((4, True), (5, True), (5.1, False)):
        facts = RelationBuilder().ship("N1", 4, 8, announced_us=at(announced)).receive(5, 8, "N1")
        [delivery] = match_receipts(facts.shipments, facts.receipts, terms()).deliveries
        assert delivery.is_accurate == is_accurate
        assert delivery.lead_s == pytest.approx((5 - announced) * 86_400)
