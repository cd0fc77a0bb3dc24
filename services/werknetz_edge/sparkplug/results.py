"""Results of messages: readings, columns of numbers, history, gaps, quarantine."""

from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from werknetz.connector.contract import Reading, ReadingBlock
from werknetz.events.batch import GapClosed, GapOpened, Unmapped

TEXT_MAX: Final = 300


@dataclass(slots=True)
class ValueColumns:
    """Numbers as columns, in the order of arrival."""

    index: "array[int]" = field(default_factory=lambda: array("i"))
    value: "array[float]" = field(default_factory=lambda: array("d"))
    status: "array[int]" = field(default_factory=lambda: array("I"))
    time_us: "array[int]" = field(default_factory=lambda: array("q"))

    def fill_status(self) -> None:
        """Fill the missing statuses of new rows with Good, which is 0."""
        self.status.frombytes(bytes(self.status.itemsize * (len(self.index) - len(self.status))))

    def block(self, addresses: list[str], booleans: set[int]) -> ReadingBlock:
        """Return the block; `booleans`: which addresses have Booleans."""
        address = np.frombuffer(self.index, np.int32)
        return ReadingBlock(
            addresses=addresses,
            address=address,
            value=np.frombuffer(self.value, np.float64),
            status=np.frombuffer(self.status, np.uint32),
            source_time_us=np.frombuffer(self.time_us, np.int64),
            boolean=np.isin(address, list(booleans)) if booleans else None,
        )


@dataclass(slots=True)
class MessageResults:
    """Results of messages, in order. `tokens` are those of messages that are complete in it."""

    readings: list[Reading] = field(default_factory=list)
    columns: ValueColumns = field(default_factory=ValueColumns)
    history: list[Reading] = field(default_factory=list)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    tokens: list[object] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.columns.index) + len(self.readings) + len(self.history)

    @property
    def is_empty(self) -> bool:
        return not (self.size or self.gaps or self.unreadable or self.tokens)


@dataclass(slots=True)
class PeerNotes:
    """Deviations of peers from the specification: the count and the last one of each kind."""

    _counts: OrderedDict[str, tuple[int, str]] = field(default_factory=OrderedDict)

    def add(self, kind: str, text: str) -> None:
        """Count a deviation. Kinds are a fixed set; texts may come from peers and are cut."""
        count, _ = self._counts.get(kind, (0, ""))
        self._counts[kind] = (count + 1, text[:TEXT_MAX])

    def texts(self) -> dict[str, str]:
        return {
            kind: f"{count} times, last: {text}" for kind, (count, text) in self._counts.items()
        }
