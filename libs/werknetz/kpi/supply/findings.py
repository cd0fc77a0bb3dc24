"""Findings: what does not agree in what partners say, each with its messages and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from werknetz.domain.bucket import instant_of

EPSILON: Final = 1e-9  # of a quantity: sums of floats
EVENTS_MAX: Final = 100  # of one finding; what is beyond is in the documents that they name


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    name: str  # what tells it from others of its kind in the relation, whatever the order of events
    at_us: int
    detail: str
    event_ids: tuple[UUID, ...]
    quantity: float | None = None
    expected: float | None = None
    actual: float | None = None


def differ(one: float, other: float) -> bool:
    return abs(one - other) > EPSILON * max(1.0, abs(one), abs(other))


def events_of(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    """Return ids in an order of their own, each once, no more than can be read."""
    return tuple(sorted(set(ids))[:EVENTS_MAX])


def amount(quantity: float) -> str:
    return f"{quantity:,.10g}"


def day(at_us: int) -> str:
    return instant_of(at_us).isoformat(timespec="minutes").replace("+00:00", "Z")
