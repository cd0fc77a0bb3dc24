"""Worked examples that others have published, computed again. Each names its source."""

import pytest

from plumbing.relations import RelationBuilder, at, order, terms
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.supply.elements import SupplyElements
from werknetz.kpi.supply.relation import ReconciledRelation, reconcile
from werknetz.kpi.supply.schedule import select_measured_demand, versions_of


def total(result: ReconciledRelation) -> SupplyElements:
    return SupplyElements.sum(result.elements.values())


def value(name: str, elements: SupplyElements) -> float:
    result, reason = CATALOGUE[name].compute(elements)
    assert result is not None, reason
    return result


@pytest.mark.parametrize(("orders", "good", "percent"), [(1200, 1080, 90.00), (450, 440, 97.78)])
def test_otif_of_orders(orders: int, good: int, percent: float) -> None:
    """CalcSimpler, "OTIF Delivery Rate Calculator", examples.

    www.calcsimpler.com/calculators/otif-delivery-rate
    """
    facts = RelationBuilder()
    for number in range(orders):
        facts.call_off(f"A{number}", 0, {5: 10.0}, group=order(f"P{number}"))
        is_good = number < good
        # The others alternate: a day late, or short.
        late, quantity = (1, 10) if number % 2 else (0, 9)
        facts.receive(
            5.5 + (0 if is_good else late), 10 if is_good else quantity, group=order(f"P{number}")
        )
    elements = total(reconcile(facts.relation(), terms()))
    assert (elements.lines_due, elements.lines_otif) == (orders, good)
    assert value("otif", elements) * 100 == pytest.approx(percent, abs=0.005)


def test_sap_minimum_delivery_percentage() -> None:
    """SAP Library, "On-Time Delivery Perf. (Main Criterion Delivery)", release 4.6C.

    60 % must come for a delivery to count; it is punctual, but only 55 % of the ordered quantity:
    not in full, and so not on time either, although something came on the day.
    """
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.5, 55)
    [line] = reconcile(facts.relation(), terms(tolerance=0.4)).lines
    assert (line.on_time, line.in_full, line.in_window) == (False, False, 55)
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.5, 60)
    [line] = reconcile(facts.relation(), terms(tolerance=0.4)).lines
    assert (line.on_time, line.in_full, line.otif) == (True, True, True)


def test_sap_delivery_date_variance() -> None:
    """SAP Library, "Adherence to Conf. Date (Main Criter. Delivery)", release 4.6C.

    The date was Nov. 15, the goods receipt took place on Nov. 27: a difference of 12 days.
    """
    facts = RelationBuilder()
    facts.call_off("A", 0, {15: 100.0})
    facts.receive(27 + 1, 100)  # 12 days after the end of the day on which it was due
    result = reconcile(facts.relation(), terms(40))
    [line] = result.lines
    assert line.delay_s == 12 * 86_400
    assert value("delay_severity", total(result)) == 12 * 86_400
    assert total(result).lines_late_more == 1


def test_sap_agreed_cumulative_quantity() -> None:
    """SAP, "Purchasing: Cumulative Quantities in Scheduling Agreements", release notes 3.1H.

    55 pieces came under the agreement before; scheduled are 20 on July 1 and 30 on July 15, so the
    cumulative scheduled quantities are 75 and 105 (20 and 50 without the 55).
    """
    facts = RelationBuilder()
    for day, quantity, cumulative in ((1.0, 20.0, 75.0), (15.0, 30.0, 105.0)):
        facts.call_off(
            "A", 0, {day: quantity}, cumulative_quantity=cumulative, cumulative_received=55.0,
            cumulative_since_us=at(-180),
        )  # fmt: skip
    facts.receive(1.5, 20)
    relation = facts.relation()
    by_rule = [
        [(d.low, d.high) for d in select_measured_demand(versions, terms(demand=rule))]
        for rule in ("entries", "cumulative")
        for versions in versions_of(relation.entries).values()
    ]
    assert by_rule == [[(0, 20), (20, 50)]] * 2
    result = reconcile(relation, terms(10))
    assert (result.cumulative.demanded, result.cumulative.received) == (20, 20)
    assert result.cumulative.stated_received == 55
    # Receipts before our first message are the opening balance, not a difference.
    assert result.cumulative.received_difference == 0
    assert result.findings == ()


def test_sap_quantity_reliability() -> None:
    """SAP Library, "Quantity Reliability": (goods receipt - order quantity) / order quantity x 100.

    With 100 ordered and 110 received the variance is 10 %: the quantity without a call-off.
    """
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.5, 110)
    result = reconcile(facts.relation(), terms())
    [finding] = result.findings
    assert finding.kind == "over_delivery"
    assert finding.quantity == pytest.approx(10)
    assert (finding.actual or 0) / (finding.expected or 1) - 1 == pytest.approx(0.10)
