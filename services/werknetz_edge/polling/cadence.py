"""The points of one period in one session: what is asked, and what of the answers is told.

A machine refuses a whole request for one address that it does not have. Such a piece is parted
until the address stands alone, so that its neighbours have values.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.polling.device import Device, Refusal
from werknetz_edge.polling.grouping import Cut
from werknetz_edge.polling.plan import PollPlan, RequestRules, build_plan
from werknetz_edge.polling.point import Point
from werknetz_edge.polling.report import PollAnswers, Report, ReportedValues

CUTS_MAX: Final = 64  # of a session: a machine that refuses everything is not asked for ever more


def now_us() -> int:
    return time.time_ns() // 1_000


class Cadence:
    def __init__(
        self,
        device: Device,
        points: Sequence[Point],
        period_s: float,
        rules: RequestRules,
        report_of: Callable[[PollPlan], Report],
    ) -> None:
        self._device = device
        self._points = points
        self._period_s = period_s
        self._rules = rules
        self._cuts: set[Cut] = set()
        self.plan = build_plan(points, period_s, rules)
        self._report = report_of(self.plan)
        self.refused: dict[str, str] = {}  # piece → reason, as of the last poll
        self.is_splitting = False  # the next poll asks in other pieces: it should come at once

    async def poll(
        self, answered: Callable[[int], None]
    ) -> tuple[ReportedValues, Exception | None]:
        """Ask everything once. What was answered before a loss is told together with it."""
        poll, loss = PollAnswers.empty(self.plan), None
        cuts: set[Cut] = set()
        self.refused = {}
        try:
            for request in self.plan.requests:
                answers = await self._device.read_pieces(
                    [self.plan.pieces[index] for index in request]
                )
                at_us = now_us()
                if any(isinstance(answer, bytes) or answer.is_answer for answer in answers):
                    answered(at_us)
                for index, answer in zip(request, answers, strict=True):
                    self._take(poll, index, answer, at_us, cuts)
        except (ConnectionLost, OSError) as error:
            loss = error
        told = self._report.select(poll, time.monotonic())
        self.is_splitting = bool(cuts)
        if cuts:
            self._cuts |= cuts
            self.plan = build_plan(self._points, self._period_s, self._rules, self._cuts)
            self._report.use_plan(self.plan)
        return told, loss

    def _take(
        self, poll: PollAnswers, index: int, answer: bytes | Refusal, at_us: int, cuts: set[Cut]
    ) -> None:
        piece = self.plan.pieces[index]
        if isinstance(answer, Refusal):
            if answer.is_divisible and len(self._cuts) + len(cuts) < CUTS_MAX:
                cut = self.plan.find_cut(index)
                if cut is not None:
                    cuts.add(cut)  # told when it is known which of them it is
                    return
            poll.status[index] = answer.status
            self.refused[self._device.name_of(piece)] = answer.reason
        else:
            poll.image[piece.offset : piece.offset + piece.size] = answer
        poll.at_us[index] = at_us
