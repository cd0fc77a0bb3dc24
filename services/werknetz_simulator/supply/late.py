"""A delivery that somebody made late while the plants run: `werknetz demo late-delivery`.

A file says from when until when the planted line has none of its material. Machines stand then;
the warehouse takes the last, and what was due that morning comes at the end.
"""

import json
from pathlib import Path
from typing import Final

from werknetz_simulator.plan import MINUTE_US, instant_of
from werknetz_simulator.supply.group import PLANTED, Relation
from werknetz_simulator.supply.story import CallOff, Count, Entry, Move, Receipt, Shipment, Told

AGAIN: Final = 400  # pieces that come at last
TAKES_US: Final = 10_000_000
Span = tuple[int, int]


class Late:
    def __init__(self, file: Path) -> None:
        self._file = file

    def told(self, start_us: int, end_us: int) -> list[tuple[Relation, Told]]:
        """Return what is told of it with start < at <= end."""
        found = [one for span in spans(self._file) for one in _of(span)]
        return [(PLANTED, one) for one in found if start_us < one.at_us <= end_us]


def spans(file: Path) -> list[Span]:
    if not file.exists():
        return []
    content: dict[str, list[list[int]]] = json.loads(file.read_text(encoding="utf-8"))
    return sorted({(start, end) for each in content.values() for start, end in each})


def _of(span: Span) -> list[Told]:
    start_us, end_us = span
    name = f"{start_us // MINUTE_US}"
    due = instant_of(start_us).date()
    note = f"LS-SPAET-{name}"
    return [
        Count(start_us, f"INV-SPAET-{name}", 0),
        CallOff(start_us - 1, f"LAB-SPAET-{name}", (Entry(due, AGAIN, is_firm=True),)),
        Shipment(start_us + TAKES_US, note, due, AGAIN, start_us, end_us),
        Receipt(end_us, f"WE-SPAET-{name}", note, AGAIN),
        Move(end_us, f"B-SPAET-{name}", AGAIN),
    ]
