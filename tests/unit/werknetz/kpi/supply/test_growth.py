"""The work of reconciling a relation grows in proportion to its facts, whatever they look like."""

from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from plumbing.growth import count_lines
from werknetz.kpi.supply.facts import (
    NO_ORDER,
    CallOffEntry,
    ReceiptLine,
    RelationFacts,
    ScheduleGroup,
    ShipmentLine,
    Terms,
)
from werknetz.kpi.supply.policy import DemandRule, Policy, Reference
from werknetz.kpi.supply.relation import reconcile

DAY = 86_400_000_000
SMALL, FACTOR, GROWTH_MAX = 40, 4, 4.6


def relation(orders: int, naming: str) -> RelationFacts:
    """A relation with a call-off, a shipment, a receipt and sometimes a correction an order."""
    entries, shipments, receipts = [], [], []
    for n in range(orders):
        order = NO_ORDER if naming == "no orders" else ScheduleGroup(f"O{n}", "1")
        named = {"all": order, "order only": ScheduleGroup(f"O{n}")}.get(naming, NO_ORDER)
        entries.append(
            CallOffEntry(
                event_id=UUID(int=10 * n), document=f"C{n}", issued_us=n * 1000,
                # every third came late and was outdated on arrival
                known_us=n * 1000 + (n % 3 == 0) * 10_000, quantity=10, due_from_us=(n + 5) * DAY,
                due_until_us=(n + 6) * DAY, group=order, line=str(n), message=f"c{n}",
                cumulative_received=7.0 * n, cumulative_since_us=-n, last_receipt=f"N{n - 1}",
            )
        )  # fmt: skip
        shipments.append(
            ShipmentLine(
                event_id=UUID(int=10 * n + 1), document=f"N{n}", announced_us=(n + 3) * DAY,
                known_us=(n + 3) * DAY, quantity=10, group=named, line="1", message=f"s{n}",
                delivery_note=f"N{n}", shipment="truck", despatched_us=(n + 3) * DAY,
                arrives_us=(n + 5) * DAY, cumulative_quantity=9.0 * n,
            )
        )  # fmt: skip
        receipts += [
            ReceiptLine(
                event_id=UUID(int=10 * n + 2 + part), document=f"R{n}{part}",
                received_us=(n + 5) * DAY + part, known_us=(n + 5) * DAY, quantity=quantity,
                group=named, line="1", message=f"r{n}{part}", delivery_note=f"N{n}",
            )
            for part, quantity in enumerate([10, -2] if n % 5 == 0 else [10])
        ]  # fmt: skip
    return RelationFacts(
        supplier="a", material="b", entries=tuple(entries), shipments=tuple(shipments),
        receipts=tuple(receipts), lost_spans=tuple((n * DAY, n * DAY + 9) for n in range(orders)),
    )  # fmt: skip


@pytest.mark.parametrize("naming", ["all", "order only", "none", "no orders"])
@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        (Reference.REQUESTED, DemandRule.ENTRIES),
        (Reference.CONFIRMED, DemandRule.LATEST),
        (Reference.REQUESTED, DemandRule.CUMULATIVE),
    ],
)
def test_twice_the_facts_are_twice_the_work(
    naming: str, reference: Reference, rule: DemandRule
) -> None:
    policy = Policy(reference=reference, demand=rule)
    counts = [
        count_lines(
            partial(
                reconcile,
                relation(orders, naming),
                Terms(policies=((-DAY, policy),), zone=ZoneInfo("UTC"), now_us=(orders // 2) * DAY),
            )
        )
        for orders in (SMALL, SMALL * FACTOR)
    ]
    assert counts[1] / counts[0] < GROWTH_MAX
