"""Call-off stability: how much of what lay in the frozen zone the next call-off has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from werknetz.kpi.supply.facts import Terms
from werknetz.kpi.supply.schedule import Version, due_of


@dataclass(frozen=True, slots=True)
class Change:
    """What one call-off has changed of the one before, inside the frozen zone at its issue."""

    at_us: int
    document: str
    changed: float  # sum of what was added and taken away, due date by due date
    total: float  # of the larger quantity at each due date: so changed / total is at most 1


def changes(versions: Sequence[Version], terms: Terms) -> list[Change]:
    """Return the changes of a group, call-off by call-off.

    What was due before the issue is left out: it may have come, and so is rightly gone.
    """
    chain = [version for version in versions if version.from_us is not None]
    found = []
    for former, version in pairwise(chain):
        start_us = version.issued_us
        zone = (start_us, start_us + terms.at(start_us).frozen_us)
        old, new = _within(former, zone), _within(version, zone)
        pairs = [(old.get(due, 0.0), new.get(due, 0.0)) for due in old.keys() | new.keys()]
        total = sum(max(pair) for pair in pairs)
        if total > 0:
            changed = sum(abs(after - before) for before, after in pairs)
            found.append(Change(start_us, version.document, changed, total))
    return found


def _within(version: Version, zone: tuple[int, int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for entry in version.entries:
        due_us = due_of(entry)[0]
        if entry.commitment != "backlog" and zone[0] <= due_us < zone[1]:
            found[due_us] = found.get(due_us, 0.0) + entry.quantity
    return found
