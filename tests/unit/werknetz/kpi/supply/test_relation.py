"""One relation: what is measured, what is received for it, and what does not agree."""

from dataclasses import replace

import pytest

from plumbing.relations import RelationBuilder, at, order, terms, uid
from werknetz.kpi.supply.elements import SupplyElements
from werknetz.kpi.supply.relation import ReconciledRelation, reconcile


def kinds(result: ReconciledRelation) -> list[str]:
    return sorted(finding.kind for finding in result.findings)


def total(result: ReconciledRelation) -> SupplyElements:
    return SupplyElements.sum(result.elements.values())


def test_measured_is_what_was_called_off_before_the_frozen_zone() -> None:
    facts = (
        RelationBuilder()
        .call_off("A", 0, {5: 100.0, 9: 100.0})
        .call_off("B", 3, {5: 150.0, 9: 50.0})
    )
    result = reconcile(facts.relation(), terms(frozen_days=3))
    # Day 5 less 3 is day 2: A. Day 9 less 3 is day 6: B.
    assert [(d.demand.entry.document, d.demand.quantity) for d in result.lines] == [
        ("A", 100),
        ("B", 50),
    ]
    assert [(v.document, v.state) for v in result.versions] == [
        ("A", "replaced"),
        ("B", "in_force"),
    ]
    assert result.versions[0].to_us == at(3)
    # B changed the 5th by 50 of 150 inside the zone from day 3 to 6; the 9th lies beyond it.
    assert (total(result).frozen_changed, total(result).frozen_quantity) == (50, 150)


def test_before_the_first_call_off_the_first_holds() -> None:
    result = reconcile(
        RelationBuilder().call_off("A", 4, {5: 100.0}).relation(), terms(frozen_days=3)
    )
    assert [line.demand.quantity for line in result.lines] == [100]


def test_a_call_off_outdated_on_arrival_is_stored_and_never_in_force() -> None:
    facts = (
        RelationBuilder()
        .call_off("B", 3, {9: 100.0}, arrived=3)
        .call_off("A", 1, {9: 70.0}, arrived=4)
    )
    result = reconcile(facts.relation(), terms())
    states = {v.document: (v.state, v.from_us) for v in result.versions}
    assert states == {"A": ("outdated_on_arrival", None), "B": ("in_force", at(3))}
    [finding] = result.findings
    assert (finding.kind, finding.event_ids) == ("outdated_call_off", (uid(1), uid(2)))
    assert [line.demand.quantity for line in result.lines] == [100]
    # Of the same day, what says that it replaces the other is the later.
    facts = RelationBuilder().call_off("B", 3, {9: 100.0}, arrived=3, replaces="A")
    facts.call_off("A", 3, {9: 70.0}, arrived=4)
    assert kinds(reconcile(facts.relation(), terms())) == ["outdated_call_off"]


@pytest.mark.parametrize(
    ("receipts", "on_time", "in_full", "delay_d"),
    [
        ([(5.5, 100)], True, True, None),
        ([(5.2, 60), (5.9, 40)], True, True, None),
        ([(5.2, 60), (7.0, 40)], False, False, 1.0),
        ([(4.5, 100)], False, True, None),  # a day early
        ([(4.5, 60), (5.5, 40)], True, True, None),  # in full only on the day
        ([(6.0, 100)], False, False, 0.0),  # midnight is the next day
        ([], False, False, 24.0),  # nothing, and it is day 30
        ([(5.2, 100), (5.4, -10)], True, False, None),  # corrected before the end
    ],
)
def test_on_time_and_in_full(
    receipts: list[tuple[float, float]], on_time: bool, in_full: bool, delay_d: float | None
) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0})
    for day, quantity in receipts:
        facts.receive(day, quantity)
    [line] = reconcile(facts.relation(), terms()).lines
    assert (line.on_time, line.in_full) == (on_time, in_full)
    assert line.otif == (on_time and in_full)
    assert line.delay_s == (None if delay_d is None else delay_d * 86_400)


def test_what_comes_fills_what_was_due_first() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 6: 100.0, 7: 100.0})
    facts.receive(5.5, 150).receive(7.5, 150)
    result = reconcile(facts.relation(), terms())
    assert [(line.on_time, line.delivered) for line in result.lines] == [
        (True, 100),
        (False, 100),
        (True, 100),
    ]
    assert result.lines[1].receipt_ids == (uid(4), uid(5))
    assert result.lines[1].in_window == 50
    sums = total(result)
    assert (sums.lines_due, sums.lines_otif, sums.quantity_due) == (3, 2, 300)
    assert sums.quantity_in_window == 250
    assert sums.quantity_delay_s == 100 * 0.5 * 86_400


def test_a_line_is_judged_when_its_window_has_passed() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.2, 100)
    [line] = reconcile(facts.relation(), terms(5.5)).lines
    assert (line.state, line.on_time, line.delivered) == ("open", None, 100)
    [line] = reconcile(facts.relation(), terms(6)).lines
    assert (line.state, line.on_time) == ("measured", True)


def test_confirmed_dates_are_the_arrivals_that_were_announced() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0})
    facts.ship("N1", 4, 100, arrives_us=at(8.5)).receive(8.5, 100, "N1")
    [line] = reconcile(facts.relation(), terms(reference="confirmed")).lines
    assert (line.confirmed_us, line.on_time) == (at(8.5), True)
    [line] = reconcile(facts.relation(), terms()).lines
    assert (line.confirmed_us, line.on_time) == (None, False)


def test_due_dates_of_despatch_are_met_when_the_goods_leave() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}, due_kind="ship")
    facts.ship("N1", 5.5, 100).receive(9, 100, "N1")
    [line] = reconcile(facts.relation(), terms()).lines
    assert (line.on_time, line.fulfilled_us) == (True, at(5.5))


def test_orders_are_filled_apart_and_what_names_none_fills_what_is_due() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}, group=order("P1", "10"))
    facts.call_off("A", 0, {4: 100.0}, group=order("P2", "10"))
    facts.receive(4.5, 100, group=order("P1", "10"))
    result = reconcile(facts.relation(), terms())
    assert [(line.group.key, line.delivered) for line in result.lines] == [
        ("P1/10", 100),
        ("P2/10", 0),
    ]
    facts.receive(4.6, 120)  # no order: what is open, the earliest first; the rest beyond
    result = reconcile(facts.relation(), terms())
    assert [line.delivered for line in result.lines] == [100, 100]
    assert kinds(result) == ["over_delivery"]


def test_shipments_on_their_way_are_those_that_are_to_fill_what_is_open() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 6: 100.0})
    facts.ship("N1", 4, 100).ship("N2", 5, 100).receive(5.5, 100, "N1")
    result = reconcile(facts.relation(), terms(5.8))
    assert [(t.line.delivery_note, t.state, t.open) for t in result.transit] == [
        ("N1", "received", 0),
        ("N2", "in_transit", 100),
    ]
    assert [line.shipment_ids for line in result.lines] == [(uid(3),), (uid(4),)]
    later = reconcile(facts.relation(), terms(7))
    assert later.transit[1].state == "overdue"
    assert (later.cumulative.demanded, later.cumulative.received) == (200, 100)
    assert (later.cumulative.in_transit, later.cumulative.open) == (100, 0)


def test_advices_beside_what_came() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 400.0})
    facts.ship("N1", 4, 100).receive(5.5, 100, "N1")
    facts.ship("N2", 4, 100).receive(5.5, 90, "N2")
    facts.ship("N3", 5.6, 100).receive(5.5, 100, "N3")  # announced after it came
    facts.receive(5.5, 100, "N4")
    result = reconcile(facts.relation(), terms(asn_expected=True))
    sums = total(result)
    assert (sums.asn_due, sums.asn_announced, sums.asn_accurate, sums.asn_matched) == (4, 2, 1, 3)
    assert sums.asn_lead_s == pytest.approx((1.5 + 1.5 - 0.1) * 86_400)
    assert kinds(result) == ["quantity_difference", "receipt_without_shipment"]
    # Until a day after the last receipt the rest of N2 may still come.
    assert kinds(reconcile(facts.relation(), terms(6, asn_expected=True))) == [
        "receipt_without_shipment"
    ]


def test_a_shipment_without_a_call_off() -> None:
    result = reconcile(RelationBuilder().ship("N1", 4, 100).relation(), terms())
    assert kinds(result) == ["shipment_without_call_off"]
    facts = (
        RelationBuilder()
        .call_off("A", 0, {5: 10.0}, group=order("P1"))
        .ship("N1", 4, 1, group=order("P9"))
    )
    assert kinds(reconcile(facts.relation(), terms())) == ["shipment_without_call_off"]


def test_a_document_sent_twice_counts_once() -> None:
    facts = (
        RelationBuilder()
        .call_off("A", 0, {5: 100.0, 6: 100.0})
        .ship("N1", 4, 100)
        .receive(5.5, 100, "N1")
    )
    again = [
        replace(entry, event_id=uid(100 + n), message="again", known_us=entry.known_us + 1)
        for n, entry in enumerate(facts.entries)
    ]
    facts.entries += again
    facts.shipments.append(replace(facts.shipments[0], event_id=uid(200), message="again"))
    result = reconcile(facts.relation(), terms())
    assert [line.demand.quantity for line in result.lines] == [100, 100]
    assert result.lines[0].event_ids == (uid(100), uid(1))
    assert len(result.transit) == 1
    assert kinds(result) == ["duplicate_document", "duplicate_document"]
    # With other quantities the later holds.
    facts.entries = [*facts.entries[:2], *(replace(e, quantity=70) for e in again)]
    result = reconcile(facts.relation(), terms())
    assert [line.demand.quantity for line in result.lines] == [70, 70]
    assert any("other quantities" in finding.detail for finding in result.findings)


def test_two_lines_of_one_message_are_no_doubles() -> None:
    facts = RelationBuilder().ship("N1", 4, 50).ship("N1", 4, 50)
    assert [t.line.quantity for t in reconcile(facts.relation(), terms()).transit] == [50, 50]


def test_cumulatives_that_differ_step_back_or_restart() -> None:
    since = {"cumulative_since_us": at(0)}
    facts = RelationBuilder().call_off("A", 1, {5: 100.0}, cumulative_received=0.0, **since)
    facts.receive(5.5, 100)
    facts.call_off("B", 6, {9: 100.0}, cumulative_received=90.0, **since)
    result = reconcile(facts.relation(), terms())
    [finding] = result.findings
    assert (finding.kind, finding.expected, finding.actual) == ("cumulative_difference", 100, 90)
    assert set(finding.event_ids) == {uid(2), uid(3)}
    assert result.cumulative.received_difference == -10
    # The same difference again is no new one; less than before is a step back.
    facts.call_off("C", 7, {9: 100.0}, cumulative_received=90.0, **since)
    assert kinds(reconcile(facts.relation(), terms())) == ["cumulative_difference"]
    facts.call_off("D", 8, {9: 100.0}, cumulative_received=20.0, **since)
    assert kinds(reconcile(facts.relation(), terms())) == [
        "cumulative_difference",
        "cumulative_difference",
        "cumulative_step_back",
    ]
    # A new zero date is the reset of the year.
    facts.entries.pop()
    facts.call_off("D", 8, {9: 100.0}, cumulative_received=0.0, cumulative_since_us=at(7.5))
    result = reconcile(facts.relation(), terms())
    assert kinds(result) == ["cumulative_difference"]
    assert (result.cumulative.zero_us, result.cumulative.demanded) == (at(7.5), 100)


def test_a_correction_makes_a_statement_step_back_rightly() -> None:
    since = {"cumulative_since_us": at(0)}
    facts = (
        RelationBuilder()
        .call_off("A", 1, {5: 100.0}, cumulative_received=0.0, **since)
        .receive(5.5, 100)
    )
    facts.call_off("B", 6, {9: 100.0}, cumulative_received=100.0, **since)
    facts.receive(6.5, -30)
    facts.call_off("C", 7, {9: 100.0}, cumulative_received=70.0, **since)
    assert reconcile(facts.relation(), terms()).findings == ()


def test_cumulatives_of_several_orders_are_counted_apart() -> None:
    facts = RelationBuilder()
    for number, quantity in (("P1", 100.0), ("P2", 40.0)):
        own: dict[str, object] = {"group": order(number), "cumulative_since_us": at(0)}
        facts.call_off(f"A{number}", 1, {5: quantity}, cumulative_received=0.0, **own)
        facts.receive(5.5, quantity, group=order(number))
        stated = quantity - (10 if number == "P2" else 0)
        facts.call_off(f"B{number}", 6, {9: quantity}, cumulative_received=stated, **own)
    result = reconcile(facts.relation(), terms())
    [finding] = result.findings
    assert (finding.name, finding.quantity) == ("received/P2/BP2", -10)
    assert (result.cumulative.stated_received, result.cumulative.received_difference) == (130, -10)
    # A receipt without an order could be of either: then no difference is reported.
    facts.receive(5.6, 1)
    assert "cumulative_difference" not in kinds(reconcile(facts.relation(), terms()))


def test_demand_falls_inside_a_document() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, cumulative_quantity=100.0)
    facts.call_off("A", 0, {6: 10.0}, cumulative_quantity=60.0)
    assert kinds(reconcile(facts.relation(), terms())) == ["cumulative_step_back"]


def test_replanned_quantities_are_no_second_demand_by_cumulative_quantities() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}, cumulative_quantity=100.0)
    facts.call_off("B", 6, {8: 100.0}, cumulative_quantity=100.0)
    facts.receive(8.5, 100)
    result = reconcile(facts.relation(), terms(demand="cumulative"))
    assert [(line.on_time, line.open_quantity) for line in result.lines] == [(False, 0), (True, 0)]


@pytest.mark.parametrize(
    ("demand", "on_time"), [("entries", [True, False, False]), ("latest", [True, True, True])]
)
def test_what_is_added_inside_the_frozen_zone(demand: str, on_time: list[bool]) -> None:
    """150 instead of 100, asked and delivered: added up, it comes early for all that follows."""
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 9: 50.0, 12: 50.0})
    facts.call_off("B", 4, {5: 150.0, 9: 50.0, 12: 50.0})
    facts.receive(5.5, 150).receive(9.5, 50).receive(12.5, 50)
    result = reconcile(facts.relation(), terms(frozen_days=3, demand=demand))
    assert [line.demand.quantity for line in result.lines] == [100, 50, 50]
    assert [line.on_time for line in result.lines] == on_time
    assert "over_delivery" not in kinds(result)


def test_where_messages_may_be_lost_lines_are_uncertain() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 8: 100.0})
    result = reconcile(facts.relation(lost_spans=((at(5.2), at(5.3)),)), terms())
    assert [line.uncertain for line in result.lines] == [True, False]
    assert total(result).coverage == 0.5


def test_after_a_receipt_that_may_be_lost_what_it_lacks_is_uncertain() -> None:
    """What comes next fills what seems to be missing, so all that follows seems to be late."""
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 8: 100.0, 11: 100.0, 14: 100.0})
    facts.ship("N1", 4.25, 100).ship("N2", 7.25, 100)
    facts.receive(8.25, 100, "N2").receive(11.25, 100, "N3")
    lost = (at(5.2), at(5.3))
    result = reconcile(facts.relation(lost_spans=(lost,)), terms(now=30))
    assert [line.on_time for line in result.lines] == [False] * 4
    # The third and the last as well: with N1 the third is on time. The last lacks more than N1.
    assert [line.uncertain for line in result.lines] == [True, True, True, False]
    # Nothing was lost after it left, or it came in part and the rest did not: it is missing.
    before = (at(4.1), at(4.2))
    facts.receive(5.1, 40, "N1")
    for span in (before, (at(9.2), at(9.3))):
        result = reconcile(facts.relation(lost_spans=(span,)), terms(now=30))
        assert [line.uncertain for line in result.lines] == [False] * 4
    assert not any(line.uncertain for line in reconcile(facts.relation(), terms(now=30)).lines)
