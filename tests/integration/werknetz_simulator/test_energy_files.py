"""Meter readings of Emden-1: read by the real connector, computed by the worker, as they were."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from plumbing.edge_records import ReceivedRecords, config_of, read_until
from plumbing.machines import Plant, Sample
from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import Elements
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.energy import (
    GAS,
    GAS_CO2_KG,
    GAS_KWH,
    KWH_MODULUS,
    LINE_PATH,
    MACHINES,
    POWER_CO2_KG,
    ExpectedEnergy,
    expected_energy,
    readings,
)
from werknetz_simulator.plants.systems.energy_files import EnergyFileWriter
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.energy import energy_edge_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

SINCE_US = us_of(datetime(2026, 10, 23, 22, tzinfo=UTC))  # with a weekend and a clock change
DAYS = 4
END_US = SINCE_US + DAYS * DAY_US
NOW_US = END_US + 7 * HOUR_US


def signal_of(path: str, carrier: str) -> str:
    return f"{path}:{carrier or 'electricity'}"


@pytest.mark.asyncio
async def test_every_reading_arrives_once(tmp_path: Path) -> None:
    truth, folder = Truth(EMDEN_1, since_us=SINCE_US), tmp_path / "energy"
    folder.mkdir()
    position = ResumePosition(None, SINCE_US)
    writer = EnergyFileWriter(truth, folder, position)
    while writer.write_next(NOW_US):
        pass
    assert position.at_us == NOW_US
    expected: dict[str, list[tuple[int, float]]] = {}
    for reading in readings(truth, SINCE_US, NOW_US):
        key = signal_of(reading.path, reading.carrier)
        expected.setdefault(key, []).append((reading.at_us, reading.number))
    records = ReceivedRecords()
    config = config_of(energy_edge_of(EMDEN_1, folder, "./spool"), tmp_path)
    whole = sum(map(len, expected.values()))
    await read_until(config, records, lambda: sum(map(len, records.history.values())) >= whole)
    assert not records.refused
    received = {
        key: sorted((at_us, round(value, 3)) for at_us, value in samples)
        for key, samples in records.history.items()
    }
    assert received == expected  # the files have three decimals
    power = [value for _, value in expected[signal_of(LINE_PATH, "")]]
    assert any(b < a for a, b in pairwise(power)), "no meter rolls over"


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    yield Plant(pool)
    await pool.close()


@pytest.mark.asyncio
async def test_the_energy_of_machines_and_line_is_that_of_the_truth(plant: Plant) -> None:
    """By quarter of an hour, hour, shift and day; the meters' readings come last, as they do."""
    truth = Truth(EMDEN_1, since_us=SINCE_US)
    ids = await _store(plant, truth)
    await _compute(plant)
    await _store_readings(plant, truth, ids)
    await _compute(plant)
    rows = {
        path: {int(row["bucket_at"].timestamp()) * 1_000_000: Elements.of(row)
               for row in await plant.elements(number)}
        for path, number in ids.items()
    }  # fmt: skip
    plan = EMDEN_1.plan
    shifts = [(s.start_us, s.end_us) for s in plan.shifts_between(SINCE_US, END_US)]
    days = [(at, at + DAY_US) for at in range(SINCE_US, END_US, DAY_US)]
    hours = [(at, at + HOUR_US) for at in range(SINCE_US + DAY_US, SINCE_US + 2 * DAY_US, HOUR_US)]
    quarters = [
        (a, a + BUCKET_US) for a in range(SINCE_US + DAY_US, SINCE_US + 2 * DAY_US, BUCKET_US)
    ]
    for window in (*days, *shifts, *hours, *quarters):
        if window[0] < SINCE_US or window[1] > END_US:
            continue
        for machine in MACHINES:
            _compare(_sum(rows, [machine.path], window), expected_energy(truth, [machine], *window))
        paths = [LINE_PATH, *(machine.path for machine in MACHINES)]
        line = _sum(rows, paths, window)
        _compare(line, expected_energy(truth, MACHINES, *window))
        expected = expected_energy(truth, MACHINES, *window)
        assert line.energy_unallocated_kwh == pytest.approx(
            float(expected.unallocated_kwh), abs=1e-6
        )


def _compare(e: Elements, expected: ExpectedEnergy) -> None:
    value, reason = CATALOGUE["comprehensive_energy_consumption"].compute(e)
    if expected.energy_kwh is None:
        assert (e.energy_known_s, value) == (0, None)
        return
    assert e.energy_kwh == pytest.approx(float(expected.energy_kwh), abs=1e-6)
    assert e.co2_kg == pytest.approx(float(expected.co2_kg), abs=1e-6)
    assert e.energy_pq == expected.parts
    if not expected.parts:
        assert reason == "nothing was produced"
        return
    assert value == pytest.approx(float(expected.energy_kwh / expected.parts), rel=1e-9)
    co2, _ = CATALOGUE["co2_per_item"].compute(e)
    assert co2 == pytest.approx(float(expected.co2_kg / expected.parts), rel=1e-9)


def _sum(
    rows: dict[str, dict[int, Elements]], paths: list[str], window: tuple[int, int]
) -> Elements:
    return Elements.sum(
        e for path in paths for at_us, e in rows[path].items() if window[0] <= at_us < window[1]
    )


async def _store(plant: Plant, truth: Truth) -> dict[str, int]:
    """Store what the machines of the line report, and the carriers of the plant."""
    roles = {"state": "state", "good": "good_count", "scrap": "scrap_count"}
    ids: dict[str, int] = {}
    for machine in MACHINES:
        ids[machine.path] = await plant.machine(machine.path, tuple(roles.values()))
        samples = [*_samples_of(truth, machine, roles)]
        await plant.samples(ids[machine.path], samples)
    ids[LINE_PATH] = await plant.machine(LINE_PATH, ())
    for carrier, unit, kwh, co2 in (
        ("electricity", "kWh", Fraction(1), POWER_CO2_KG), (GAS, "m^3", GAS_KWH, GAS_CO2_KG),
    ):  # fmt: skip
        await plant.pool.execute(
            "INSERT INTO energy_carriers (equipment_id, carrier, valid_from, unit, kwh_per_unit,"
            " co2_kg_per_unit, entered_by) SELECT id, $2, '2026-01-01Z', $3, $4, $5, 'test'"
            " FROM equipment WHERE path = $1",
            EMDEN_1.path, carrier, unit, float(kwh), float(co2),
        )  # fmt: skip
    return ids


def _samples_of(truth: Truth, machine: PlantMachine, roles: dict[str, str]) -> list[Sample]:
    changes = [
        *truth.snapshot(machine, SINCE_US),
        *truth.changes(machine, SINCE_US, END_US, temperature_every_us=DAY_US),
    ]
    return [
        (roles[change.signal], max(change.at_us, SINCE_US),
         1.0 if change.signal == "state" else float(change.value), None)
        for change in changes
        if change.signal in roles
    ]  # fmt: skip


async def _store_readings(plant: Plant, truth: Truth, ids: dict[str, int]) -> None:
    samples: dict[str, list[Sample]] = {}
    for reading in readings(truth, SINCE_US, END_US + 1):
        role = f"energy {reading.carrier}"
        number = ids[reading.path]
        if (number, role) not in plant.signals:
            plant.signals[number, role] = await plant.pool.fetchval(
                "INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype,"
                " source, mapping, counter_reset, counter_modulus, carrier, unit)"
                " VALUES ($1, $2, 'c', $3, 'energy', 'float', 's', 'm@1', $4, $5, $6, $7)"
                " RETURNING id",
                f"{reading.path}:{role}", number, role,
                *(("to_zero", None, GAS, "m^3") if reading.carrier
                  else ("rollover", float(KWH_MODULUS), None, "kWh")),
            )  # fmt: skip
        samples.setdefault(reading.path, []).append((role, reading.at_us, reading.number, None))
    for path, rows in samples.items():
        await plant.samples(ids[path], rows)


async def _compute(plant: Plant) -> None:
    while await compute_dirty_buckets(
        plant.pool, WatermarkPublisher(None), now_us=NOW_US, quiet_s=0
    ):
        pass
    left = await plant.pool.fetchval(
        "SELECT count(*) FROM dirty_buckets WHERE bucket_at < $1", instant_of(END_US)
    )
    assert left == 0
