"""A connector that loads a plant's history: weeks in seconds, through the same path as live values.

It delivers slices of a few hours as columns. The progress is stored with them in the spool, so that
a restart resumes there. At the end its status is `finished`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from werknetz.connector.contract import ConnectorStatus, Delivery, Reading, ReadingBlock
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_simulator.plants.plan import HOUR_US, SECOND_US
from werknetz_simulator.plants.plant import PLANTS, PlantMachine
from werknetz_simulator.plants.truth import SEED, SignalChange, Truth
from werknetz_simulator.protocols.names.profiles import profile_of

SLICE_US: Final = 6 * HOUR_US


def create(_connector: str, options: Mapping[str, Any], _folder: Path) -> "HistoryConnector":
    """Create the connector from `options`: plant, since_us, start_us, end_us, broken."""
    plant = PLANTS[str(options["plant"])]
    broken = options.get("broken")
    truth = Truth(
        plant,
        since_us=int(options["since_us"]),
        seed=str(options.get("seed", SEED)),
        broken=None if broken is None else Path(str(broken)),
    )
    gap = options.get("gap_from_us")
    return HistoryConnector(
        truth,
        start_us=int(options["start_us"]),
        end_us=int(options["end_us"]),
        gap_from_us=None if gap is None else int(gap),
    )


class HistoryConnector:
    def __init__(
        self, truth: Truth, *, start_us: int, end_us: int, gap_from_us: int | None = None
    ) -> None:
        self.status = ConnectorStatus()
        self._truth = truth
        self._profile = profile_of(truth.plant)
        self._start_us, self._end_us = start_us, end_us
        self._gap_from_us = gap_from_us  # start of the span that the plant no longer stores
        self._delivered_us = start_us
        self._stored_us = start_us
        self._addresses: list[str] = []
        self._numbers: dict[tuple[PlantMachine, str], int] = {}

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        """Resume after the last stored slice of this history."""
        spans = [checkpoint.decode().split("/") for checkpoint in checkpoints]
        ends = [int(end) for start, end in spans if int(start) == self._start_us]
        self._stored_us = max([self._start_us, *ends])

    async def connect(self) -> None:
        self._delivered_us = self._stored_us
        self.status.state = "running"

    async def read(self) -> Delivery:
        if self._delivered_us >= self._end_us:
            self.status.state = "finished"
            self.status.detail = "the history is delivered"
            await asyncio.Event().wait()
        start, end = self._delivered_us, min(self._delivered_us + SLICE_US, self._end_us)
        changes = self._snapshot_at(start) if start == self._start_us else []
        for machine in self._truth.plant.machines:
            changes += self._truth.changes(
                machine,
                start,
                end,
                temperature_every_us=self._truth.plant.temperature_s * SECOND_US,
            )
        if end == self._end_us:
            changes += self._snapshot_at(end)
        changes = sorted(map(self._to_raw_value, changes), key=lambda change: change.at_us)
        self._delivered_us = end
        self.status.last_good_us = time.time_ns() // 1000

        async def mark_stored() -> None:
            self._stored_us = end

        return Delivery(
            readings=[self._reading(change) for change in changes if isinstance(change.value, str)],
            blocks=[self._block([c for c in changes if not isinstance(c.value, str)])],
            gaps=self._gaps(start),
            acknowledge=mark_stored,
            checkpoints=[f"{self._start_us}/{end}".encode()],
            is_history=True,
        )

    async def close(self) -> None:
        if self.status.state != "finished":
            self.status.state = "stopped"

    def _gaps(self, at_us: int) -> list[GapOpened | GapClosed]:
        if self._gap_from_us is None or at_us != self._start_us:
            return []
        gap_id = uuid5(NAMESPACE_URL, f"{self._truth.plant.path}/{self._gap_from_us}/{at_us}")
        detail = "older than what the plant stores"
        source = self._truth.plant.name
        opened = GapOpened(gap_id, source, [], self._gap_from_us, "source_silent", detail)
        return [opened, GapClosed(gap_id, at_us)]

    def _snapshot_at(self, at_us: int) -> list[SignalChange]:
        """Return the value of every signal at the instant, time-stamped with it."""
        return [
            replace(change, at_us=at_us)
            for machine in self._truth.plant.machines
            for change in self._truth.snapshot(machine, at_us)
        ]

    def _to_raw_value(self, change: SignalChange) -> SignalChange:
        """Convert to the controllers' raw value: state code, tenths, or text with unit."""
        raw = self._profile.raw(change.machine, change.signal, change.value)
        return change if raw is change.value else replace(change, value=raw)

    def _reading(self, change: SignalChange) -> Reading:
        return Reading(self._address(change), change.value, source_time_us=change.at_us)

    def _block(self, changes: list[SignalChange]) -> ReadingBlock:
        numbers = [self._number(change) for change in changes]
        return ReadingBlock(
            addresses=self._addresses,
            address=np.array(numbers, np.int32),
            value=np.array([change.value for change in changes], np.float64),
            status=np.zeros(len(changes), np.uint32),
            source_time_us=np.array([change.at_us for change in changes], np.int64),
        )

    def _number(self, change: SignalChange) -> int:
        key = change.machine, change.signal
        if key not in self._numbers:
            self._numbers[key] = len(self._addresses)
            self._addresses.append(self._address(change))
        return self._numbers[key]

    def _address(self, change: SignalChange) -> str:
        return self._profile.address(change.machine, change.signal)
