"""CSV files of a plant's system: what happened in each completed hour.

A backlog of days becomes one file a day. Writing a span again produces the same rows.
"""

import asyncio
import csv
import io
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.plan import DAY_US, HOUR_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth

TICK_S: Final = 5.0
Row = Sequence[str | int | float]


@dataclass(frozen=True, slots=True)
class HourlyFile:
    """The rows of a file below its columns; without rows it is not written."""

    prefix: str
    columns: Sequence[str]
    rows: Sequence[Row]


class HourlyFileWriter(ABC):
    def __init__(self, truth: Truth, folder: Path, position: ResumePosition) -> None:
        self._truth, self._folder, self._position = truth, folder, position
        self._zone = ZoneInfo(truth.plant.plan.time_zone)

    @abstractmethod
    def files_of(self, start_us: int, end_us: int) -> Iterator[HourlyFile]:
        """Yield the files of a span."""

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
        for content in self.files_of(start_us, end_us):
            if content.rows:
                name = f"{content.prefix}{instant_of(start_us):%Y%m%d_%H%M%S}Z.csv"
                write_csv(self._folder / name, [content.columns, *content.rows], delimiter=";")
        self._position.advance(end_us)
        return True

    def local_time(self, at_us: int, timespec: str = "microseconds") -> str:
        return instant_of(at_us).astimezone(self._zone).isoformat(timespec=timespec)


def write_csv(file: Path, rows: Iterable[Row], *, delimiter: str = ",") -> None:
    """Write a file at once: a reader never finds a part of it."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    draft = file.with_suffix(".new")
    draft.write_text(text.getvalue(), encoding="utf-8", newline="")
    draft.replace(file)
