"""The files of Emden-1's energy management: the meter readings of each completed hour.

A backlog of days becomes one file a day. Writing a span again produces the same rows.
"""

import asyncio
import csv
import io
import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.plan import DAY_US, HOUR_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.energy import LINE, LINE_PATH, readings
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.energy import COLUMNS, PREFIX, WHOLE_LINE

TICK_S: Final = 5.0


class EnergyFileWriter:
    def __init__(self, truth: Truth, folder: Path, position: ResumePosition) -> None:
        self._truth, self._folder, self._position = truth, folder, position
        self._zone = ZoneInfo(truth.plant.plan.time_zone)

    async def run(self) -> None:
        """Write until cancelled."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self._truth.refresh()
            has_more = self.write_next(time.time_ns() // 1000)
            await asyncio.sleep(0 if has_more else TICK_S)

    def write_next(self, now_us: int) -> bool:
        """Write the next completed span; return False where none is complete."""
        start_us = self._position.at_us
        hours_us = (now_us - now_us % HOUR_US) - start_us
        if hours_us <= 0:
            return False
        end_us = start_us + min(DAY_US, hours_us)
        self._write(start_us, end_us)
        self._position.advance(end_us)
        return True

    def _write(self, start_us: int, end_us: int) -> None:
        rows: dict[tuple[int, str], dict[str, str]] = {}
        for reading in readings(self._truth, start_us, end_us):
            machine = WHOLE_LINE if reading.path == LINE_PATH else reading.path.rpartition("/")[2]
            cells = rows.setdefault((reading.at_us, machine), {})
            cells[reading.carrier] = f"{reading.number:.3f}".replace(".", ",")
        if not rows:
            return
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";")
        writer.writerow(COLUMNS)
        for (at_us, machine), cells in rows.items():
            gas = next((value for carrier, value in cells.items() if carrier), "")
            local = instant_of(at_us).astimezone(self._zone).isoformat(timespec="seconds")
            writer.writerow([local, LINE, machine, cells.get("", ""), gas])
        file = self._folder / f"{PREFIX}{instant_of(start_us):%Y%m%d_%H%M%S}Z.csv"
        draft = file.with_suffix(".new")
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
        draft.replace(file)
