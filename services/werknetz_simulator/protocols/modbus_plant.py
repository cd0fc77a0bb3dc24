"""Palma-3 as a real Modbus TCP gateway: who reads gets the registers of this very moment."""

import asyncio
import time
from functools import partial
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.polled_values import Present
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.profile import place_of
from werknetz_simulator.protocols.names.modbus import BLOCK, OFFSETS, registers_of, unit_of

FRESH_US: Final = 20_000  # younger values are not looked up again: a poll asks several times
STOP_WITHIN_S: Final = 5.0


class ModbusPlant:
    def __init__(self, truth: Truth, host: str, port: int) -> None:
        self._truth = truth
        self._address = (host, port)
        self._looked_us = 0
        self._units = _empty_units(truth.plant)
        self._places = {
            machine: (unit_of(truth.plant, machine), place_of(truth.plant, machine)[1] * BLOCK)
            for machine in truth.plant.machines
        }
        self._present: Present | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        self._look()
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
            return ExcCodes.ILLEGAL_FUNCTION  # nobody steers these machines from afar
        self._look()
        own = self._units[unit][address : address + count]
        registers[address - start : address - start + len(own)] = own
        return None

    def _look(self) -> None:
        now_us = time.time_ns() // 1000
        if 0 <= now_us - self._looked_us < FRESH_US:
            return
        if self._present is None:
            self._present = Present(self._truth, now_us)
        self._looked_us = now_us
        for change in self._present.advance(now_us):
            if change.signal in OFFSETS:
                unit, base = self._places[change.machine]
                place = base + OFFSETS[change.signal]
                said = registers_of(change.signal, change.value)
                self._units[unit][place : place + len(said)] = said


def _empty_units(plant: Plant) -> dict[int, list[int]]:
    sizes: dict[int, int] = {}
    for machine in plant.machines:
        unit = unit_of(plant, machine)
        sizes[unit] = sizes.get(unit, 0) + BLOCK
    return {unit: [0] * size for unit, size in sizes.items()}
