"""The MES of Palma-3 and the quality files of Chatt-6, read by the real connectors: as it was."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from plumbing.edge_records import ReceivedRecords, config_of, read_until
from plumbing.waiting import until
from werknetz.events.facts import JobFinished, JobStarted, QualityInspected, StateChanged
from werknetz_simulator.plants.plan import DAY_US, HOUR_US
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.mes import STATES, MesDatabase
from werknetz_simulator.plants.systems.quality_file import QualityFileWriter
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names import mes, quality

DAYS = 8  # a weekend, and working days


@pytest.mark.asyncio
async def test_a_shift_that_gives_no_reasons(tmp_path: Path) -> None:
    plant, file = PLANTS["palma-3"], tmp_path / "mes.sqlite"
    now = time.time_ns() // 1000
    truth = Truth(plant, since_us=now - DAYS * DAY_US)
    records = ReceivedRecords()
    for _ in range(2):  # one that is started again goes on where it was
        booking = asyncio.create_task(MesDatabase(truth, file, truth.since_us).run())
        await _booked_up_to(file, time.time_ns() // 1000)
        booking.cancel()
        await asyncio.gather(booking, return_exceptions=True)
    config = config_of(mes.mes_edge_of(plant, file, "./spool"), tmp_path)
    expected = {
        (machine.path, segment.start_us, segment.end_us)
        for machine in plant.machines
        for segment in truth.segments(machine, truth.since_us, now)
        if truth.since_us < segment.end_us <= now
        and segment.kind in STATES
        and segment.order
        and segment.end_us - segment.start_us >= mes.BOOKED_STOP_MIN_US
    }

    def is_complete() -> bool:
        return expected <= {
            (e.fact.equipment, e.at_us, e.fact.until_us)
            for e in records.events
            if isinstance(e.fact, StateChanged)
        }

    await read_until(config, records, is_complete)
    assert not records.refused
    tagged: Counter[tuple[str, bool]] = Counter()
    for event in records.events:
        if isinstance(event.fact, StateChanged):
            shift = plant.plan.last_started_shift(event.at_us)
            assert shift is not None
            tagged[shift.name, event.fact.reason is not None] += 1
    assert {name for name, has_reason in tagged if not has_reason} == {"noche"}
    assert {name for name, has_reason in tagged if has_reason} == {"manana", "tarde"}
    assert min(tagged.values()) > 20
    _jobs_follow_each_other(truth, records)


def _jobs_follow_each_other(truth: Truth, records: ReceivedRecords) -> None:
    """Each job that was started and finished parts what the truth parts meanwhile."""
    machine = truth.plant.machines[0]
    started = {
        e.fact.order_number: e
        for e in records.events
        if isinstance(e.fact, JobStarted) and e.fact.equipment == machine.path
    }
    checked = 0
    for event in records.events:
        fact = event.fact
        if isinstance(fact, JobFinished) and fact.order_number in started:
            if fact.equipment != machine.path:
                continue
            begun = started[fact.order_number]
            parts = truth.parts(machine, begun.at_us, event.at_us)
            assert fact.good_quantity == len(parts["good"])
            assert fact.scrap_quantity == len(parts["scrap"])
            assert isinstance(begun.fact, JobStarted)
            assert begun.fact.material == fact.material
            checked += 1
    assert checked > 5


async def _booked_up_to(file: Path, at_us: int) -> None:
    def is_booked() -> bool:
        try:
            with closing(sqlite3.connect(file)) as database:
                row = database.execute("SELECT hasta_us FROM posicion").fetchone()
        except sqlite3.OperationalError:
            return False  # not even its tables
        return row is not None and row[0] >= at_us

    await until(is_booked, within_s=120)


@pytest.mark.asyncio
async def test_fahrenheit_and_twelve_hours(tmp_path: Path) -> None:
    plant, folder = PLANTS["chatt-6"], tmp_path / "quality"
    now = time.time_ns() // 1000
    truth = Truth(plant, since_us=now - DAYS * DAY_US)
    position = ResumePosition(None, truth.since_us)
    writing = asyncio.create_task(QualityFileWriter(truth, folder, position).run())
    try:
        await until(lambda: position.at_us > now - HOUR_US, within_s=120)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    lines = sum(len(file.read_text().splitlines()) - 1 for file in folder.glob("*.csv"))
    records = ReceivedRecords()
    config = config_of(quality.quality_edge_of(plant, folder, "./spool"), tmp_path)
    await read_until(config, records, lambda: len(records.events) >= lines)
    assert not records.refused
    assert lines == len(records.events) > 1000
    checked = 0
    for event in records.events[:200]:
        fact = event.fact
        assert isinstance(fact, QualityInspected)
        machine = next(m for m in plant.machines if m.path == fact.equipment)
        hour = event.at_us - event.at_us % HOUR_US
        parts = truth.parts(machine, hour, hour + HOUR_US)
        last_us = max([*parts["good"], *parts["scrap"]])
        assert event.at_us == last_us - last_us % 1_000_000
        assert (fact.good_quantity, fact.scrap_quantity) == (
            len(parts["good"]),
            len(parts["scrap"]),
        )
        celsius = (truth.temperature(machine, last_us) - 32) / 1.8
        assert fact.value == pytest.approx(celsius)
        assert fact.unit == "degC"
        checked += 1
    assert checked == 200
