"""What a reader gives: facts, and places that could not be read. Shared by EDIFACT and VDA."""

from dataclasses import dataclass
from typing import Any

Scope = dict[str, Any]
"""Fields of an event."""


@dataclass(frozen=True, slots=True)
class Found:
    """One fact."""

    item: str  # "LIN 3 QTY 2", "713 1 714 2"
    kind: str
    fields: Scope
    at_us: int | None
    segments: tuple[int, int]  # first and last, in the message; of VDA: records


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be read, and why."""

    item: str
    reason: str
    segment: int  # where it is
    segments: tuple[int, int]  # what is lost by it: first and last
