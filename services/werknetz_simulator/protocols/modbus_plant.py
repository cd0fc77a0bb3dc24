"""Palma-3 as a real Modbus TCP gateway whose registers hold the current values."""

import asyncio
import time
from functools import partial
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.polled_values import PolledValues
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.modbus import BLOCK, OFFSETS, registers_of, unit_of
from werknetz_simulator.protocols.names.profile import indexes_of

FRESH_US: Final = 20_000  # a poll takes several requests: younger values are not computed again
STOP_WITHIN_S: Final = 5.0


class ModbusPlant:
    def __init__(self, truth: Truth, host: str, port: int) -> None:
        self._truth = truth
        self._address = (host, port)
        self._refreshed_us = 0
        self._units = _empty_units(truth.plant)
        self._positions = {
            machine: (unit_of(truth.plant, machine), indexes_of(truth.plant, machine)[1] * BLOCK)
            for machine in truth.plant.machines
        }
        self._values: PolledValues | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        self._refresh()
        server = ModbusTcpServer(self._devices(), address=self._address)
        await server.serve_forever(background=True)
        try:
            await asyncio.Event().wait()
        finally:
            async with asyncio.timeout(STOP_WITHIN_S):
                await server.shutdown()  # type: ignore[no-untyped-call]

    def _devices(self) -> list[SimDevice]:
        return [
            SimDevice(
                id=unit,
                simdata=SimData(0, values=list(registers), datatype=DataType.REGISTERS),
                action=partial(self._answer, unit),
            )
            for unit, registers in self._units.items()
        ]

    async def _answer(
        self,
        unit: int,
        _function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION  # the registers are read-only
        self._refresh()
        current = self._units[unit][address : address + count]
        registers[address - start : address - start + len(current)] = current
        return None

    def _refresh(self) -> None:
        now_us = time.time_ns() // 1000
        if 0 <= now_us - self._refreshed_us < FRESH_US:
            return
        if self._values is None:
            self._values = PolledValues(self._truth, now_us)
        self._refreshed_us = now_us
        for change in self._values.advance(now_us):
            if change.signal in OFFSETS:
                unit, base = self._positions[change.machine]
                offset = base + OFFSETS[change.signal]
                registers = registers_of(change.signal, change.value)
                self._units[unit][offset : offset + len(registers)] = registers


def _empty_units(plant: Plant) -> dict[int, list[int]]:
    sizes: dict[int, int] = {}
    for machine in plant.machines:
        unit = unit_of(plant, machine)
        sizes[unit] = sizes.get(unit, 0) + BLOCK
    return {unit: [0] * size for unit, size in sizes.items()}
