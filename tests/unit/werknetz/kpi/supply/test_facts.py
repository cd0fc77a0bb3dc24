"""Facts of a relation: when they are empty, which policy is valid, when numbers differ."""

from zoneinfo import ZoneInfo

import pytest

from werknetz.kpi.supply.facts import RelationFacts, Terms
from werknetz.kpi.supply.findings import differ
from werknetz.kpi.supply.policy import Policy

EARLY, LATE = Policy(), Policy()


def test_a_relation_without_facts_is_empty() -> None:
    assert RelationFacts(supplier="Alfa", material="M1").is_empty is True


@pytest.mark.parametrize(
    ("at_us", "policy"), [(0, EARLY), (99, EARLY), (100, EARLY), (199, EARLY), (200, LATE)]
)
def test_the_policy_of_an_instant(at_us: int, policy: Policy) -> None:
    terms = Terms(policies=((100, EARLY), (200, LATE)), zone=ZoneInfo("UTC"), now_us=300)
    assert terms.policy_at(at_us) is policy


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(1.0, 1.0, False), (0.0, 0.0, False), (0.0, 1e-9, False), (0.0, 1.0, True), (5.0, 4.0, True)],
)
def test_amounts_differ_by_more_than_rounding(left: float, right: float, expected: bool) -> None:
    assert differ(left, right) is expected
