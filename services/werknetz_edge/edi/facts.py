"""The results of reading: facts, and faults where input is unreadable. For EDIFACT and VDA."""

from dataclasses import dataclass
from typing import Any

FactFields = dict[str, Any]
"""Fields of an event."""


@dataclass(frozen=True, slots=True)
class EdiFact:
    """One fact that was read."""

    item: str  # "LIN 3 QTY 2", "713 1 714 2"
    kind: str
    fields: FactFields
    at_us: int | None
    segments: tuple[int, int]  # first and last, in the message; of VDA: records


@dataclass(frozen=True, slots=True)
class EdiFault:
    """Unreadable input, and the reason."""

    item: str
    reason: str
    segment: int  # position of the fault
    segments: tuple[int, int]  # first and last segment that are lost
