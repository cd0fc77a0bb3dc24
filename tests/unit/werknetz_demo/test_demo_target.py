"""The baseline of the demo's target lies in the days whose KPIs are complete."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from werknetz_demo.run import Demo
from werknetz_demo.target import WINDOW_DAYS, baseline_days, baseline_start_us, target_body
from werknetz_simulator.plants.plan import DAY_US, HOUR_US
from werknetz_simulator.plants.plant import EMDEN_1

START_US = 1_795_000_000_000_000


def demo_after(hours: int) -> Demo:
    """A run whose history began so many hours before now."""
    fake = SimpleNamespace(
        plants=[EMDEN_1], now_us=START_US + hours * HOUR_US, history_start_us=lambda _: START_US
    )
    return cast("Demo", fake)


@pytest.mark.parametrize(
    ("hours", "start_days", "lengths"),
    [
        (24, 0, [1, 1, 1]), (47, 0, [1, 1, 1]), (3 * 24 + 5, 0, [1, 2, 3]),
        (6 * 24, 0, [2, 4, 6]), (7 * 24, 1, [2, 4, 6]), (30 * 24 + 15, 24, [2, 4, 6]),
    ],
)  # fmt: skip
def test_the_baseline_is_the_first_third_of_the_complete_days(
    hours: int, start_days: int, lengths: list[int]
) -> None:
    demo = demo_after(hours)
    start_us = baseline_start_us(demo)
    assert start_us == START_US + start_days * DAY_US
    assert demo.now_us - start_us <= WINDOW_DAYS * DAY_US
    assert baseline_days(demo) == lengths
    assert start_us + max(lengths) * DAY_US <= demo.now_us


def test_the_body_is_json(tmp_path: Path) -> None:
    file = tmp_path / "target.json"
    file.write_text(json.dumps(target_body(demo_after(72), 1)))
    body = json.loads(file.read_text())
    assert body["under"] == ["nordwerk"]
    assert body["baseline_start"] < body["baseline_end"] < body["due_on"]
