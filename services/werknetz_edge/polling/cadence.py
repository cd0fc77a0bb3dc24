"""Poll the points of one period in one session and report their values.

A machine refuses a whole request because of one missing address. Such a piece is split until the
missing address is alone, so that its neighbours get values.
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

CUTS_MAX: Final = (
    64  # of a session: a machine that refuses everything must not cause ever more requests
)


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
        self.refused: dict[str, str] = {}  # piece → reason, at the last poll
        self.is_splitting = False  # the next poll uses smaller pieces and should follow at once

    async def poll(
        self, on_answer: Callable[[int], None]
    ) -> tuple[ReportedValues, Exception | None]:
        """Poll all points once; return the values received, and the loss that ended the poll."""
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
                    on_answer(at_us)
                for index, answer in zip(request, answers, strict=True):
                    self._store_answer(poll, index, answer, at_us, cuts)
        except (ConnectionLost, OSError) as error:
            loss = error
        reported = self._report.select(poll, time.monotonic())
        self.is_splitting = bool(cuts)
        if cuts:
            self._cuts |= cuts
            self.plan = build_plan(self._points, self._period_s, self._rules, self._cuts)
            self._report.use_plan(self.plan)
        return reported, loss

    def _store_answer(
        self, poll: PollAnswers, index: int, answer: bytes | Refusal, at_us: int, cuts: set[Cut]
    ) -> None:
        piece = self.plan.pieces[index]
        if isinstance(answer, Refusal):
            if answer.is_divisible and len(self._cuts) + len(cuts) < CUTS_MAX:
                cut = self.plan.find_cut(index)
                if cut is not None:
                    cuts.add(cut)  # reported once the refused address is known
                    return
            poll.status[index] = answer.status
            self.refused[self._device.name_of(piece)] = answer.reason
        else:
            poll.image[piece.offset : piece.offset + piece.size] = answer
        poll.at_us[index] = at_us
