"""One timeline, whoever asks and when; nothing overlaps, nothing is missing."""

import itertools
from datetime import UTC, datetime

import pytest

from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import PLANTS, ROLLOVER, Plant, StateKind
from werknetz_simulator.plants.truth import SignalChange, Truth

SINCE = us_of(datetime(2026, 11, 8, 23, tzinfo=UTC))
EACH = pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.name)


@EACH
def test_every_microsecond_is_in_exactly_one_segment(plant: Plant) -> None:
    truth = Truth(plant, since_us=SINCE)
    for machine in plant.machines[:10]:
        segments = list(truth.segments(machine, SINCE, SINCE + 9 * DAY_US))
        assert segments[0].start_us <= SINCE
        assert segments[-1].end_us >= SINCE + 9 * DAY_US
        assert all(a.end_us == b.start_us for a, b in itertools.pairwise(segments))
        assert all(segment.start_us < segment.end_us for segment in segments)


@EACH
def test_history_and_live_are_one_timeline(plant: Plant) -> None:
    machine = plant.machines[4]
    cuts = [SINCE, SINCE + 7 * HOUR_US + 13, SINCE + 2 * DAY_US + 1, SINCE + 4 * DAY_US]
    whole = Truth(plant, since_us=SINCE).changes(machine, cuts[0], cuts[-1])
    pieces = [
        change
        for start, end in itertools.pairwise(cuts)
        for change in Truth(plant, since_us=SINCE).changes(machine, start, end)
    ]
    assert pieces == whole


@EACH
def test_the_snapshot_is_what_the_changes_lead_to(plant: Plant) -> None:
    truth = Truth(plant, since_us=SINCE)
    at_us = SINCE + 3 * DAY_US + 11 * HOUR_US
    for machine in plant.machines[:4]:
        values = {c.signal: c.value for c in truth.snapshot(machine, SINCE)}
        values |= {c.signal: c.value for c in truth.changes(machine, SINCE, at_us)}
        assert values == {c.signal: c.value for c in truth.snapshot(machine, at_us)}


def _counts(change: SignalChange) -> bool:
    return change.signal in {"good", "scrap", "rework"}


@EACH
def test_counters_count_every_part(plant: Plant) -> None:
    truth = Truth(plant, since_us=SINCE)
    end_us, rolled = SINCE + 6 * DAY_US, 0
    for machine in plant.machines[:4]:
        parts = truth.parts(machine, SINCE + 1, end_us + 1)
        counters = {c.signal: int(c.value) for c in truth.snapshot(machine, SINCE) if _counts(c)}
        totals = dict.fromkeys(counters, 0)
        for change in filter(_counts, truth.changes(machine, SINCE, end_us)):
            value, before = int(change.value), counters[change.signal]
            rolled += value < before and not plant.counters_restart
            if value < before:
                before = 0 if plant.counters_restart else before - ROLLOVER
            totals[change.signal] += value - before
            counters[change.signal] = value
        assert totals == {name: len(parts[name]) for name in plant.counts}
    assert bool(rolled) is not plant.counters_restart


@EACH
def test_parts_are_made_only_while_the_machine_produces(plant: Plant) -> None:
    truth = Truth(plant, since_us=SINCE)
    machine = plant.machines[0]
    producing = [
        (s.start_us, s.end_us)
        for s in truth.segments(machine, SINCE, SINCE + 2 * DAY_US)
        if s.kind is StateKind.PRODUCING
    ]
    for at_us in truth.parts(machine, SINCE, SINCE + 2 * DAY_US)["good"]:
        assert any(start < at_us < end for start, end in producing)


def test_another_seed_gives_other_events() -> None:
    plant = PLANTS["zwick-2"]
    first, other = (Truth(plant, since_us=SINCE, seed=seed) for seed in ("a", "b"))
    window = plant.machines[0], SINCE, SINCE + DAY_US
    assert list(first.segments(*window)) != list(other.segments(*window))
