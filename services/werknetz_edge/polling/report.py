"""Select the values of a poll to report: changes, and every value after `silence_max_s`."""

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
    """The answers of one poll, by piece. `at_us` 0: no answer."""

    image: bytearray
    status: NDArray[np.uint32]
    at_us: NDArray[np.int64]

    @classmethod
    def empty(cls, plan: PollPlan) -> "PollAnswers":
        pieces = len(plan.pieces)
        return cls(bytearray(plan.size), np.zeros(pieces, np.uint32), np.zeros(pieces, np.int64))


@dataclass(slots=True)
class ReportedValues:
    """The selected values, for a delivery."""

    blocks: list[ReadingBlock] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.blocks or self.readings or self.unreadable)


@dataclass(slots=True)
class _LastText:
    """The last reported state of a text."""

    raw: bytes = b""
    status: int = GOOD
    at_s: float = -inf


class Report:
    """The report of one cadence in one session; a new session reports everything once."""

    def __init__(
        self, plan: PollPlan, addresses: Sequence[str], *, every: bool, silence_max_s: float
    ) -> None:
        self._layout = plan.layout
        self._addresses = addresses
        self._silence_max_s = 0.0 if every else silence_max_s
        count = len(plan.layout.rows)
        self._key = np.zeros(count, np.int64)
        self._status = np.zeros(count, np.uint32)
        self._reported_s = np.full(count, -inf)
        self._coded = [_LastText() for _ in plan.layout.coded]

    def use_plan(self, plan: PollPlan) -> None:
        """Use another plan for the same points."""
        self._layout = plan.layout

    def select(self, poll: PollAnswers, now_s: float) -> ReportedValues:
        reported = ReportedValues()
        if len(self._layout.rows):
            self._add_numbers(poll, now_s, reported)
        for last, coded in zip(self._coded, self._layout.coded, strict=True):
            self._add_text(coded, last, poll, now_s, reported)
        return reported

    def _add_numbers(self, poll: PollAnswers, now_s: float, reported: ReportedValues) -> None:
        layout = self._layout
        numbers = layout.read_numbers(poll.image)
        status, at_us = poll.status[layout.piece], poll.at_us[layout.piece]
        refused = status != GOOD
        numbers.value[refused] = np.nan
        numbers.key[refused] = 0
        chosen = (at_us > 0) & (
            (numbers.key != self._key)
            | (status != self._status)
            | (now_s - self._reported_s >= self._silence_max_s)
        )
        self._key[chosen] = numbers.key[chosen]
        self._status[chosen] = status[chosen]
        self._reported_s[chosen] = now_s
        for index, exact in numbers.large.items():
            if chosen[index] and not refused[index]:
                chosen[index] = False
                address = self._addresses[int(layout.rows[index])]
                reported.readings.append(Reading(address, exact, source_time_us=int(at_us[index])))
        if chosen.any():
            reported.blocks.append(
                ReadingBlock(
                    addresses=self._addresses,
                    address=layout.rows[chosen],
                    value=numbers.value[chosen],
                    status=status[chosen],
                    source_time_us=at_us[chosen],
                )
            )

    def _add_text(
        self,
        coded: CodedPoint,
        last: _LastText,
        poll: PollAnswers,
        now_s: float,
        reported: ReportedValues,
    ) -> None:
        location = coded.location
        pieces = slice(location.first, location.last + 1)
        if not poll.at_us[pieces].all():
            return
        at_us, status = int(poll.at_us[pieces].max()), int(poll.status[pieces].max())
        raw = bytes(poll.image[location.offset : location.offset + coded.cell.size])
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
                if is_new:  # quarantine it once, not at each report
                    reported.unreadable.append(Unmapped(address, str(error), raw, at_us))
        reported.readings.append(Reading(address, value, status, source_time_us=at_us, raw=raw))
