"""The files of Emden-1's measuring machine and time recording: one of each a completed hour.

A backlog of days becomes one file of each a day. Writing a span again produces the same rows.
"""

import asyncio
import csv
import io
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.plan import DAY_US, HOUR_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.inspection import (
    MACHINES,
    Inspection,
    Presence,
    inspections,
    presences,
)
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.inspection import (
    MEASURED_COLUMNS,
    MEASURED_PREFIX,
    PRESENT_COLUMNS,
    PRESENT_PREFIX,
    UNIT,
)

TICK_S: Final = 5.0


class InspectionFileWriter:
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
        measured = [
            self._measured_row(inspection)
            for machine in MACHINES
            for inspection in inspections(self._truth, machine, start_us, end_us)
        ]
        present = [self._present_row(row) for row in presences(self._truth, start_us, end_us)]
        self._write(MEASURED_PREFIX, start_us, MEASURED_COLUMNS, measured)
        self._write(PRESENT_PREFIX, start_us, PRESENT_COLUMNS, present)
        self._position.advance(end_us)
        return True

    def _write(
        self, prefix: str, start_us: int, columns: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> None:
        if not rows:
            return
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows([columns, *rows])
        file = self._folder / f"{prefix}{instant_of(start_us):%Y%m%d_%H%M%S}Z.csv"
        draft = file.with_suffix(".new")
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
        draft.replace(file)

    def _measured_row(self, inspection: Inspection) -> Sequence[str]:
        limits = inspection.characteristic
        return (
            self._local_time(inspection.at_us), inspection.machine.line, inspection.machine.name,
            inspection.serial, limits.name, _comma(inspection.value), _comma(limits.lower),
            _comma(limits.upper), UNIT, inspection.defect,
        )  # fmt: skip

    def _present_row(self, presence: Presence) -> Sequence[str]:
        return (
            self._local_time(presence.start_us), self._local_time(presence.end_us),
            presence.machine.line, presence.machine.name, presence.person,
            str(presence.attended_s), str(presence.work_s),
        )  # fmt: skip

    def _local_time(self, at_us: int) -> str:
        return instant_of(at_us).astimezone(self._zone).isoformat(timespec="microseconds")


def _comma(value: float | None) -> str:
    return "" if value is None else f"{value}".replace(".", ",")
