"""Findings: contradictions in partners' messages, each with the messages and a remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from werknetz.texts.sentence import Sentence

EPSILON: Final = 1e-9  # of a quantity: sums of floats
EVENTS_MAX: Final = 100  # of one finding; the documents that it names have the others


@dataclass(frozen=True, slots=True)
class SupplyFinding:
    kind: str
    name: str  # unique for its kind in the relation, whatever the order of events
    at_us: int
    detail: Sentence
    event_ids: tuple[UUID, ...]
    quantity: float | None = None
    expected: float | None = None
    actual: float | None = None


def differ(left: float, right: float) -> bool:
    return abs(left - right) > EPSILON * max(1.0, abs(left), abs(right))


def event_ids_of(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    """Return unique ids in a stable order, at most EVENTS_MAX."""
    return tuple(sorted(set(ids))[:EVENTS_MAX])
