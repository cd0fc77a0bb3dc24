"""The demand before a line by the latest call-offs: those issued up to the due date itself."""

from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from werknetz.kpi.supply.facts import CallOffEntry, Terms
from werknetz.kpi.supply.policy import DemandRule, Policy
from werknetz.kpi.supply.schedule import select_measured_demand, versions_of

DAY = 86_400_000_000


def entry(number: int, document: str, issued_us: int, due: int, quantity: float) -> CallOffEntry:
    return CallOffEntry(
        event_id=UUID(int=number), document=document, issued_us=issued_us, known_us=issued_us,
        quantity=quantity, due_from_us=due * DAY, due_until_us=due * DAY,
    )  # fmt: skip


@pytest.mark.parametrize(("issued_us", "before"), [(5 * DAY, 40.0), (5 * DAY + 1, 100.0)])
def test_a_call_off_issued_after_the_due_date_changes_nothing_before_it(
    issued_us: int, before: float
) -> None:
    entries = [
        entry(1, "A", 0, 5, 100.0), entry(2, "A", 0, 8, 50.0),
        entry(3, "B", issued_us, 5, 40.0), entry(4, "B", issued_us, 8, 50.0),
    ]  # fmt: skip
    policy = Policy(demand=DemandRule.LATEST, frozen_days=0.0)
    terms = Terms(policies=((0, policy),), zone=ZoneInfo("UTC"), now_us=20 * DAY)
    [versions] = versions_of(entries).values()
    assert select_measured_demand(versions, terms)[-1].low == before
