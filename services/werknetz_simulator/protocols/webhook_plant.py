"""Pueb-5 as an MES that pushes JSON; it repeats a batch until the receiver answers 2xx."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2

from werknetz.runtime.log import get_logger
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import SignalChange, Truth
from werknetz_simulator.protocols.names.webhook import FIELDS, SOURCE, TIME

TICK_S: Final = 0.5
RETRY_S: Final = 1.0
TIMEOUT_S: Final = 20.0  # longer than the edge takes to answer 503
ROWS_MAX: Final = 500
STEP_MAX_US: Final = 10 * MINUTE_US
TEMPERATURE_EVERY_US: Final = 30 * SECOND_US
Row = dict[str, Any]


class WebhookPlant:
    def __init__(self, truth: Truth, url: str, key_file: Path, position: ResumePosition) -> None:
        self._truth, self._position = truth, position
        self._url = f"{url.rstrip('/')}/hooks/{SOURCE}"
        self._key_file = key_file
        self._zone = ZoneInfo(truth.plant.plan.time_zone)
        self._last_rejection = ""

    async def run(self) -> None:
        """Push until cancelled."""
        pushed_us = self._position.resume_us(time.time_ns() // 1000)
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            await self._push(client, self._snapshot_rows(pushed_us))
            while True:
                self._truth.refresh()
                until_us = min(time.time_ns() // 1000, pushed_us + STEP_MAX_US)
                await self._push(client, self._rows(pushed_us, until_us))
                pushed_us = max(pushed_us, until_us)
                self._position.advance(pushed_us)
                await asyncio.sleep(TICK_S)

    def _snapshot_rows(self, at_us: int) -> Iterator[Row]:
        for machine in self._truth.plant.machines:
            yield self._row(at_us, machine, self._truth.snapshot(machine, at_us))

    def _rows(self, start_us: int, end_us: int) -> Iterator[Row]:
        instants = self._truth.changes_by_instant(
            start_us, end_us, temperature_every_us=TEMPERATURE_EVERY_US
        )
        for at_us, machine, changes in instants:
            yield self._row(at_us, machine, changes)

    def _row(self, at_us: int, machine: PlantMachine, changes: list[SignalChange]) -> Row:
        """Return one instant of a machine: only the changed signals, in local time."""
        row: Row = {
            TIME: instant_of(at_us).astimezone(self._zone).isoformat(timespec="microseconds"),
            "linea": machine.line,
            "maquina": machine.name,
        }
        return row | {FIELDS[change.signal]: change.value for change in changes}

    async def _push(self, client: httpx2.AsyncClient, rows: Iterator[Row]) -> None:
        while batch := [*islice(rows, ROWS_MAX)]:
            while not await self._is_accepted(client, batch):  # noqa: ASYNC110  the receiver decides
                await asyncio.sleep(RETRY_S)

    async def _is_accepted(self, client: httpx2.AsyncClient, batch: list[Row]) -> bool:
        try:
            key = self._key_file.read_text(encoding="utf-8").split()[0]
            answer = await client.post(
                self._url, json={"momentos": batch}, headers={"X-API-Key": key}
            )
        except (httpx2.TransportError, OSError, IndexError) as error:
            self._log_rejection(str(error) or type(error).__name__)
            return False
        if not answer.is_success:
            self._log_rejection(f"{answer.status_code} {answer.text[:200]}")
        return answer.is_success

    def _log_rejection(self, reason: str) -> None:
        """Log each new reason once, because the push is retried every second."""
        if reason != self._last_rejection:
            self._last_rejection = reason
            get_logger("simulator").warning("push rejected, retrying", url=self._url, reason=reason)
