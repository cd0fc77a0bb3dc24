"""The results of reading: facts, faults and remarks. For EDIFACT and VDA."""

from dataclasses import dataclass
from typing import Any

FactFields = dict[str, Any]
"""Fields of an event."""


@dataclass(frozen=True, slots=True)
class EdiFact:
    """One fact that was read. `line` and `entry` identify it within its document."""

    item: str  # "LIN 3 QTY 2", "713 1 714 2"
    kind: str
    fields: FactFields
    at_us: int | None
    segments: tuple[int, int]  # first and last, in the message; of VDA: records
    line: str = ""  # number of the line; without one its item numbers
    entry: int = 0  # of a line with several: from 1
    is_deleted: bool = False  # the sender deletes the line, with all its entries


@dataclass(frozen=True, slots=True)
class EdiFault:
    """Unreadable input, and the reason: its line is not stored."""

    item: str
    reason: str
    segment: int  # position of the fault
    segments: tuple[int, int]  # first and last segment that are lost


@dataclass(frozen=True, slots=True)
class EdiRemark:
    """Input without a meaning here. The line is stored without it."""

    item: str
    reason: str
    segment: int  # position of the first
    count: int = 1
