"""An injected fault stops a machine from then on; earlier values do not change."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from werknetz_simulator.plants.incident import START_DELAY_US, break_machine
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, us_of
from werknetz_simulator.plants.plant import PLANTS, Plant, StateKind
from werknetz_simulator.plants.truth import Truth

SINCE = us_of(datetime(2026, 11, 8, 23, tzinfo=UTC))
NOW = us_of(datetime(2026, 11, 12, 16, tzinfo=UTC))  # a shift in every plant


@pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.name)
def test_it_stands_still_and_makes_nothing(plant: Plant, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    whole = Truth(plant, since_us=SINCE)
    truth = Truth(plant, since_us=SINCE, broken=file)
    machine, other = plant.machines[:2]
    before = truth.changes(machine, NOW - HOUR_US, NOW)
    start, end = break_machine(file, machine, NOW, 20 * MINUTE_US)
    assert start == NOW + START_DELAY_US
    truth.refresh()
    assert {s.kind for s in truth.segments(machine, start, end)} == {StateKind.FAULT}
    assert not any(truth.parts(machine, start, end).values())
    assert truth.changes(machine, NOW - HOUR_US, NOW) == before
    later = NOW, NOW + DAY_US
    assert truth.changes(other, *later) == whole.changes(other, *later)
    parts, expected = (t.parts(machine, NOW, NOW + DAY_US) for t in (truth, whole))
    missing = [at for at in expected["good"] if at not in set(parts["good"])]
    assert set(parts["good"]) <= set(expected["good"])
    assert all(start <= at < end for at in missing)


def test_counters_after_it_count_what_was_made(tmp_path: Path) -> None:
    plant = PLANTS["palma-3"]
    file, machine = tmp_path / "broken.json", plant.machines[0]
    truth = Truth(plant, since_us=SINCE, broken=file)
    truth.snapshot(machine, NOW + 2 * DAY_US)  # counted on, before anything broke
    break_machine(file, machine, NOW, HOUR_US)
    truth.refresh()
    at_us = NOW + 2 * DAY_US
    values = {c.signal: c.value for c in truth.snapshot(machine, SINCE)}
    values |= {c.signal: c.value for c in truth.changes(machine, SINCE, at_us)}
    assert values == {c.signal: c.value for c in truth.snapshot(machine, at_us)}
    assert Truth(plant, since_us=SINCE, broken=file).snapshot(machine, at_us) == truth.snapshot(
        machine, at_us
    )


def test_broken_twice_at_once_is_broken_once(tmp_path: Path) -> None:
    plant = PLANTS["emden-1"]
    file, machine = tmp_path / "broken.json", plant.machines[0]
    start, _ = break_machine(file, machine, NOW, 5 * MINUTE_US)
    _, end = break_machine(file, machine, NOW + MINUTE_US, 10 * MINUTE_US)
    truth = Truth(plant, since_us=SINCE, broken=file)
    assert {s.kind for s in truth.segments(machine, start, end)} == {StateKind.FAULT}
    at = [s.start_us for s in truth.segments(machine, NOW - HOUR_US, NOW + HOUR_US)]
    assert at == sorted(set(at))
