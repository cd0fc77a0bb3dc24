"""The quality files of Chatt-6: one CSV per completed hour with checked parts."""

import asyncio
import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import HOUR_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.hourly_files import write_csv
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.quality import COLUMNS, TIME_FORM

TICK_S: Final = 5.0
DEFECTS: Final = ("scratch", "burr", "out of round", "weld spatter")


class QualityFileWriter:
    def __init__(self, truth: Truth, folder: Path, position: ResumePosition) -> None:
        self._truth, self._folder, self._position = truth, folder, position
        self._zone = ZoneInfo(truth.plant.plan.time_zone)

    async def run(self) -> None:
        """Write until cancelled; writing an hour again produces the same file."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        first = self._position.at_us
        hour_us = first + -first % HOUR_US
        while True:
            self._truth.refresh()
            while hour_us + HOUR_US <= time.time_ns() // 1000:
                self._write(hour_us)
                hour_us += HOUR_US
                self._position.advance(hour_us)
                await asyncio.sleep(0)
            await asyncio.sleep(TICK_S)

    def _write(self, hour_us: int) -> None:
        rows = [
            row
            for number, machine in enumerate(self._truth.plant.machines)
            if (row := self._row(machine, number, hour_us)) is not None
        ]
        if not rows:
            return
        file = self._folder / f"quality_{instant_of(hour_us):%Y%m%d_%H00}Z.csv"
        write_csv(file, [COLUMNS, *rows])

    def _row(
        self, machine: PlantMachine, number: int, hour_us: int
    ) -> tuple[str | int | float, ...] | None:
        end_us = hour_us + HOUR_US
        parts = self._truth.parts(machine, hour_us, end_us)
        good, scrap = len(parts["good"]), len(parts["scrap"])
        if not good + scrap:
            return None
        last_us = max([*parts["good"], *parts["scrap"]])
        order = next(self._truth.segments(machine, last_us, last_us + 1)).order
        defect = DEFECTS[number % len(DEFECTS)] if scrap else ""
        checked = f"{instant_of(last_us).astimezone(self._zone):{TIME_FORM}}"
        heat = self._truth.temperature(machine, last_us)
        counts = good + scrap, good, scrap
        return checked, machine.line, machine.name, order, *counts, defect, heat
