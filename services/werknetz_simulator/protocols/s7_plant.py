"""Chatt-6 as a real S7 server: one data block per line, written ten times a second."""

import asyncio
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from snap7.server import Server
from snap7.type import SrvArea

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.polled_values import PolledValues
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.profile import Value
from werknetz_simulator.protocols.names.s7 import (
    BYTES,
    TAGS,
    TEXT_MAX,
    block_of,
    byte_of,
    tag_value_of,
)

TICK_S: Final = 0.1
_FORMS: Final = {"state": ">h", "good": ">i", "scrap": ">i", "pri": ">f"}


class S7Plant:
    def __init__(self, truth: Truth, host: str, port: int) -> None:
        self._truth = truth
        self._port = port
        self._server = Server(log=False)
        self._server.host = host
        self._blocks = _empty_blocks(truth.plant)

    async def run(self) -> None:
        """Serve until cancelled."""
        values = PolledValues(self._truth, time.time_ns() // 1000)
        for number, block in self._blocks.items():
            self._server.register_area(SrvArea.DB, number, block)
        self._write(values, time.time_ns() // 1000)
        self._server.start(self._port)
        try:
            while True:
                self._write(values, time.time_ns() // 1000)
                await asyncio.sleep(TICK_S)
        finally:
            await asyncio.to_thread(self._server.stop)

    def _write(self, values: PolledValues, now_us: int) -> None:
        """Write each change under the block's lock, so that a client reads a consistent block."""
        plant = self._truth.plant
        for change in values.advance(now_us):
            if change.signal not in TAGS:
                continue
            content = encode_tag(
                change.signal, tag_value_of(plant, change.machine, change.signal, change.value)
            )
            number = block_of(plant, change.machine)
            at = byte_of(plant, change.machine, change.signal)
            with self._locked_block(number):
                self._blocks[number][at : at + len(content)] = content

    @contextmanager
    def _locked_block(self, number: int) -> Iterator[None]:
        self._server.lock_area(SrvArea.DB, number)
        try:
            yield
        finally:
            self._server.unlock_area(SrvArea.DB, number)


def encode_tag(signal: str, value: Value) -> bytes:
    """Encode a tag; an S7 STRING starts with its maximum and its actual length."""
    if signal in TEXT_MAX:
        text = str(value).encode("ascii")
        return bytes([TEXT_MAX[signal], len(text)]) + text
    return struct.pack(_FORMS[signal], value)


def _empty_blocks(plant: Plant) -> dict[int, bytearray]:
    sizes: dict[int, int] = {}
    for machine in plant.machines:
        number = block_of(plant, machine)
        sizes[number] = sizes.get(number, 0) + BYTES
    return {number: bytearray(size) for number, size in sizes.items()}
