"""What must be true of a demo with all six plants: their numbers, their faults, their parts."""

import subprocess
from datetime import timedelta
from typing import Any, Final

import pytest

from plumbing.installation import Installation
from plumbing.waiting import eventually
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.plants.expected import element_sums, kpis_of
from werknetz_simulator.plants.machine import PlantMachine, StateKind
from werknetz_simulator.plants.plan import DAY_US, instant_of
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.serve import BROKEN_FILE

POLLED_STALE_US: Final = 10_000_000  # as old as a polled value may be on a busy machine
_LATEST = """
    SELECT at, value, text FROM samples JOIN signals ON signals.id = signal_id
    WHERE key = $1 ORDER BY at DESC LIMIT 1
"""


def check_plant_kpis(demo: Installation) -> None:
    start, end = demo.since_us, demo.since_us + DAY_US
    for plant in PLANTS.values():
        truth = Truth(plant, since_us=demo.since_us)
        expected = kpis_of(element_sums(truth, plant.machines, start, end))
        answer = demo.get(
            "kpi_values",
            equipment=plant.path,
            kpi=sorted(expected),
            start=instant_of(start).isoformat(),
            end=instant_of(end).isoformat(),
        )
        values = {item["kpi"]: item["value"] for item in answer["items"]}
        for name, value in expected.items():
            near = None if value is None else pytest.approx(value, rel=1e-9)
            assert values[name] == near, (plant.name, name)


def check_quarantine(demo: Installation) -> None:
    rows = demo.query("SELECT DISTINCT reason FROM quarantine WHERE connector_id LIKE 'chatt-6-%'")
    assert [row["reason"] for row in rows] == ['expression: no key "unit C"']
    for oven, count in (("oven-1", 1), ("oven-2", 0)):
        rows = demo.query(_LATEST.replace("= $1", "LIKE $1"), f"%/{oven}:temperature")
        assert len(rows) == count, oven


def break_one_of_each(demo: Installation) -> dict[str, str]:
    """Return the code by which each says that it fails, by the key of its state."""
    values: dict[str, str] = {}
    for plant in PLANTS.values():
        machine = plant.machines[-1]
        done = subprocess.run(
            [*werknetz_command(), "demo", "break", machine.path, "--data", str(demo.folder)],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        assert f"{machine.path} fails at" in done.stdout
        code = next(code for kind, code, _ in plant.codes if kind is StateKind.FAULT)
        values[f"{machine.path}:state"] = code
    return values


def are_stopped(demo: Installation, broken: dict[str, str]) -> bool:
    return all(demo.query(_LATEST, key)[0]["text"] == code for key, code in broken.items())


def check_counters(demo: Installation) -> None:
    """Compare the counters at the newest instant, also over the break between two starts."""
    broken = demo.folder / "plants" / BROKEN_FILE
    for plant in PLANTS.values():
        truth = Truth(plant, since_us=demo.since_us, broken=broken)
        for machine in plant.machines[::4]:
            _wait_for_counter(demo, truth, machine)


def _wait_for_counter(demo: Installation, truth: Truth, machine: PlantMachine) -> None:
    """A Sparkplug node that dies leaves an empty row, and the row of its birth may come late."""
    late_us = POLLED_STALE_US if truth.plant.is_polled else 0
    newest: list[Any] = []

    def agrees() -> bool:
        row = demo.query(_LATEST, f"{machine.path}:good")[0]
        at_us = round((row["at"] - instant_of(0)) / timedelta(microseconds=1))
        values = recent_values(truth, machine, "good", at_us, late_us)
        newest[:] = [machine.path, dict(row), values]
        return row["value"] in values

    eventually(agrees, within_s=240, what=lambda: f"the newest row agrees: {newest}")


def recent_values(
    truth: Truth, machine: PlantMachine, signal: str, at_us: int, late_us: int
) -> set[Any]:
    """Return the values that a signal had at an instant and up to `late_us` before it."""
    changes = [*truth.snapshot(machine, at_us), *truth.snapshot(machine, at_us - late_us)]
    changes += truth.changes(machine, at_us - late_us, at_us)
    return {change.value for change in changes if change.signal == signal}
