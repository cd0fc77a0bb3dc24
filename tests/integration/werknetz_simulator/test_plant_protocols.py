"""The plants abroad over the wire, each read by its real connector: values equal the truth."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plumbing.edge_records import ReceivedRecords, config_of, read_until
from plumbing.group import POLLED_STALE_US, recent_values
from werknetz_demo.embedded.process import free_port
from werknetz_simulator.edge_file import live_edge_of
from werknetz_simulator.plants import incident
from werknetz_simulator.plants.incident import break_machine
from werknetz_simulator.plants.machine import Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import SEED, Truth
from werknetz_simulator.protocols.names.profile import PlantAddress
from werknetz_simulator.serve import BROKEN_FILE, PlantEndpoints, Work, plant_tasks

SIGNALS = ("state", "good", "order", "pri")


def _works(
    plant: Plant, where: PlantAddress, state: Path, since_us: int, start_us: int | None
) -> list[Work]:
    """Return the machines alone: the systems beside them have tests of their own."""
    place = where.host, where.port
    key = Path(where.key_file)
    places = PlantEndpoints("", place, place, f"http://{where.host}:{where.port}", key)
    machines, *beside = plant_tasks(
        plant, places, state, SEED, since_us, start_us or time.time_ns() // 1000
    )
    for work in beside:
        work.close()
    return [machines]


@asynccontextmanager
async def _serve_plant(
    plant: Plant, where: PlantAddress, state: Path, since_us: int, start_us: int | None = None
) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(w) for w in _works(plant, where, state, since_us, start_us)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["palma-3", "brati-4", "pueb-5", "chatt-6"])
async def test_received_values_agree_with_the_truth(
    name: str, mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_MQTT_URL", mqtt_url)
    monkeypatch.setattr(incident, "START_DELAY_US", 1_000_000)
    plant = PLANTS[name]
    key = tmp_path / "webhook.key"
    key.write_text("a-key-that-opens-the-hooks\n")
    where = PlantAddress(mqtt_url, port=free_port(), key_file=str(key))
    config = config_of(live_edge_of(plant, where, "./spool"), tmp_path)
    since = time.time_ns() // 1000 - 2 * DAY_US
    records, victim = ReceivedRecords(), plant.machines[7]
    expected_keys = {f"{machine.path}:{signal}" for machine in plant.machines for signal in SIGNALS}
    expected_keys |= {f"{m.path}:temperature" for m in plant.machines if m.name != plant.wrong_unit}
    fault = next(code for kind, code, _ in plant.codes if kind is StateKind.FAULT)
    async with _serve_plant(plant, where, tmp_path, since):
        await read_until(config, records, lambda: expected_keys <= records.latest.keys())
        truth = Truth(plant, since_us=since)
        for machine in plant.machines:
            _agrees(truth, machine, records)
        _temperatures_are_celsius(plant, records)
        break_machine(tmp_path / BROKEN_FILE, victim, time.time_ns() // 1000, HOUR_US)
        await read_until(
            config, records, lambda: records.latest[f"{victim.path}:state"][2] == fault
        )


def _agrees(truth: Truth, machine: PlantMachine, records: ReceivedRecords) -> None:
    at_us = {signal: records.latest[f"{machine.path}:{signal}"][0] for signal in SIGNALS}
    values = {
        "state": records.latest[f"{machine.path}:state"][2],
        "order": records.latest[f"{machine.path}:order"][2],
        "good": records.latest[f"{machine.path}:good"][1],
        "pri": records.latest[f"{machine.path}:pri"][1],
    }
    for signal, value in values.items():
        possible = recent_values(truth, machine, signal, at_us[signal], POLLED_STALE_US)
        if signal == "pri":
            near = [
                candidate
                for candidate in possible
                if value == pytest.approx(float(candidate), rel=1e-6)
            ]
            assert near, (machine.path, value, possible)
        else:
            assert value in possible, (machine.path, signal, value, possible)


def _temperatures_are_celsius(plant: Plant, records: ReceivedRecords) -> None:
    """Only values in the agreed unit are accepted; they are stored as Celsius."""
    keys = {f"{machine.path}:temperature": machine for machine in plant.machines}
    for key, machine in keys.items():
        if machine.name == plant.wrong_unit:
            assert key not in records.latest
        else:
            assert 35 < records.latest[key][1] < 75, key
            assert records.units[key] == "degC"
    refused = {unmapped.reason for unmapped in records.refused}
    assert refused == ({'expression: no key "unit C"'} if plant.wrong_unit else set())


@pytest.mark.asyncio
async def test_an_offline_node_sends_its_history_when_the_host_is_there(
    mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Births wait for the host's STATE; what happened meanwhile comes with its own times."""
    monkeypatch.setenv("WERKNETZ_MQTT_URL", mqtt_url)
    plant = PLANTS["brati-4"]
    where = PlantAddress(mqtt_url, key_file="unused")
    config = config_of(live_edge_of(plant, where, "./spool"), tmp_path)
    now = time.time_ns() // 1000
    since, start = now - 2 * DAY_US, now - 10 * MINUTE_US
    records = ReceivedRecords()
    truth = Truth(plant, since_us=since)
    expected = {
        machine.path: {
            (-(-change.at_us // 1000) * 1000, change.value)
            for change in truth.changes(machine, start, now)
            if change.signal == "good"
        }
        for machine in plant.machines
    }
    assert any(expected.values()) or not _has_worked(truth, now)

    def is_received() -> bool:
        return all(
            parts <= set(records.history.get(f"{path}:good", []))
            for path, parts in expected.items()
        )

    async with _serve_plant(plant, where, tmp_path, since, start):
        await asyncio.sleep(1.0)  # nobody listens
        await read_until(config, records, is_received)


def _has_worked(truth: Truth, at_us: int) -> bool:
    """Whether machines have worked for minutes: one that has just begun has made no part yet."""
    begin = at_us - 5 * MINUTE_US
    segments = [next(truth.segments(m, begin, begin + 1)) for m in truth.plant.machines]
    return sum(s.kind is StateKind.PRODUCING and s.end_us > at_us - MINUTE_US for s in segments) > 4
