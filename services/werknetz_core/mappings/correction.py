"""What a replayed page changes: pure, from what was said and what is said now.

Only points that differ are touched, with all their samples of that input, so that the order of
samples at one instant stays that in which they came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from werknetz.connector.quarantine import kind_of_reason
from werknetz.events.batch import BusinessEvent, PointDefinition, Unmapped
from werknetz.events.facts import body_of
from werknetz_core.mappings.raw_inputs import Kept
from werknetz_core.mappings.replay_namer import Named, Said


@dataclass(slots=True)
class Correction:
    """Of one page: samples to remove and to add, events, and what is refused."""

    remove: list[tuple[str, Said]] = field(default_factory=list)
    add: list[tuple[PointDefinition, Said]] = field(default_factory=list)
    new_events: list[tuple[Kept, BusinessEvent]] = field(default_factory=list)
    changed_events: list[BusinessEvent] = field(default_factory=list)
    gone_events: list[BusinessEvent] = field(default_factory=list)
    refused: list[tuple[Kept, Unmapped]] = field(default_factory=list)  # only by the new one
    still: dict[tuple[object, int], set[tuple[str, str]]] = field(default_factory=dict)
    seen: dict[tuple[object, int], set[str]] = field(default_factory=dict)
    inputs: list[Kept] = field(default_factory=list)
    skipped: int = 0

    def feed(self, kept: Kept, before: Named, after: Named) -> None:
        self.inputs.append(kept)
        for key in sorted(before.said.keys() | after.said.keys()):
            old, new = before.said.get(key), after.said.get(key)
            if old is not None and new is not None and old.same(new):
                continue
            if old is not None:
                self.remove.append((key, old))
            if new is not None:
                self.add.append((after.points[key], new))
        self._events(kept, before.events, after.events)
        place = kept.place[1:]
        self.seen[place] = sources_of(kept)
        self.still[place] = {(each.source, each.item) for each in after.refused}
        known = {(each.source, kind_of_reason(each.reason), each.item) for each in before.refused}
        self.refused += [
            (kept, each)
            for each in after.refused
            if (each.source, kind_of_reason(each.reason), each.item) not in known
        ]

    def _events(
        self, kept: Kept, before: Sequence[BusinessEvent], after: Sequence[BusinessEvent]
    ) -> None:
        old = {event.event_id: event for event in before}
        new = {event.event_id: event for event in after}
        for event_id, event in new.items():
            was = old.get(event_id)
            if was is None:
                self.new_events.append((kept, event))
            elif (body_of(was.fact), was.at_us) != (body_of(event.fact), event.at_us):
                self.changed_events.append(event)
        self.gone_events += [event for event_id, event in old.items() if event_id not in new]


def sources_of(kept: Kept) -> set[str]:
    """Every address and record source that an input holds."""
    delivery = kept.opened.delivery
    found = {session.source for session in delivery.readings}
    found |= {record.source for record in delivery.records}
    for block in delivery.blocks:
        found |= set(block.addresses)
    return found


def joined(parts: Iterable[Said]) -> Said:
    known = list(parts)
    return Said(
        np.concatenate([part.at_us for part in known]),
        np.concatenate([part.value for part in known]),
        np.concatenate([part.status for part in known]),
        np.concatenate([part.server_us for part in known]),
        np.concatenate([part.text for part in known]),
    )
