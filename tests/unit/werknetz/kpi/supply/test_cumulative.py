"""Cumulative quantities that partners state, from a zero date on."""

from plumbing.relations import RelationBuilder, at, terms
from werknetz.kpi.supply.relation import ReconciledRelation, reconcile


def reconcile_shipments(zeros: list[float], stated: list[float]) -> ReconciledRelation:
    """Ten pieces leave each day; advices state cumulative quantities."""
    facts = RelationBuilder()
    for number, zero in enumerate(zeros):
        facts.call_off(f"C{number}", zero, {20: 10.0}, cumulative_since_us=at(zero))
    for day, quantity in enumerate(stated):
        facts.ship(f"N{day}", day + 0.5, 10, cumulative_quantity=quantity)
    return reconcile(facts.relation(), terms(10))


def test_own_sums_start_again_at_a_zero_date() -> None:
    result = reconcile_shipments([0, 2], [10, 20, 10, 20])
    assert result.findings == ()
    assert result.cumulative.stated_delivered == 20
    assert result.cumulative.delivered_difference == 0


def test_a_statement_that_ignores_the_zero_date_differs() -> None:
    result = reconcile_shipments([0, 2], [10, 20, 30])
    [finding] = result.findings
    assert (finding.kind, finding.quantity, finding.expected) == ("cumulative_difference", 20, 10)


def test_an_opening_balance_exists_only_before_the_first_message() -> None:
    # The zero date is the first message: whatever was delivered since is known.
    result = reconcile_shipments([0], [15, 25])
    [finding] = result.findings
    assert (finding.kind, finding.quantity, finding.actual) == ("cumulative_difference", 5, 15)
    assert result.cumulative.delivered_difference == 5


def test_only_the_statement_that_adds_a_difference_is_reported() -> None:
    result = reconcile_shipments([0], [10, 25, 35, 40])
    assert [(f.quantity, f.actual) for f in result.findings] == [(5, 25), (-5, 40)]


def test_a_statement_that_falls_is_a_step_back() -> None:
    kinds = [finding.kind for finding in reconcile_shipments([0], [10, 20, 5]).findings]
    assert "cumulative_step_back" in kinds
