"""The polling connector: asks on time, tells what changed, and says what it could not ask.

Polled inside `read`, so a pump that is busy is not overrun: what it has no time for is skipped and
counted. A machine gives nothing again; what was polled and not kept is a gap after a restart.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
)
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.polling.device import Device, Refusal
from werknetz_edge.polling.memory import PollMemory
from werknetz_edge.polling.options import PollingOptions
from werknetz_edge.polling.outage import Outage
from werknetz_edge.polling.plan import Plan
from werknetz_edge.polling.point import Point
from werknetz_edge.polling.report import Poll, Report, Told
from werknetz_edge.polling.schedule import Schedule

MEMORY: Final = "polled.json"
_SHOWN_MAX: Final = 5


class PollingConnector:
    """One machine. See `werknetz.connector.contract.Connector` for what it promises."""

    def __init__(
        self,
        connector_id: str,
        device: Device,
        points: Sequence[Point],
        options: PollingOptions,
        folder: Path,
    ) -> None:
        self.status = ConnectorStatus()
        self._device = device
        self._options = options
        self._addresses = [point.address for point in points]  # one list, for the normalizer
        periods_s = sorted({point.period_s for point in points})
        self._schedule = Schedule(periods_s)
        self._outage = Outage(connector_id, options.gap_after_polls * periods_s[0])
        self._memory = PollMemory(folder / MEMORY)
        self._is_first = True
        self._plans: list[Plan] = []  # empty: not connected
        self._reports: list[Report] = []
        self._failure: Exception | None = None
        self._loss = ""
        self._polls = 0
        self._refused: dict[str, str] = {}

    async def connect(self) -> None:
        await self.close()
        self.status.state, self.status.detail = "connecting", ""
        try:
            await self._remember()
            opened = await self._device.open()
        except BaseException as error:
            rejected = isinstance(error, ConfigurationRejected)
            self.status.state = "rejected" if rejected else "connecting"
            self.status.detail = str(error) or type(error).__name__
            await self._device.close()
            raise
        self._plans = opened.plans
        self._reports = [
            Report(
                plan,
                self._addresses,
                every=self._options.report == "every",
                silence_max_s=self._options.silence_max_s,
            )
            for plan in opened.plans
        ]
        self._failure = None
        self._refused.clear()
        self._outage.connected(self._loss)
        self._schedule.start(time.monotonic())
        requests = sum(len(plan.requests) for plan in self._plans)
        self.status.details |= opened.details | {
            "values": str(len(self._addresses)),
            "requests": str(requests),
        }
        self.status.state = "running"

    async def _remember(self) -> None:
        """At the first connect: what an edge before us has kept, or that we are the first."""
        if not self._is_first:
            return
        kept_us = await asyncio.to_thread(self._memory.load)
        if kept_us is None:
            self._memory.kept_us = _now_us()
            await self._save()
        else:
            self._outage.restarted(kept_us)
        self._is_first = False

    async def read(self) -> Delivery:
        while True:
            if self._failure is not None:
                raise self._failure
            if not self._plans:
                raise ConnectionLost("not connected")
            cadence, due_s = self._schedule.next()
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if not self._plans:
                continue  # closed while we waited
            self._schedule.begin(cadence, time.monotonic())
            gaps, told = await self._poll(cadence)
            if self._memory.is_due:
                await self._save()
            if gaps or told.blocks or told.readings or told.unreadable:
                return self._delivery(gaps, told)
            if self._failure is None:
                self._memory.quiet(_now_us())

    async def close(self) -> None:
        self._plans, self._reports = [], []
        await self._device.close()
        await self._save()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _poll(self, cadence: int) -> tuple[list[GapOpened | GapClosed], Told]:
        """Ask everything of one cadence. What was answered before a loss is told before it."""
        plan, report = self._plans[cadence], self._reports[cadence]
        poll = Poll.empty(plan)
        gaps: list[GapOpened | GapClosed] = []
        try:
            for request in plan.requests:
                answers = await self._device.ask([plan.pieces[index] for index in request])
                at_us = _now_us()
                gaps += self._outage.answered(at_us, time.monotonic())
                for index, answer in zip(request, answers, strict=True):
                    self._take(plan, poll, index, answer, at_us)
        except (ConnectionLost, OSError) as error:
            self._failure = error
            self._loss = str(error) or type(error).__name__
            if not poll.at_us.any():
                raise
        else:
            self._polls += 1
        self._tell()
        return gaps, report.of(poll, time.monotonic())

    def _take(
        self, plan: Plan, poll: Poll, index: int, answer: bytes | Refusal, at_us: int
    ) -> None:
        piece = plan.pieces[index]
        poll.at_us[index] = at_us
        where = self._device.name_of(piece)
        if isinstance(answer, Refusal):
            poll.status[index] = answer.status
            self._refused[where] = answer.reason
        else:
            poll.image[piece.offset : piece.offset + piece.size] = answer
            self._refused.pop(where, None)

    def _tell(self) -> None:
        """What operators see of it."""
        self.status.last_good_us = _now_us()
        details = self.status.details
        details["polls"] = str(self._polls)
        details["polls_skipped"] = str(self._schedule.skipped)
        if self._refused:
            shown = [f"{where}: {why}" for where, why in self._refused.items()]
            more = f"; and {len(shown) - _SHOWN_MAX} more" if len(shown) > _SHOWN_MAX else ""
            details["refused"] = "; ".join(shown[:_SHOWN_MAX]) + more
        else:
            details.pop("refused", None)

    def _delivery(self, gaps: list[GapOpened | GapClosed], told: Told) -> Delivery:
        number, polled_us = self._memory.give(), _now_us()

        async def acknowledge() -> None:
            self._memory.acknowledge(number, polled_us)

        return Delivery(
            readings=told.readings,
            blocks=told.blocks,
            gaps=gaps,
            unreadable=told.unreadable,
            acknowledge=acknowledge,
        )

    async def _save(self) -> None:
        """Without the file polling goes on: a gap after a restart then begins earlier, no more."""
        try:
            await asyncio.to_thread(self._memory.save)
        except OSError as error:
            self.status.details["memory"] = (
                f"{error}: {self._memory.path} cannot be written, so a gap after a restart"
                " will begin too early; make room, or correct the rights"
            )
        else:
            self.status.details.pop("memory", None)


def _now_us() -> int:
    return time.time_ns() // 1_000
