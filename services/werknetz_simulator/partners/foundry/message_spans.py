"""Which stretches of time the supplier has told, and how densely: kept in a file over its starts.

While nobody ran it, it told what happens on the hour; while it runs, every slot. What was not
told for longer than a week stays untold.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.foundry.timeline import SLOT_US
from werknetz_simulator.plants.plan import DAY_US, HOUR_US

PAST_US: Final = 7 * DAY_US
SPANS_MAX: Final = 1_000  # two a start


@dataclass(frozen=True, slots=True)
class Span:
    """Slots with start < at <= end; without an end it goes on."""

    start_us: int
    end_us: int | None
    every_us: int

    def slots(self, until_us: int) -> Iterator[int]:
        """Yield its instants up to and with `until_us`."""
        end_us = until_us if self.end_us is None else min(self.end_us, until_us)
        yield from range(
            self.start_us - self.start_us % self.every_us + self.every_us, end_us + 1, self.every_us
        )


class Diary:
    """Of one supplier. The same start again, after a kill, goes on where it was."""

    def __init__(self, file: Path, start_us: int) -> None:
        self._file = file
        self.spans, told_us = read_diary(file)
        self.told_us = start_us - PAST_US if told_us is None else told_us
        if not self.spans or self.spans[-1].start_us != start_us:
            self._begin(start_us)
        self._write()

    def waiting(self, now_us: int) -> Iterator[int]:
        """Yield the slots up to now that are still to be told, in order of time."""
        for span in self.spans:
            yield from (at_us for at_us in span.slots(now_us) if at_us > self.told_us)

    def told(self, at_us: int) -> None:
        self.told_us = at_us
        self._write()

    def _begin(self, start_us: int) -> None:
        ended = [
            replace(span, end_us=min(span.end_us or self.told_us, self.told_us))
            for span in self.spans
            if span.start_us < self.told_us
        ]
        past = Span(max(self.told_us, start_us - PAST_US), start_us, HOUR_US)
        self.spans = [*ended, past, Span(start_us, None, SLOT_US)][-SPANS_MAX:]

    def _write(self) -> None:
        tree = {
            "told_us": self.told_us,
            "spans": [[span.start_us, span.end_us, span.every_us] for span in self.spans],
        }
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(tree))
        draft.replace(self._file)


def read_diary(file: Path) -> tuple[list[Span], int | None]:
    """The spans, and up to where they were told; None: there is no diary yet."""
    if not file.exists():
        return [], None
    tree = json.loads(file.read_text())
    return [Span(*span) for span in tree["spans"]], int(tree["told_us"])
