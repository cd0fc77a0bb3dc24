"""Batches of a source that sends by itself follow at an interval; the first does not wait."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import pytest

from werknetz.connector.contract import ConnectorStatus, Delivery, Reading
from werknetz.runtime.log import get_logger
from werknetz_edge.pipeline import source as source_module
from werknetz_edge.pipeline.source import GATHER_S, Source, _gather

READS: Final = 4


class SendingConnector:
    """Notes the limits of `gather` and lets time pass."""

    def __init__(self, clock: list[float], pause_s: float = 0.0) -> None:
        self.status = ConnectorStatus()
        self.clock = clock
        self.pause_s = pause_s
        self.limits_s: list[float] = []
        self.reads = 0
        self.is_done = asyncio.Event()

    async def connect(self) -> None:
        """Nothing to connect."""

    async def gather(self, limit_s: float) -> None:
        self.limits_s.append(limit_s)
        self.clock[0] += limit_s

    async def read(self) -> Delivery:
        if self.reads == READS:
            self.is_done.set()
            await asyncio.Event().wait()
        self.clock[0] += self.pause_s
        self.reads += 1
        return Delivery([Reading("a", self.reads)])

    async def close(self) -> None:
        """Nothing to close."""


async def _no_checkpoints() -> Sequence[bytes]:
    return []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("pause_s", "stored_s", "gathered"),
    [
        (0.0, 0.0, [GATHER_S] * READS),  # one follows the other: a batch each interval
        (0.0, 0.0625, [GATHER_S - 0.0625] * READS),  # what it takes to store it counts
        (0.0, GATHER_S, []),
        (1.0, 0.0, [GATHER_S] * READS),
    ],
)
async def test_batches_follow_at_an_interval(
    monkeypatch: pytest.MonkeyPatch, pause_s: float, stored_s: float, gathered: list[float]
) -> None:
    clock = [64.0]
    monkeypatch.setattr(source_module.time, "monotonic", lambda: clock[0])
    connector = SendingConnector(clock, pause_s)

    async def store(_: Delivery) -> None:
        clock[0] += stored_s

    source = Source(connector, store, _no_checkpoints, get_logger("test"))
    task = asyncio.ensure_future(source.run())
    await connector.is_done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert connector.limits_s == pytest.approx(gathered)


@pytest.mark.asyncio
async def test_the_first_input_after_a_quiet_time_does_not_wait() -> None:
    connector = SendingConnector([0.0])
    await _gather(connector, time.monotonic() - GATHER_S)
    assert connector.limits_s == []
