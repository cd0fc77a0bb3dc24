"""The MES of Palma-3: what its people book, in tables that an edge reads, from the same truth.

How far it got is kept in the same database, in the same transaction as the rows.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.machine import StateKind, PlantMachine
from werknetz_simulator.plants.plan import HOUR_US, SECOND_US, PlannedShift, instant_of
from werknetz_simulator.plants.shift_timeline import StateSegment
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.mes import INSPECTIONS, JOBS, STOPS

TURN_S: Final = 2.0
STEP_US: Final = 6 * HOUR_US
BOOKED_FROM_US: Final = 180 * SECOND_US  # shorter stops nobody books
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
Booked = tuple[int, str, Row]  # when, into which table, what


class Mes:
    def __init__(self, truth: Truth, file: Path, since_us: int) -> None:
        self._truth, self._file, self._since_us = truth, file, since_us
        self._zone = ZoneInfo(truth.plant.plan.time_zone)
        self._jobs: dict[PlantMachine, tuple[str, int]] = {}  # order, since when

    async def run(self) -> None:
        """Book until cancelled."""
        database = sqlite3.connect(self._file, isolation_level=None, timeout=10.0)
        try:
            database.executescript(_SCHEMA)
            row = database.execute("SELECT hasta_us FROM posicion").fetchone()
            told_us = int(row[0]) if row else self._since_us
            self._resume(database, told_us)
            while True:
                self._truth.refresh()
                now_us = time.time_ns() // 1000
                until_us = min(now_us, told_us + STEP_US)
                self._book(database, told_us, until_us)
                told_us = max(told_us, until_us)
                await asyncio.sleep(TURN_S if until_us == now_us else 0)
        finally:
            database.close()

    def _resume(self, database: sqlite3.Connection, told_us: int) -> None:
        """Know of each machine which order runs, and since when."""
        for machine in self._truth.plant.machines:
            row = database.execute(
                f"SELECT orden, desde_us FROM {JOBS} "  # noqa: S608  a constant
                "WHERE nave = ? AND maquina = ? AND suceso = 'inicio' ORDER BY id DESC LIMIT 1",
                (machine.line, machine.name),
            ).fetchone()
            segment = next(self._truth.segments(machine, told_us, told_us + 1))
            self._jobs[machine] = (row[0], int(row[1])) if row else (segment.order, told_us)

    def _book(self, database: sqlite3.Connection, start_us: int, end_us: int) -> None:
        if end_us <= start_us:
            return
        booked: list[Booked] = []
        shifts = self._truth.plant.plan.shifts_between(start_us - HOUR_US, end_us + 1)
        for machine in self._truth.plant.machines:
            booked += self._segments_of(machine, start_us, end_us)
            for shift in shifts:
                if start_us < shift.end_us <= end_us:
                    booked += self._inspected(machine, shift)
        database.execute("BEGIN IMMEDIATE")
        for _, table, row in sorted(booked, key=lambda one: one[0]):
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            database.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  constants
                [*row.values()],
            )
        database.execute("INSERT OR REPLACE INTO posicion VALUES (1, ?)", (end_us,))
        database.execute("COMMIT")

    def _segments_of(self, machine: PlantMachine, start_us: int, end_us: int) -> Iterator[Booked]:
        for segment in self._truth.segments(machine, start_us, end_us + 1):
            if start_us < segment.start_us <= end_us:
                yield from self._job(machine, segment)
            if start_us < segment.end_us <= end_us:
                yield from self._stop(machine, segment)

    def _job(self, machine: PlantMachine, segment: StateSegment) -> Iterator[Booked]:
        """Book the end of one order and the start of the next; a pause is neither."""
        order, since_us = self._jobs[machine]
        if segment.order in {"", order}:
            return
        at_us = segment.start_us
        where = {"momento": self._said(at_us), "nave": machine.line, "maquina": machine.name}
        if order:
            made = self._truth.parts(machine, since_us, at_us)
            counts = {"buenas": len(made["good"]), "rechazadas": len(made["scrap"])}
            yield at_us, JOBS, {**where, "suceso": "fin", "orden": order,
                                "articulo": item_of(machine, order), **counts}  # fmt: skip
        self._jobs[machine] = segment.order, at_us
        planned = {
            "previstas": 200 + _number(segment.order) % 300,
            "ciclo_s": segment.pri_us / SECOND_US,
            "desde_us": at_us,
        }
        yield at_us, JOBS, {**where, "suceso": "inicio", "orden": segment.order,
                            "articulo": item_of(machine, segment.order), **planned}  # fmt: skip

    def _stop(self, machine: PlantMachine, segment: StateSegment) -> Iterator[Booked]:
        long_enough = segment.end_us - segment.start_us >= BOOKED_FROM_US
        if segment.kind not in STATES or not segment.order or not long_enough:
            return
        shift = self._truth.plant.plan.last_started_shift(segment.start_us)
        turn = shift.name if shift else ""
        reasons = REASONS[segment.kind]
        reason = reasons[_number(f"{machine.path}/{segment.start_us}") % len(reasons)]
        yield (
            segment.end_us,
            STOPS,
            {
                "momento": self._said(segment.start_us),
                "hasta": self._said(segment.end_us),
                "nave": machine.line,
                "maquina": machine.name,
                "estado": STATES[segment.kind],
                "motivo": None if turn == self._truth.plant.untagged_shift else reason,
                "turno": turn,
                "orden": segment.order,
            },
        )

    def _inspected(self, machine: PlantMachine, shift: PlannedShift) -> Iterator[Booked]:
        made = self._truth.parts(machine, shift.start_us, shift.end_us)
        good, scrap = len(made["good"]), len(made["scrap"])
        if good + scrap:
            number = _number(f"{machine.path}/{shift.end_us}")
            yield (
                shift.end_us,
                INSPECTIONS,
                {
                    "momento": self._said(shift.end_us),
                    "nave": machine.line,
                    "maquina": machine.name,
                    "orden": self._jobs[machine][0] or None,
                    "revisadas": good + scrap,
                    "buenas": good,
                    "rechazadas": scrap,
                    "defecto": DEFECTS[number % len(DEFECTS)] if scrap else None,
                },
            )

    def _said(self, at_us: int) -> str:
        return instant_of(at_us).astimezone(self._zone).isoformat(timespec="microseconds")


def item_of(machine: PlantMachine, order: str) -> str:
    """Return what an order makes: each line makes a few items of its own."""
    return (
        f"{machine.plant[:1].upper()}{_number(machine.line) % 900 + 100}-{_number(order) % 4 + 1}"
    )


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
