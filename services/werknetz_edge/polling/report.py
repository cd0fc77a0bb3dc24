"""What of a poll is told: what has changed, and everything again after `silence_max_s`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.contract import Reading, ReadingBlock
from werknetz.domain.status import GOOD
from werknetz.events.batch import Unmapped
from werknetz_edge.polling.layout import CodedPoint
from werknetz_edge.polling.plan import PollPlan

BAD_DECODING: Final = 0x8007_0000  # BadDecodingError


@dataclass(slots=True)
class PollAnswers:
    """The answers of one poll, by piece. `at_us` 0: the machine was not reached."""

    image: bytearray
    status: NDArray[np.uint32]
    at_us: NDArray[np.int64]

    @classmethod
    def empty(cls, plan: PollPlan) -> "PollAnswers":
        pieces = len(plan.pieces)
        return cls(bytearray(plan.size), np.zeros(pieces, np.uint32), np.zeros(pieces, np.int64))


@dataclass(slots=True)
class ReportedValues:
    """What goes to the pump."""

    blocks: list[ReadingBlock] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.blocks or self.readings or self.unreadable)


@dataclass(slots=True)
class _Last:
    """What was told last of a text."""

    raw: bytes = b""
    status: int = GOOD
    at_s: float = -inf


class Report:
    """Of one cadence, for one session: a new one tells everything once."""

    def __init__(
        self, plan: PollPlan, addresses: Sequence[str], *, every: bool, silence_max_s: float
    ) -> None:
        self._layout = plan.layout
        self._addresses = addresses
        self._silence_max_s = 0.0 if every else silence_max_s
        count = len(plan.layout.rows)
        self._key = np.zeros(count, np.int64)
        self._status = np.zeros(count, np.uint32)
        self._told_s = np.full(count, -inf)
        self._coded = [_Last() for _ in plan.layout.coded]

    def use_plan(self, plan: PollPlan) -> None:
        """The same points are asked for in other pieces."""
        self._layout = plan.layout

    def select(self, poll: PollAnswers, now_s: float) -> ReportedValues:
        told = ReportedValues()
        if len(self._layout.rows):
            self._numbers(poll, now_s, told)
        for last, coded in zip(self._coded, self._layout.coded, strict=True):
            self._text(coded, last, poll, now_s, told)
        return told

    def _numbers(self, poll: PollAnswers, now_s: float, told: ReportedValues) -> None:
        layout = self._layout
        numbers = layout.read_numbers(poll.image)
        status, at_us = poll.status[layout.piece], poll.at_us[layout.piece]
        refused = status != GOOD
        numbers.value[refused] = np.nan
        numbers.key[refused] = 0
        chosen = (at_us > 0) & (
            (numbers.key != self._key)
            | (status != self._status)
            | (now_s - self._told_s >= self._silence_max_s)
        )
        self._key[chosen] = numbers.key[chosen]
        self._status[chosen] = status[chosen]
        self._told_s[chosen] = now_s
        for index, exact in numbers.large.items():
            if chosen[index] and not refused[index]:
                chosen[index] = False
                address = self._addresses[int(layout.rows[index])]
                told.readings.append(Reading(address, exact, source_time_us=int(at_us[index])))
        if chosen.any():
            told.blocks.append(
                ReadingBlock(
                    addresses=self._addresses,
                    address=layout.rows[chosen],
                    value=numbers.value[chosen],
                    status=status[chosen],
                    source_time_us=at_us[chosen],
                )
            )

    def _text(
        self, coded: CodedPoint, last: _Last, poll: PollAnswers, now_s: float, told: ReportedValues
    ) -> None:
        place = coded.location
        pieces = slice(place.first, place.last + 1)
        if not poll.at_us[pieces].all():
            return
        at_us, status = int(poll.at_us[pieces].max()), int(poll.status[pieces].max())
        raw = bytes(poll.image[place.offset : place.offset + coded.cell.size])
        if status != GOOD:
            raw = b""
        if (raw, status) == (last.raw, last.status) and now_s - last.at_s < self._silence_max_s:
            return
        is_new = last.raw != raw
        last.raw, last.status, last.at_s = raw, status, now_s
        address = self._addresses[coded.row]
        value = None
        if status == GOOD:
            try:
                value = coded.cell.read(raw)
            except ValueError as error:
                status = BAD_DECODING
                if is_new:  # in quarantine once, however often it is told that there is no value
                    told.unreadable.append(Unmapped(address, str(error), raw, at_us))
        told.readings.append(Reading(address, value, status, source_time_us=at_us, raw=raw))
