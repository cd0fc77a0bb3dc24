"""The polling connector: polls on schedule and reports changes, refusals and skipped polls.

It polls inside `read`, so a busy pump slows polling down: skipped polls are counted. A machine
stores no history; values that were polled but not stored are a gap after a restart.
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
from werknetz_edge.polling.cadence import Cadence, now_us
from werknetz_edge.polling.device import Device
from werknetz_edge.polling.options import PollingOptions
from werknetz_edge.polling.outage import Outage
from werknetz_edge.polling.plan import PollPlan, list_periods
from werknetz_edge.polling.point import Point
from werknetz_edge.polling.progress_file import PollProgress
from werknetz_edge.polling.report import Report, ReportedValues
from werknetz_edge.polling.schedule import Schedule

PROGRESS_FILE: Final = "{}.polled.json"  # edges may share a folder, as their spools may
_SHOWN_MAX: Final = 5


class PollingConnector:
    """One machine. Implements `werknetz.connector.contract.Connector`."""

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
        self.points = points
        self._options = options
        self._addresses = [point.address for point in points]  # one list, for the normalizer
        self._periods_s = list_periods(points)
        self._schedule = Schedule(self._periods_s)
        self._outage = Outage(connector_id, options.gap_after_polls * self._periods_s[0])
        self._progress = PollProgress(folder / PROGRESS_FILE.format(connector_id))
        self._is_first = True
        self._cadences: list[Cadence] = []  # empty: not connected
        self._repeat_cadence: int | None = None  # a cadence to poll at once
        self._gaps: list[GapOpened | GapClosed] = []
        self._failure: Exception | None = None
        self._loss = ""
        self._answered_us = 0
        self._polls = 0

    async def connect(self) -> None:
        await self.close()
        self.status.state, self.status.detail = "connecting", ""
        try:
            self.status.begin("load the progress file")
            await self._load_progress()
            self.status.begin("open the connection to the device")
            opened = await self._device.open()
        except BaseException as error:
            rejected = isinstance(error, ConfigurationRejected)
            self.status.state = "rejected" if rejected else "connecting"
            self.status.detail = str(error) or type(error).__name__
            await self._device.close()
            raise
        self._cadences = [
            Cadence(self._device, self.points, period_s, opened.rules, self._report_of)
            for period_s in self._periods_s
        ]
        self._failure, self._repeat_cadence = None, None
        self._outage.start_session(self._loss)
        self._schedule.start(time.monotonic())
        self.status.details |= opened.details | {"values": str(len(self._addresses))}
        self.status.state = "running"

    def _report_of(self, plan: PollPlan) -> Report:
        return Report(
            plan,
            self._addresses,
            every=self._options.report == "every",
            silence_max_s=self._options.silence_max_s,
        )

    async def _load_progress(self) -> None:
        """At the first connect, load the progress of an earlier process, if there was one."""
        if not self._is_first:
            return
        stored_us = await asyncio.to_thread(self._progress.load)
        if stored_us is None:
            stored_us = self._progress.stored_us = now_us()
            await self._save()
        else:
            self._outage.note_restart(stored_us)
        self._answered_us = stored_us
        self._is_first = False

    async def read(self) -> Delivery:
        while True:
            if self._failure is not None:
                raise self._failure
            number = await self._wait_for_next()
            cadence = self._cadences[number]
            reported, loss = await cadence.poll(self._on_answer)
            self._repeat_cadence = number if cadence.is_splitting else None
            if loss is None:
                self._polls += 1
            else:
                self._failure, self._loss = loss, str(loss) or type(loss).__name__
            self._update_status()
            if self._progress.is_due:
                await self._save()
            if reported or self._gaps:
                return self._delivery(reported)
            if loss is None and not cadence.is_splitting:
                self._progress.note_quiet_poll(self._answered_us)

    async def _wait_for_next(self) -> int:
        """Wait for the cadence that is due."""
        number, self._repeat_cadence = self._repeat_cadence, None
        if number is None:
            if not self._cadences:
                raise ConnectionLost("not connected")
            number, due_s = self._schedule.next()
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self._schedule.begin(number, time.monotonic())
        if not self._cadences:
            raise ConnectionLost("closed")
        return number

    async def close(self) -> None:
        self._cadences, self._repeat_cadence = [], None
        await self._device.close()
        await self._save()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    def _on_answer(self, at_us: int) -> None:
        """Note an answer of the machine; a refusal counts, too."""
        self.status.last_good_us = self._answered_us = at_us
        self._gaps += self._outage.note_answer(at_us, time.monotonic())

    def _update_status(self) -> None:
        """Update the details of the status."""
        details = self.status.details
        details["polls"] = str(self._polls)
        details["polls_skipped"] = str(self._schedule.skipped)
        details["requests"] = str(sum(len(cadence.plan.requests) for cadence in self._cadences))
        refused = [
            f"{where}: {why}"
            for cadence in self._cadences
            for where, why in cadence.refused.items()
        ]
        details.pop("refused", None)
        if refused:
            more = f"; and {len(refused) - _SHOWN_MAX} more" if len(refused) > _SHOWN_MAX else ""
            details["refused"] = "; ".join(refused[:_SHOWN_MAX]) + more

    def _delivery(self, reported: ReportedValues) -> Delivery:
        number, polled_us = self._progress.next_delivery(), self._answered_us
        gaps, self._gaps = self._gaps, []

        async def acknowledge() -> None:
            self._progress.acknowledge(number, polled_us)

        return Delivery(
            readings=reported.readings,
            blocks=reported.blocks,
            gaps=gaps,
            unreadable=reported.unreadable,
            acknowledge=acknowledge,
        )

    async def _save(self) -> None:
        """Save the progress; polling continues without it, as only a later gap begins too early."""
        try:
            await asyncio.to_thread(self._progress.save)
        except OSError as error:
            self.status.details["memory"] = (
                f"{error}: {self._progress.path} cannot be written, so a gap after a restart"
                " will begin too early: free disk space or correct the permissions"
            )
        else:
            self.status.details.pop("memory", None)
