"""A plant's past as a connector: weeks in seconds, by the same way that live values take.

Slices of a few hours as columns; how far it got is kept with them in the spool, so that one that
was killed goes on there. At the end it stays, and says so in its status.
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
from werknetz_simulator.protocols.names.profiles import dialect_of

SLICE_US: Final = 6 * HOUR_US


def create(_connector: str, options: Mapping[str, Any], _folder: Path) -> "HistoryConnector":
    """Make it from the `options` of an edge file: plant, since_us, start_us, end_us, broken."""
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
        self._dialect = dialect_of(truth.plant)
        self._start_us, self._end_us = start_us, end_us
        self._gap_from_us = gap_from_us  # from here on the plant does not remember
        self._told_us = start_us
        self._kept_us = start_us
        self._addresses: list[str] = []
        self._numbers: dict[tuple[PlantMachine, str], int] = {}

    def seen(self, marks: Sequence[bytes]) -> None:
        """Go on after the last slice of this very history that is on disk."""
        ours = [mark.decode().split("/") for mark in marks]
        ends = [int(end) for start, end in ours if int(start) == self._start_us]
        self._kept_us = max([self._start_us, *ends])

    async def connect(self) -> None:
        self._told_us = self._kept_us
        self.status.state = "running"

    async def read(self) -> Delivery:
        if self._told_us >= self._end_us:
            self.status.state = "finished"
            self.status.detail = "the history is told"
            await asyncio.Event().wait()
        start, end = self._told_us, min(self._told_us + SLICE_US, self._end_us)
        changes = self._restated(start) if start == self._start_us else []
        for machine in self._truth.plant.machines:
            changes += self._truth.changes(
                machine,
                start,
                end,
                temperature_every_us=self._truth.plant.temperature_s * SECOND_US,
            )
        if end == self._end_us:
            changes += self._restated(end)
        changes = sorted(map(self._said, changes), key=lambda change: change.at_us)
        self._told_us = end
        self.status.last_good_us = time.time_ns() // 1000

        async def keep() -> None:
            self._kept_us = end

        return Delivery(
            readings=[self._reading(change) for change in changes if isinstance(change.value, str)],
            blocks=[self._block([c for c in changes if not isinstance(c.value, str)])],
            gaps=self._gaps(start),
            acknowledge=keep,
            dedup_keys=[f"{self._start_us}/{end}".encode()],
        )

    async def close(self) -> None:
        if self.status.state != "finished":
            self.status.state = "stopped"

    def _gaps(self, at_us: int) -> list[GapOpened | GapClosed]:
        if self._gap_from_us is None or at_us != self._start_us:
            return []
        gap_id = uuid5(NAMESPACE_URL, f"{self._truth.plant.path}/{self._gap_from_us}/{at_us}")
        detail = "longer ago than the plant remembers"
        source = self._truth.plant.name
        opened = GapOpened(gap_id, source, [], self._gap_from_us, "source_silent", detail)
        return [opened, GapClosed(gap_id, at_us)]

    def _restated(self, at_us: int) -> list[SignalChange]:
        """Say at the first and at the last instant what holds there."""
        return [
            replace(change, at_us=at_us)
            for machine in self._truth.plant.machines
            for change in self._truth.snapshot(machine, at_us)
        ]

    def _said(self, change: SignalChange) -> SignalChange:
        """Say it as the plant's controllers would: states as numbers, tenths, texts with a unit."""
        raw = self._dialect.raw(change.machine, change.signal, change.value)
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
        return self._dialect.address(change.machine, change.signal)
