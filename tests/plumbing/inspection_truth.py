"""Compares KPIs of people, parts and capacity with what Emden-1 did."""

from datetime import datetime

import pytest

from plumbing.installation import Installation
from werknetz_simulator.plants.plan import instant_of, us_of
from werknetz_simulator.plants.plant import PlantMachine
from werknetz_simulator.plants.systems.inspection import (
    CHARACTERISTICS,
    MACHINES,
    expected_capability,
    expected_values,
    inspections,
)
from werknetz_simulator.plants.truth import Truth


def compare_inspection(demo: Installation, truth: Truth, windows: list[tuple[int, int]]) -> None:
    """Compare the line, its machines and its characteristics in each window."""
    line = MACHINES[0].path.rpartition("/")[0]
    scopes = {line: list(MACHINES)} | {machine.path: [machine] for machine in MACHINES}
    for window in windows:
        for path, machines in scopes.items():
            expected = expected_values(truth, machines, *window)
            assert _values(demo, "equipment", path, expected, window) == pytest.approx(expected), (
                path,
                window,
            )
        for machine in MACHINES:
            _compare_characteristic(demo, truth, machine, window)


def _compare_characteristic(
    demo: Installation, truth: Truth, machine: PlantMachine, window: tuple[int, int]
) -> None:
    measured = list(inspections(truth, machine, *window))
    if not measured:
        return  # a day off
    name = next(c.name for c in CHARACTERISTICS if c.machine == machine.name)
    expected = expected_capability(measured)
    subject = f"{machine.path}:{name}"
    values = _values(demo, "characteristic", subject, expected, window)
    assert values == pytest.approx(expected), (subject, window)


def _values(
    demo: Installation, scope: str, subject: str, kpis: dict[str, float | None],
    window: tuple[int, int],
) -> dict[str, float | None]:  # fmt: skip
    start, end = (instant_of(at_us).isoformat() for at_us in window)
    answer = demo.get(
        "kpi_values",
        **{scope: subject}, kpi=sorted(kpis), start=start, end=end, granularity="none",
    )  # fmt: skip
    return {
        item["kpi"]: item["value"]
        for item in answer["items"]
        if us_of(datetime.fromisoformat(item["start"])) == window[0]
    }
