"""What the supplier of an installation told, against what the platform knows of it."""

import time

from plumbing.installation import Installation
from werknetz_demo.supplier import CONNECTORS, NAME
from werknetz_simulator.partners.foundry.expected import Facts, Known, known
from werknetz_simulator.partners.foundry.folders import Place
from werknetz_simulator.partners.foundry.message_spans import read_diary
from werknetz_simulator.partners.foundry.timeline import SupplierTruth
from werknetz_simulator.plants.plan import instant_of

_FACTS = """
    SELECT kind, count(*), sum((body->>'quantity')::float) AS quantity FROM business_events
    WHERE connector_id = ANY($1) AND at <= $2 GROUP BY kind
"""


def place_of(demo: Installation) -> Place:
    return Place(demo.folder / NAME)


def told(demo: Installation, until_us: int) -> Known:
    """By the supplier's own arithmetic."""
    spans, _ = read_diary(place_of(demo).diary)
    return known(SupplierTruth(), spans, until_us)


def told_us(demo: Installation) -> int:
    _, until_us = read_diary(place_of(demo).diary)
    assert until_us is not None, "the supplier has told nothing"
    return until_us


def stored(demo: Installation, until_us: int) -> dict[str, Facts]:
    """By the platform's tables."""
    rows = demo.query(_FACTS, CONNECTORS, instant_of(until_us))
    return {row["kind"]: Facts(row["count"], round(row["quantity"], 2)) for row in rows}


def agree(demo: Installation, until_us: int, within_s: float = 30) -> Known:
    """Wait until as much is stored as was told; then it must be that, not more. Return it."""
    expected = told(demo, until_us)
    facts = {
        kind: Facts(each.count, round(each.quantity, 2)) for kind, each in expected.facts.items()
    }
    deadline = time.monotonic() + within_s
    while (found := stored(demo, until_us)) != facts and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == facts, demo.report()
    return expected
