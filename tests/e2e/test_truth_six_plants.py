"""Truth = platform over all six plants, with late, doubled, missing and corrected data.

TRUTH_DAYS sets the days, as in `make truth DAYS=90`. Ingest, workers and API are real; the way
from machines to ingest is the subject of `test_truth.py`.
"""

import os
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import pytest

from plumbing.corrected_truth import CorrectedTruth, Corrections, correctable_stops
from plumbing.six_plants import SixPlants, six_plants
from plumbing.target_truth import compare_losses, compare_target
from plumbing.truth_sums import TruthSums
from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz_demo.target import GOAL, KEY
from werknetz_simulator.plants.expected import (
    ElementSums,
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
COMPUTE_S: Final = 20.0
Members = Sequence[tuple[CorrectedTruth, PlantMachine]]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_six_plants_agree_with_what_they_did(database_url: str) -> None:
    rng = random.Random(90)
    note = _Notes()
    with six_plants(
        database_url, SINCE_US, END_US, every=1 if IS_LONG else 3,
        batch_hours_max=95 if IS_LONG else 11,
    ) as world:  # fmt: skip
        _deliver(world, rng)
        note("delivered, and computed in part")
        world.work()
        note("computed")
        _set_target(world)
        _agree(world)
        note("compared")
        _correct(world, rng)
        note("corrected")
        world.work(dying=True)
        note("computed again")
        _agree(world)
        note("compared again")
        assert not world.query("SELECT 1 FROM rollup_marks")
        assert not world.query("SELECT 1 FROM findings WHERE kind = 'not_computed'")


class _Notes:
    """Prints what was done and how long it took; `make truth` shows it."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._cpu_s = time.process_time()

    def __call__(self, done: str) -> None:
        now_s, cpu_s = time.monotonic(), time.process_time()
        print(f"{done}: {now_s - self._began_s:.0f} s, {cpu_s - self._cpu_s:.0f} s of it CPU here",
              flush=True)  # fmt: skip
        self._began_s, self._cpu_s = now_s, cpu_s


def _deliver(world: SixPlants, rng: random.Random) -> None:
    """Deliver everything; workers compute in between and die, so that the rest comes late.

    In the long form all of them die early: a worker that computes all that is there, several
    times, would take most of the time.
    """
    due = [0.25, 0.5, 0.75] if IS_LONG else [0.5]
    for share in world.deliver(rng):
        if due and share >= due[0]:
            due.pop(0)
            if IS_LONG:
                world.work_for(COMPUTE_S)
            else:
                world.work(dying=True)


def _agree(world: SixPlants) -> None:
    sums = TruthSums()
    _elements_agree(world, sums)
    for members, path in _scopes(world):
        _kpis_agree(world, path, members, sums)
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
            stops = correctable_stops(truth, machine, SINCE_US + DAY_US, END_US, rng)
            for stop in islice(stops, 2):
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


def _elements_agree(world: SixPlants, sums: TruthSums) -> None:
    """Compare every element of every machine, window by window."""
    names = sorted(ElementSums().to_elements().keys() & set(ELEMENT_NAMES))
    totals = ", ".join(f"sum({name}) AS {name}" for name in names)
    for truth in world.plants:
        for machine in truth.plant.machines:
            windows = world.query(
                f"SELECT date_bin($4, bucket_at, $2) AS start_at, count(*) AS buckets, {totals}"
                " FROM elements JOIN equipment e ON e.id = equipment_id"
                " WHERE path = $1 AND bucket_at >= $2 AND bucket_at < $3 GROUP BY 1 ORDER BY 1",
                machine.path, instant_of(SINCE_US), instant_of(END_US),
                timedelta(microseconds=STEP_US),
            )  # fmt: skip
            starts = [us_of(window["start_at"]) for window in windows]
            assert starts == list(range(SINCE_US, END_US, STEP_US)), machine.path
            for start_us, window in zip(starts, windows, strict=True):
                end_us = min(start_us + STEP_US, END_US)
                assert window["buckets"] == (end_us - start_us) // BUCKET_US, machine.path
                total = sums.of([(truth, machine)], start_us, end_us).to_elements()
                expected = {name: total[name] for name in names}
                stored = {name: window[name] for name in names}
                where = (machine.path, instant_of(start_us))
                assert stored == pytest.approx(expected, abs=1e-4), where


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


def _kpis_agree(world: SixPlants, path: str, members: Members, sums: TruthSums) -> None:
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
            total = sums.of(members, *window)
            expected, strict = kpis_of(total), strict_kpis_of(total)
            items = by_window[window]
            subject = (path, granularity, instant_of(window[0]))
            assert {n: items[n]["value"] for n in names} == _about(expected), subject
            assert {n: items[n]["strict_value"] for n in names} == _about(strict), subject


def _about(values: dict[str, float | None]) -> dict[str, Any]:
    return {
        name: None if value is None else pytest.approx(value, rel=1e-9)
        for name, value in values.items()
    }


def _text(at_us: int) -> str:
    return instant_of(at_us).isoformat()
