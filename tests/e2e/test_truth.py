"""What the platform says = what the plants did, to the last part and second, whatever dies.

Two days of both plants through the whole way, while edge, writer and worker are killed and the
streams forget everything.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis

from plumbing.inspection_truth import compare_inspection
from plumbing.installation import Installation, installation
from plumbing.target_truth import compare_losses, compare_target
from plumbing.waiting import eventually
from werknetz_demo.embedded.process import free_port
from werknetz_simulator.plants.expected import (
    ElementSums,
    element_sums,
    kpis_of,
    strict_kpis_of,
)
from werknetz_simulator.plants.plan import instant_of, us_of
from werknetz_simulator.plants.plant import EMDEN_1, ENTERPRISE, ZWICK_2, Plant, PlantMachine
from werknetz_simulator.plants.truth import Truth

DAYS = 2
_ELEMENTS = """
    SELECT path, elements.* FROM elements JOIN equipment ON equipment.id = equipment_id
    WHERE bucket_at >= $1 AND bucket_at < $2
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_platform_computes_the_expected_kpis(tmp_path: Path) -> None:
    with installation(tmp_path / "data", free_port(), "--plants", "2", "--days", str(DAYS)) as demo:
        demo.wait_for("the first rows are stored")
        _break_things(demo)
        demo.wait_for("Ctrl-C stops everything", within_s=600)
        assert demo.output.count("(SIGKILL); restart in") >= 4
        _wait_until_computed(demo)
        plants_by_name = [Truth(plant, since_us=demo.since_us) for plant in (EMDEN_1, ZWICK_2)]
        _wait_until_elements_agree(demo, plants_by_name)
        _kpis_agree(demo, plants_by_name)
        compare_target(demo, plants_by_name, _end_us(demo))
        for truth in plants_by_name:
            compare_losses(demo, truth, demo.since_us, _end_us(demo))
        emden = plants_by_name[0]
        compare_inspection(demo, emden, _days_of(emden, demo.since_us))
        _no_live_part_is_missing(demo, plants_by_name)
        assert not demo.query("SELECT 1 FROM spools WHERE last_seq = 0")
        demo.stop()


def _break_things(demo: Installation) -> None:
    _kill(demo, "edge", f"{demo.folder}/edge/zwick-2-history-history.yaml")
    time.sleep(0.5)
    _kill(demo, "ingest")
    with Redis.from_url(demo.url("valkey")) as streams:
        streams.flushall()
    time.sleep(1)
    _kill(demo, "worker")
    _kill(demo, "edge", f"{demo.folder}/edge/emden-1-opcua-live.yaml")
    _kill(demo, "edge", f"{demo.folder}/edge/zwick-2-mqtt-live.yaml")


def _kill(demo: Installation, *words: str) -> None:
    """Kill a process; wait for it where it is only starting."""
    eventually(lambda: demo.kill(*words) > 0, within_s=120, every_s=0.05, what=" ".join(words))


def _no_live_part_is_missing(demo: Installation, plants_by_name: list[Truth]) -> None:
    """Compare what came over OPC UA and MQTT, while edges died, part by part."""
    statement = """
        SELECT at, value FROM samples JOIN signals ON signals.id = signal_id
        WHERE key = $1 AND at > $2
    """
    start_us = _began_us(demo)
    until_us = time.time_ns() // 1000
    for truth in plants_by_name:
        for machine in truth.plant.machines:
            expected = {
                (change.at_us, change.value)
                for change in truth.changes(machine, start_us, until_us)
                if change.signal == "good"
            }

            def is_stored(path: str = machine.path, parts: set[Any] = expected) -> bool:
                rows = demo.query(statement, f"{path}:good", instant_of(start_us))
                return parts <= {(us_of(row["at"]), row["value"]) for row in rows}

            eventually(is_stored, within_s=120, what=machine.path)


def _end_us(demo: Installation) -> int:
    """Return the last quarter of an hour that had ended before the demo began."""
    return _began_us(demo) - _began_us(demo) % 900_000_000


def _began_us(demo: Installation) -> int:
    file = demo.folder / "edge" / "emden-1-history-history.yaml"
    return int(yaml.safe_load(file.read_text())["options"]["end_us"])


def _wait_until_computed(demo: Installation) -> None:
    statement = "SELECT count(*) FROM dirty_buckets WHERE bucket_at < $1"
    end = instant_of(_end_us(demo))
    eventually(
        lambda: demo.query(statement, end)[0]["count"] == 0,
        within_s=400, every_s=0.5, what="all buckets are computed",
    )  # fmt: skip


def _wait_until_elements_agree(demo: Installation, plants_by_name: list[Truth]) -> None:
    """Some of the history may be on its way while nothing waits to be computed."""
    deadline = time.monotonic() + 400
    while True:
        try:
            return _elements_agree(demo, plants_by_name)
        except (AssertionError, KeyError):
            if time.monotonic() > deadline:
                raise
            time.sleep(2)


def _elements_agree(demo: Installation, plants_by_name: list[Truth]) -> None:
    """Compare every bucket of every machine: each sum of them then agrees, too."""
    end_us = _end_us(demo)
    rows = demo.query(_ELEMENTS, instant_of(demo.since_us), instant_of(end_us))
    expected_values = {(row["path"], us_of(row["bucket_at"])): row for row in rows}
    for truth in plants_by_name:
        for machine in truth.plant.machines:
            for start in range(demo.since_us, end_us, 3_600_000_000):
                end = min(start + 3_600_000_000, end_us)
                expected = element_sums(truth, [machine], start, end).to_elements()
                buckets = [
                    expected_values[machine.path, at] for at in range(start, end, 900_000_000)
                ]
                sums = {
                    name: sum(bucket[name] for bucket in buckets)
                    for name in expected
                    if name in buckets[0]
                }
                assert sums == pytest.approx({name: expected[name] for name in sums}, abs=1e-5), (
                    machine.path,
                    instant_of(start),
                )


def _kpis_agree(demo: Installation, plants_by_name: list[Truth]) -> None:
    """Ask the API for machine, line, plant and enterprise, by shift and by day."""
    for truth in plants_by_name:
        plan = truth.plant.plan
        days = _days_of(truth, demo.since_us)
        for path, machines in _scopes(truth.plant):
            _compare(demo, path, "1d", days, [[(truth, machines)]] * len(days))
            first = plan.day_of(demo.since_us)
            shifts = [s for s in plan.shifts_between(*days[0]) if s.on == first]
            windows = [(shift.start_us, shift.end_us) for shift in shifts]
            _compare(demo, path, "shift", windows, [[(truth, machines)]] * len(windows))
    everyone = [(truth, list(truth.plant.machines)) for truth in plants_by_name]
    window = plants_by_name[0].plant.plan.day_bounds(
        plants_by_name[0].plant.plan.day_of(demo.since_us)
    )
    _compare(demo, ENTERPRISE, "none", [window], [everyone])


def _days_of(truth: Truth, since_us: int) -> list[tuple[int, int]]:
    plan = truth.plant.plan
    first = plan.day_of(since_us)
    return [plan.day_bounds(first + timedelta(days=n)) for n in range(DAYS)]


def _scopes(plant: Plant) -> Iterator[tuple[str, list[PlantMachine]]]:
    yield plant.path, list(plant.machines)
    for line in sorted({machine.line for machine in plant.machines}):
        members = [machine for machine in plant.machines if machine.line == line]
        yield f"{plant.path}/{members[0].area}/{line}", members
        yield members[0].path, members[:1]


def _compare(
    demo: Installation,
    path: str,
    granularity: str,
    windows: list[tuple[int, int]],
    whose: list[list[tuple[Truth, list[PlantMachine]]]],
) -> None:
    for (start, end), members in zip(windows, whose, strict=True):
        total = ElementSums()
        for truth, machines in members:
            part = element_sums(truth, machines, start, end)
            total = ElementSums(*(a + b for a, b in zip(_row(total), _row(part), strict=True)))
        expected, strict = kpis_of(total), strict_kpis_of(total)
        answer = demo.get(
            "kpi_values",
            equipment=path,
            kpi=sorted(expected),
            start=instant_of(start).isoformat(),
            end=instant_of(end).isoformat(),
            granularity=granularity,
        )
        items = {
            item["kpi"]: item
            for item in answer["items"]
            if us_of(datetime.fromisoformat(item["start"])) == start
        }
        for name, value in expected.items():
            subject = (path, granularity, name)
            assert items[name]["value"] == _about(value), subject
            assert items[name]["strict_value"] == _about(strict[name]), subject
            assert items[name]["plan_share"] == pytest.approx(1), subject


def _about(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9)


def _row(total: ElementSums) -> list[Any]:
    return [getattr(total, name) for name in ElementSums.__slots__]
