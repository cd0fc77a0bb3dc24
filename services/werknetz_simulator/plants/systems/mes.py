"""The MES of Palma-3: jobs, stops and inspections, in SQLite tables that an edge reads.

The progress is stored in the same database, in the same transaction as the rows.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.machine import Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import HOUR_US, SECOND_US, PlannedShift, instant_of
from werknetz_simulator.plants.shift_timeline import RUN_TIME_PERCENT, StateSegment
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.mes import BOOKED_STOP_MIN_US, INSPECTIONS, JOBS, STOPS

TICK_S: Final = 2.0
STEP_US: Final = 6 * HOUR_US
STATES: Final = {
    StateKind.FAULT: "averia",
    StateKind.REPAIR: "reparacion",
    StateKind.SETUP: "preparacion",
    StateKind.BLOCKED: "salida llena",
    StateKind.STARVED: "sin material",
}
REASONS: Final = {
    StateKind.FAULT: ("molde atascado", "sensor de cierre", "fuga hidraulica", "robot parado"),
    StateKind.REPAIR: ("cambio de resistencia", "cambio de manguera"),
    StateKind.SETUP: ("cambio de molde", "cambio de color"),
    StateKind.BLOCKED: ("contenedor lleno",),
    StateKind.STARVED: ("falta granza", "falta inserto"),
}
DEFECTS: Final = ("rebaba", "rechupe", "burbuja", "rayado")
_SCHEMA: Final = f"""
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS {JOBS} (
        id INTEGER PRIMARY KEY, momento TEXT NOT NULL, nave TEXT NOT NULL, maquina TEXT NOT NULL,
        suceso TEXT NOT NULL, orden TEXT NOT NULL, articulo TEXT NOT NULL,
        previstas INTEGER, ciclo_s REAL, buenas INTEGER, rechazadas INTEGER, desde_us INTEGER);
    CREATE TABLE IF NOT EXISTS {STOPS} (
        id INTEGER PRIMARY KEY, momento TEXT NOT NULL, hasta TEXT NOT NULL, nave TEXT NOT NULL,
        maquina TEXT NOT NULL, estado TEXT NOT NULL, motivo TEXT, turno TEXT NOT NULL, orden TEXT);
    CREATE TABLE IF NOT EXISTS {INSPECTIONS} (
        id INTEGER PRIMARY KEY, momento TEXT NOT NULL, nave TEXT NOT NULL, maquina TEXT NOT NULL,
        orden TEXT, revisadas INTEGER, buenas INTEGER, rechazadas INTEGER, defecto TEXT);
    CREATE TABLE IF NOT EXISTS posicion (uno INTEGER PRIMARY KEY CHECK (uno = 1), hasta_us INTEGER);
"""
Row = dict[str, Any]
BookedRow = tuple[int, str, Row]  # instant, table, row


class MesDatabase:
    def __init__(self, truth: Truth, file: Path, since_us: int) -> None:
        self._truth, self._file, self._since_us = truth, file, since_us
        self._zone = ZoneInfo(truth.plant.plan.time_zone)
        self._jobs: dict[PlantMachine, tuple[str, int]] = {}  # order, start

    async def run(self) -> None:
        """Write rows until cancelled."""
        database = sqlite3.connect(self._file, isolation_level=None, timeout=10.0)
        try:
            database.executescript(_SCHEMA)
            row = database.execute("SELECT hasta_us FROM posicion").fetchone()
            booked_us = int(row[0]) if row else self._since_us
            self._resume(database, booked_us)
            while True:
                self._truth.refresh()
                now_us = time.time_ns() // 1000
                until_us = min(now_us, booked_us + STEP_US)
                self._book(database, booked_us, until_us)
                booked_us = max(booked_us, until_us)
                await asyncio.sleep(TICK_S if until_us == now_us else 0)
        finally:
            database.close()

    def _resume(self, database: sqlite3.Connection, booked_us: int) -> None:
        """Restore the running order of each machine and its start."""
        for machine in self._truth.plant.machines:
            row = database.execute(
                f"SELECT orden, desde_us FROM {JOBS} "  # noqa: S608  a constant
                "WHERE nave = ? AND maquina = ? AND suceso = 'inicio' ORDER BY id DESC LIMIT 1",
                (machine.line, machine.name),
            ).fetchone()
            segment = next(self._truth.segments(machine, booked_us, booked_us + 1))
            self._jobs[machine] = (row[0], int(row[1])) if row else (segment.order, booked_us)

    def _book(self, database: sqlite3.Connection, start_us: int, end_us: int) -> None:
        if end_us <= start_us:
            return
        rows: list[BookedRow] = []
        shifts = self._truth.plant.plan.shifts_between(start_us - HOUR_US, end_us + 1)
        for machine in self._truth.plant.machines:
            rows += self._segments_of(machine, start_us, end_us)
            for shift in shifts:
                if start_us < shift.end_us <= end_us:
                    rows += self._inspection(machine, shift)
        database.execute("BEGIN IMMEDIATE")
        for _, table, row in sorted(rows, key=lambda booked_row: booked_row[0]):
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            database.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  constants
                [*row.values()],
            )
        database.execute("INSERT OR REPLACE INTO posicion VALUES (1, ?)", (end_us,))
        database.execute("COMMIT")

    def _segments_of(
        self, machine: PlantMachine, start_us: int, end_us: int
    ) -> Iterator[BookedRow]:
        for segment in self._truth.segments(machine, start_us, end_us + 1):
            if start_us < segment.start_us <= end_us:
                yield from self._job(machine, segment)
            if start_us < segment.end_us <= end_us:
                yield from self._stop(machine, segment)

    def _job(self, machine: PlantMachine, segment: StateSegment) -> Iterator[BookedRow]:
        """Yield the end of an order and the start of the next; a pause is neither."""
        order, since_us = self._jobs[machine]
        if segment.order in {"", order}:
            return
        at_us = segment.start_us
        key = {"momento": self._local_time(at_us), "nave": machine.line, "maquina": machine.name}
        if order:
            parts = self._truth.parts(machine, since_us, at_us)
            counts = {"buenas": len(parts["good"]), "rechazadas": len(parts["scrap"])}
            yield at_us, JOBS, {**key, "suceso": "fin", "orden": order,
                                "articulo": article_of(machine, order), **counts}  # fmt: skip
        self._jobs[machine] = segment.order, at_us
        planned = {
            "previstas": 200 + _hash_of(segment.order) % 300,
            "ciclo_s": segment.pri_us / SECOND_US,
            "desde_us": at_us,
        }
        yield at_us, JOBS, {**key, "suceso": "inicio", "orden": segment.order,
                            "articulo": article_of(machine, segment.order), **planned}  # fmt: skip

    def _stop(self, machine: PlantMachine, segment: StateSegment) -> Iterator[BookedRow]:
        long_enough = segment.end_us - segment.start_us >= BOOKED_STOP_MIN_US
        if segment.kind not in STATES or not segment.order or not long_enough:
            return
        shift = self._truth.plant.plan.last_started_shift(segment.start_us)
        shift_name = shift.name if shift else ""
        reasons = REASONS[segment.kind]
        reason = reasons[_hash_of(f"{machine.path}/{segment.start_us}") % len(reasons)]
        yield (
            segment.end_us,
            STOPS,
            {
                "momento": self._local_time(segment.start_us),
                "hasta": self._local_time(segment.end_us),
                "nave": machine.line,
                "maquina": machine.name,
                "estado": STATES[segment.kind],
                "motivo": None if shift_name == self._truth.plant.untagged_shift else reason,
                "turno": shift_name,
                "orden": segment.order,
            },
        )

    def _inspection(self, machine: PlantMachine, shift: PlannedShift) -> Iterator[BookedRow]:
        parts = self._truth.parts(machine, shift.start_us, shift.end_us)
        good, scrap = len(parts["good"]), len(parts["scrap"])
        if good + scrap:
            number = _hash_of(f"{machine.path}/{shift.end_us}")
            yield (
                shift.end_us,
                INSPECTIONS,
                {
                    "momento": self._local_time(shift.end_us),
                    "nave": machine.line,
                    "maquina": machine.name,
                    "orden": self._jobs[machine][0] or None,
                    "revisadas": good + scrap,
                    "buenas": good,
                    "rechazadas": scrap,
                    "defecto": DEFECTS[number % len(DEFECTS)] if scrap else None,
                },
            )

    def _local_time(self, at_us: int) -> str:
        return instant_of(at_us).astimezone(self._zone).isoformat(timespec="microseconds")


def article_of(machine: PlantMachine, order: str) -> str:
    """Return the article of an order; each line makes a few, each with one planned run time."""
    return _article(machine, int(order[-2:]) % len(RUN_TIME_PERCENT) + 1)


def articles_of(plant: Plant) -> dict[str, str]:
    """Return all articles of a plant with the line that makes each."""
    numbers = range(1, len(RUN_TIME_PERCENT) + 1)
    return {_article(machine, n): machine.line for machine in plant.machines for n in numbers}


def _article(machine: PlantMachine, number: int) -> str:
    return f"{machine.plant[:1].upper()}{_hash_of(machine.line) % 900 + 100}-{number}"


def _hash_of(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
