"""Truth = platform over all six plants, with late, doubled, missing and corrected data.

TRUTH_DAYS sets the days, as in `make truth DAYS=90`. Ingest, workers and API are real; the way
from machines to ingest is the subject of `test_truth.py`.
"""

import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from plumbing.corrected_truth import CorrectedTruth, Corrections, correctable_stops
from plumbing.six_plants import SixPlants, six_plants
from plumbing.target_truth import compare_losses, compare_target
from werknetz.domain.bucket import BUCKET_US
from werknetz_demo.target import GOAL, KEY
from werknetz_simulator.plants.expected import (
    ElementSums,
    element_sums,
    kpis_of,
    strict_kpis_of,
)
from werknetz_simulator.plants.machine import ENTERPRISE, PlantMachine, StateKind
from werknetz_simulator.plants.plan import DAY_US, instant_of, us_of

DAYS: Final = int(os.environ.get("TRUTH_DAYS", "2"))
END_US: Final = us_of(datetime(2025, 10, 28, tzinfo=UTC))  # a Monday, and a Sunday of 25 hours
SINCE_US: Final = END_US - DAYS * DAY_US
IS_LONG: Final = DAYS >= 10
STEP_US: Final = (24 if IS_LONG else 3) * 3_600_000_000  # of a comparison of elements
Members = Sequence[tuple[CorrectedTruth, PlantMachine]]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_six_plants_agree_with_what_they_did(database_url: str) -> None:
    rng = random.Random(90)
    with six_plants(database_url, SINCE_US, END_US, every=1 if IS_LONG else 3) as world:
        for share in world.deliver(rng):
            if 0.5 <= share < 0.5 + 1 / 100 and not world.query("SELECT 1 FROM elements LIMIT 1"):
                world.work(dying=True)
        world.work()
        _set_target(world)
        _agree(world)
        _correct(world, rng)
        world.work(dying=True)
        _agree(world)
        assert not world.query("SELECT 1 FROM rollup_marks")
        assert not world.query("SELECT 1 FROM findings WHERE kind = 'not_computed'")


def _agree(world: SixPlants) -> None:
    _elements_agree(world)
    for members, path in _scopes(world):
        _kpis_agree(world, path, members)
    for truth in world.plants:
        compare_losses(world, truth, SINCE_US, END_US)
    compare_target(world, list(world.plants), END_US)


def _set_target(world: SixPlants) -> None:
    baseline = {"baseline_start": _text(SINCE_US), "baseline_end": _text(SINCE_US + DAY_US)}
    world.call("PUT", f"targets/{KEY}", json={
        "name": "one third more", "under": [ENTERPRISE], "goal": GOAL, "due_on": "2027-12-31",
        "now_days": 1, **baseline,
    })  # fmt: skip


def _correct(world: SixPlants, rng: random.Random) -> None:
    """Say what stops really were, and enter parts; the truth says the same.

    After the baseline of the target: that is frozen.
    """
    for truth in world.plants:
        corrections = Corrections()
        for machine in truth.plant.machines:
            stops = correctable_stops(truth, machine, SINCE_US + DAY_US, END_US)
            for stop in rng.sample(stops, min(2, len(stops))):
                _classify(world, machine, stop.start_us, stop.end_us)
                corrections.states[machine, stop.start_us] = StateKind.BLOCKED
            for name, parts in truth.parts(machine, SINCE_US + DAY_US, END_US).items():
                if parts and name != "rework":
                    at_us = rng.choice(parts)
                    _enter(world, machine, name, at_us, 3)
                    corrections.parts[machine, name] = [at_us] * 3
        truth.corrections = corrections


def _classify(world: SixPlants, machine: PlantMachine, start_us: int, end_us: int) -> None:
    window = {"start": _text(start_us), "end": _text(end_us)}
    items = world.get(f"equipment/{machine.path}/stops", **window)["items"]
    (stop,) = (i for i in items if us_of(datetime.fromisoformat(i["start"])) == start_us)
    assert us_of(datetime.fromisoformat(stop["end"])) == end_us, (machine.path, stop)
    world.call("POST", f"stops/{stop['id']}:classify", json={"state": "blocked"})


def _enter(world: SixPlants, machine: PlantMachine, kind: str, at_us: int, count: int) -> None:
    """Enter too much, correct it, and enter something that is withdrawn."""
    body = {"equipment": machine.path, "at": _text(at_us), "kind": kind}
    first = world.call("POST", "quantity_entries", json={**body, "quantity": count + 4})
    world.call(
        "PATCH", f"quantity_entries/{first['id']}",
        json={"quantity": count, "version": first["version"]},
    )  # fmt: skip
    second = world.call("POST", "quantity_entries", json={**body, "quantity": 50})
    world.call("DELETE", f"quantity_entries/{second['id']}")


def _elements_agree(world: SixPlants) -> None:
    """Compare every element of every machine, window by window."""
    for truth in world.plants:
        for machine in truth.plant.machines:
            rows = world.query(
                "SELECT b.* FROM elements b JOIN equipment e ON e.id = b.equipment_id"
                " WHERE path = $1 AND bucket_at >= $2 AND bucket_at < $3",
                machine.path, instant_of(SINCE_US), instant_of(END_US),
            )  # fmt: skip
            windows: dict[int, list[Any]] = {}
            for row in rows:
                windows.setdefault((us_of(row["bucket_at"]) - SINCE_US) // STEP_US, []).append(row)
            for n in range(-(-(END_US - SINCE_US) // STEP_US)):
                start_us = SINCE_US + n * STEP_US
                end_us = min(start_us + STEP_US, END_US)
                assert len(windows[n]) == (end_us - start_us) // BUCKET_US, machine.path
                expected = element_sums(truth, [machine], start_us, end_us).to_elements()
                names = expected.keys() & windows[n][0].keys()
                sums = {name: sum(bucket[name] for bucket in windows[n]) for name in names}
                assert sums == pytest.approx({name: expected[name] for name in names}, abs=1e-4), (
                    machine.path, instant_of(start_us),
                )  # fmt: skip


def _scopes(world: SixPlants) -> Iterator[tuple[Members, str]]:
    """Yield the group, each plant, one line and one machine of it."""
    everyone = [(truth, machine) for truth in world.plants for machine in truth.plant.machines]
    yield everyone, ENTERPRISE
    for truth in world.plants:
        machines = truth.plant.machines
        first = machines[0]
        yield [(truth, machine) for machine in machines], truth.plant.path
        yield [(truth, m) for m in machines if m.line == first.line], first.path.rpartition("/")[0]
        yield [(truth, first)], first.path


def _kpis_agree(world: SixPlants, path: str, members: Members) -> None:
    """Compare all KPIs that the truth knows, by day of the equipment and in one number."""
    names = sorted(kpis_of(ElementSums()))
    for granularity in ("1d", "none"):
        answer = world.get(
            "kpi_values", equipment=path, kpi=names, granularity=granularity,
            start=_text(SINCE_US), end=_text(END_US),
        )  # fmt: skip
        by_window: dict[tuple[int, int], dict[str, Any]] = {}
        for item in answer["items"]:
            bounds = [us_of(datetime.fromisoformat(item[name])) for name in ("start", "end")]
            by_window.setdefault((bounds[0], bounds[1]), {})[item["kpi"]] = item
        whole = [w for w in by_window if w[0] >= SINCE_US and w[1] <= END_US]
        assert len(whole) >= (1 if granularity == "none" else DAYS - 1)
        for window in whole:
            sums = _sum(members, *window)
            expected, strict = kpis_of(sums), strict_kpis_of(sums)
            items = by_window[window]
            subject = (path, granularity, instant_of(window[0]))
            assert {n: items[n]["value"] for n in names} == _about(expected), subject
            assert {n: items[n]["strict_value"] for n in names} == _about(strict), subject


def _sum(members: Members, start_us: int, end_us: int) -> ElementSums:
    total = ElementSums()
    for truth, machine in members:
        part = element_sums(truth, [machine], start_us, end_us)
        for name in ElementSums.__slots__:
            setattr(total, name, getattr(total, name) + getattr(part, name))
    return total


def _about(values: dict[str, float | None]) -> dict[str, Any]:
    return {
        name: None if value is None else pytest.approx(value, rel=1e-9)
        for name, value in values.items()
    }


def _text(at_us: int) -> str:
    return instant_of(at_us).isoformat()
