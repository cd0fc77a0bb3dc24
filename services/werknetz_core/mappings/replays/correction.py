"""What the replay of a page changes: the difference of the old and the new normalization.

Only points that differ are changed, with all their samples of that input, so that samples with the
same time keep their order.
"""

from dataclasses import dataclass, field

from werknetz.connector.quarantine import kind_of_reason
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GroupEnd,
    PointDefinition,
    Unmapped,
)
from werknetz.events.facts import body_of
from werknetz_core.mappings.raw_inputs import StoredRawInput
from werknetz_core.mappings.replay_normalizer import NormalizedInput, PointSamples


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """What changes of the facts of one input; ends of groups and withdrawals are the new ones."""

    raw_input: StoredRawInput
    removed: tuple[BusinessEvent, ...]
    changed: tuple[tuple[BusinessEvent, BusinessEvent], ...]  # before and after
    added: tuple[BusinessEvent, ...]
    withdrawn: tuple[EventWithdrawn, ...]
    ended: tuple[GroupEnd, ...]

    @classmethod
    def of(
        cls, raw_input: StoredRawInput, before: NormalizedInput, after: NormalizedInput
    ) -> "EventCorrection":
        old = {event.event_id: event for event in before.events}
        new = {event.event_id: event for event in after.events}
        former_ids = {withdrawal.event_id for withdrawal in before.withdrawn}
        return cls(
            raw_input,
            removed=tuple(event for event_id, event in old.items() if event_id not in new),
            changed=tuple(
                (old[event_id], event)
                for event_id, event in new.items()
                if event_id in old and not _is_same(old[event_id], event)
            ),
            added=tuple(event for event_id, event in new.items() if event_id not in old),
            withdrawn=tuple(w for w in after.withdrawn if w.event_id not in former_ids),
            ended=tuple(end for end in after.ended if end not in before.ended),
        )

    @property
    def is_empty(self) -> bool:
        return not (self.removed or self.changed or self.added or self.withdrawn or self.ended)


@dataclass(slots=True)
class Correction:
    """The changes of one page: samples to remove and to add, events, and refusals."""

    removals: list[tuple[str, PointSamples]] = field(default_factory=list)
    # With the number of the batch.
    additions: list[tuple[PointDefinition, PointSamples, int]] = field(default_factory=list)
    events: list[EventCorrection] = field(default_factory=list)
    newly_refused: list[tuple[StoredRawInput, Unmapped]] = field(default_factory=list)
    # By spool and sequence number: (source, item) that the new mapping refuses, and all sources.
    refused_now: dict[tuple[object, int], set[tuple[str, str]]] = field(default_factory=dict)
    sources: dict[tuple[object, int], set[str]] = field(default_factory=dict)
    inputs: list[StoredRawInput] = field(default_factory=list)
    skipped: int = 0

    def add_input(
        self, raw_input: StoredRawInput, before: NormalizedInput, after: NormalizedInput
    ) -> None:
        self.inputs.append(raw_input)
        for key in sorted(before.samples.keys() | after.samples.keys()):
            old, new = before.samples.get(key), after.samples.get(key)
            if old is not None and new is not None and old.equals(new):
                continue
            if old is not None:
                self.removals.append((key, old))
            if new is not None:
                self.additions.append((after.points[key], new, raw_input.position[2]))
        events = EventCorrection.of(raw_input, before, after)
        if not events.is_empty:
            self.events.append(events)
        batch = raw_input.position[1:]
        self.sources[batch] = sources_of(raw_input)
        self.refused_now[batch] = {(entry.source, entry.item) for entry in after.refused}
        refused_before = {_refusal_key(entry) for entry in before.refused}
        self.newly_refused += [
            (raw_input, entry)
            for entry in after.refused
            if _refusal_key(entry) not in refused_before
        ]


def sources_of(raw_input: StoredRawInput) -> set[str]:
    """Return every address and record source in an input."""
    delivery = raw_input.raw_delivery.delivery
    sources = {reading.source for reading in delivery.readings}
    sources |= {record.source for record in delivery.records}
    for block in delivery.blocks:
        sources |= set(block.addresses)
    return sources


def _refusal_key(entry: Unmapped) -> tuple[str, str, str]:
    return entry.source, kind_of_reason(entry.reason), entry.item


def _is_same(before: BusinessEvent, after: BusinessEvent) -> bool:
    return (body_of(before.fact), before.at_us) == (body_of(after.fact), after.at_us)
