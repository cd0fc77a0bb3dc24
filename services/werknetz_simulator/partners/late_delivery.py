"""A delivery that somebody made late while the plants run: `werknetz demo late-delivery`.

A file says from when until when the planted line has none of its material. Machines stand then;
the warehouse gives out the last of it, and what was overdue comes at the end.
"""

import json
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.partners import PLANTED, Relation
from werknetz_simulator.partners.timeline import Move, Receipt, Shipment, Story, Told
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, instant_of

TOLD_AFTER_US: Final = 10 * SECOND_US  # the despatch advice, when the line already stands
Span = tuple[int, int]


class Late:
    """`story`: of the planted relation, which goes on as if nothing had been."""

    def __init__(self, file: Path, story: Story) -> None:
        self._file, self._story = file, story

    def told(self, start_us: int, end_us: int) -> list[tuple[Relation, Told]]:
        """Return what is told of it with start < at <= end."""
        found = [one for span in spans(self._file) for one in self._of(*span)]
        return [(PLANTED, one) for one in found if start_us < one.at_us <= end_us]

    def _of(self, start_us: int, end_us: int) -> list[Told]:
        left = self._story.stock(start_us)
        if not left:
            return []  # the line stands anyway
        name = f"{start_us // MINUTE_US}"
        note = f"LS-SPAET-{name}"
        due = instant_of(start_us).date()
        return [
            Move(start_us, f"B-SPAET-{name}-A", -left),
            Shipment(start_us + TOLD_AFTER_US, note, due, left, start_us, end_us),
            Receipt(end_us, f"WE-SPAET-{name}", note, left),
            Move(end_us, f"B-SPAET-{name}-E", left),
        ]


def spans(file: Path) -> list[Span]:
    if not file.exists():
        return []
    content: dict[str, list[list[int]]] = json.loads(file.read_text(encoding="utf-8"))
    return sorted({(start, end) for each in content.values() for start, end in each})
