"""Compares the demo's target with what its plants did."""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from plumbing.installation import Installation
from werknetz_demo.target import KEY
from werknetz_simulator.expected_targets import EXTERNAL, expected_period, expected_target
from werknetz_simulator.plants.plan import instant_of, us_of
from werknetz_simulator.plants.truth import Truth

LOSS_NAMES = {
    "malfunction": "faults",
    "minor_stop": "faults",
    **dict.fromkeys(EXTERNAL, "external"),
}


def compare_target(demo: Installation, plants: list[Truth], end_us: int) -> None:
    """Compare change, gap and contributions at an instant up to which all is computed."""
    target = demo.get(f"targets/{KEY}", at=instant_of(end_us).isoformat())
    machines = [(truth, machine) for truth in plants for machine in truth.plant.machines]
    baseline = expected_period(
        machines, _window(target["baseline"]["start"], target["baseline"]["end"])
    )
    now = expected_period(machines, _window(target["now_start"], target["now_end"]))
    expected = expected_target(baseline, now, Fraction(1, 3))
    assert target["change"] == pytest.approx(float(expected.change), rel=1e-6, abs=1e-9)
    assert target["gap_points"] == pytest.approx(float(expected.gap_points), rel=1e-6)
    contributions = _sums_by_line(target["contributions"])
    expected_points = {key: float(points) for key, points in expected.contributions.items()}
    for key in {*contributions, *expected_points}:
        points = contributions.get(key, 0.0)
        assert points == pytest.approx(expected_points.get(key, 0.0), abs=1e-4), key
    assert sum(contributions.values()) == pytest.approx(target["gap_points"], abs=1e-6)


def compare_losses(demo: Installation, truth: Truth, start_us: int, end_us: int) -> None:
    """Compare the loss times of a plant with what its machines did, category by category."""
    start, end = (instant_of(at_us).isoformat() for at_us in (start_us, end_us))
    (item,) = demo.get("loss_times", equipment=truth.plant.path, start=start, end=end)["items"]
    machines = [(truth, machine) for machine in truth.plant.machines]
    period = expected_period(machines, (start_us, end_us))
    expected: dict[str, float] = defaultdict(float)
    for (_, name), us in period.lost_us.items():
        expected[name] += us / 1e6
    seconds: dict[str, float] = defaultdict(float)
    for part in item["parts"]:
        if part["kind"] == "loss":
            seconds[LOSS_NAMES.get(part["category"], part["category"])] += part["seconds"]
    assert seconds == pytest.approx(expected, abs=1e-3), truth.plant.path
    good = {step["name"]: step["seconds"] for step in item["steps"]}["good"]
    assert good == pytest.approx(period.good_us / 1e6, abs=1e-3)


def _window(start: str, end: str) -> tuple[int, int]:
    return us_of(datetime.fromisoformat(start)), us_of(datetime.fromisoformat(end))


def _sums_by_line(rows: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        sums[row["line"] or "", LOSS_NAMES.get(row["loss"], row["loss"])] += row["gap_points"]
    return dict(sums)
