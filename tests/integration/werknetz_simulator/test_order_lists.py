"""Order lists: read by the real connector, each change of an order of the machines as an event."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plumbing.edge_records import ReceivedRecords, config_of, read_until
from werknetz.events import facts
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, Plant
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.mes import article_of
from werknetz_simulator.plants.systems.order_lists import (
    OrderListWriter,
    materials_of,
    order_list_edge_of,
)
from werknetz_simulator.plants.truth import Truth

SINCE_US = us_of(datetime(2026, 10, 21, 22, tzinfo=UTC))  # over a weekend and a clock change
NOW_US = SINCE_US + 5 * DAY_US + 7 * HOUR_US
Change = tuple[str, str, str, str, int]


def changes_of(truth: Truth) -> Counter[Change]:
    """Return what the orders of the machines begin and end, from one look at the whole span."""
    changes: Counter[Change] = Counter()
    for machine in truth.plant.machines:
        order = ""
        for segment in truth.segments(machine, SINCE_US, NOW_US):
            if segment.order == order:
                continue
            at_us = max(segment.start_us, SINCE_US)
            for kind, number in (("job_finished", order), ("job_started", segment.order)):
                if number:
                    article = article_of(machine, number)
                    changes[kind, machine.path, number, article, at_us] += 1
            order = segment.order
    return changes


@pytest.mark.asyncio
@pytest.mark.parametrize("plant", [EMDEN_1, PLANTS["zwick-2"]], ids=lambda plant: plant.name)
async def test_every_change_of_an_order_arrives_once(tmp_path: Path, plant: Plant) -> None:
    truth, folder = Truth(plant, since_us=SINCE_US), tmp_path / "orders"
    folder.mkdir()
    writer = OrderListWriter(truth, folder, ResumePosition(None, SINCE_US))
    while writer.write_next(NOW_US):
        pass
    expected = changes_of(truth)
    edge = order_list_edge_of(plant, folder, "./spool")
    received = ReceivedRecords()
    config = config_of(edge, tmp_path)
    await read_until(config, received, lambda: len(received.events) >= expected.total())
    assert not received.refused
    arrived = Counter(
        (facts.kind_of(fact), fact.equipment, fact.order_number, fact.material or "", event.at_us)
        for event in received.events
        if isinstance(fact := event.fact, facts.JobStarted | facts.JobFinished)
    )
    assert arrived == expected
    assert {change[3] for change in expected} <= {number for number, _, _ in materials_of(plant)}
