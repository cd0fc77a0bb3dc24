"""A code of a machine that stands for a reason changes the time of its stops."""

from dataclasses import replace
from typing import Any

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz.kpi.stops.reasons import CodeEffect, Reason, code_effect_of
from werknetz.kpi.timeline.reports import Reports, StateSpan

MINUTE = 60_000_000
AT = 1_000 * BUCKET_US
SPAN = BucketRange(AT, 1, AT + 4 * BUCKET_US)


def samples(state: S, *entries: StateSpan, **effects: CodeEffect) -> MachineSamples:
    """Producing; from the 5th to the 10th minute a stop with the code `x`."""
    at = [AT, AT + 5 * MINUTE, AT + 10 * MINUTE]
    series = Series.of(at, [1.0, float(state), 1.0], text=["run", "x", "run"])
    return MachineSamples(
        state=series, reports=Reports(entries=entries), code_effects=effects,
    )  # fmt: skip


def seconds(machine: MachineSamples) -> dict[str, float]:
    """Return the elements that are not zero, beside those of the time in which it produces."""
    computed = compute_buckets(machine, PlannedTime.always(), Carry(), SPAN)
    names = ("adet_s", "adot_s", "aust_s", "pdot_s", "malfunction_s", "idle_s", "starved_s", "fe",
             "unknown_s")  # fmt: skip
    return {name: float(v) for name in names if (v := computed.columns[name][0])}


STANDARD: list[tuple[str, S, CodeEffect, dict[str, float]]] = [
    ("no code", S.MALFUNCTION, CodeEffect(), {"adet_s": 300, "malfunction_s": 300, "fe": 1}),
    ("set-up", S.MALFUNCTION, code_effect_of("aust", None, counts_against_availability=True),
     {"aust_s": 300}),
    ("planned", S.MALFUNCTION, code_effect_of("pdot", None, counts_against_availability=False),
     {"pdot_s": 300}),
    ("planned, by its state", S.IDLE, code_effect_of("pdot", 8, counts_against_availability=False),
     {"pdot_s": 300}),
    ("a fault for the machine's idle", S.IDLE,
     code_effect_of("adet", 4, counts_against_availability=True),
     {"adet_s": 300, "malfunction_s": 300, "fe": 1}),
    ("missing material", S.IDLE, code_effect_of("adet", 6, counts_against_availability=True),
     {"adet_s": 300, "starved_s": 300}),
    ("no order", S.IDLE, code_effect_of("adot", 3, counts_against_availability=True),
     {"adot_s": 300}),
    ("counts, though the machine says maintenance", S.MAINTENANCE,
     code_effect_of("adet", None, counts_against_availability=True),
     {"adet_s": 300, "idle_s": 300}),
    ("maintenance of the machine", S.MAINTENANCE, CodeEffect(), {"pdot_s": 300}),
    ("it produces", S.PRODUCING, code_effect_of("pdot", 8, counts_against_availability=False), {}),
    ("nothing is known", S.UNKNOWN, code_effect_of("pdot", 8, counts_against_availability=False),
     {"unknown_s": 300}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "state", "effect", "expected"), STANDARD)
def test_the_reason_of_a_code_changes_the_time(
    name: str, state: S, effect: CodeEffect, expected: dict[str, float]
) -> None:
    assert seconds(samples(state, x=effect)) == expected, name
    assert seconds(samples(state, y=effect)) == seconds(samples(state)), "of another code"


PLANNED = code_effect_of("pdot", None, counts_against_availability=False)
FAULT = {"adet_s": 300.0, "malfunction_s": 300.0, "fe": 1.0}
ENTRIES: list[tuple[str, dict[str, Any], dict[str, float]]] = [
    ("a reason replaces that of the code", {"code": "jam"}, FAULT),
    ("a state, too", {"state": int(S.IDLE)}, {"adet_s": 300.0, "idle_s": 300.0}),
    ("a comment alone changes nothing", {}, {"pdot_s": 300.0}),
    ("it does not count as planned", {"is_planned": False}, FAULT | {}),
]


@pytest.mark.parametrize(("name", "entry", "expected"), ENTRIES)
def test_a_person_outranks_the_code(
    name: str, entry: dict[str, Any], expected: dict[str, float]
) -> None:
    span = StateSpan(AT + 5 * MINUTE, AT + 10 * MINUTE, **{"state": None, **entry})
    assert seconds(samples(S.MALFUNCTION, span, x=PLANNED)) == expected, name


def test_a_code_that_goes_on_is_judged_in_the_next_bucket_like_in_the_first() -> None:
    at = [AT, AT + 5 * MINUTE, AT + 40 * MINUTE]
    machine = MachineSamples(
        state=Series.of(at, [1.0, 4.0, 1.0], text=["run", "x", "run"]), code_effects={"x": PLANNED}
    )
    whole = compute_buckets(machine, PlannedTime.always(), Carry(), BucketRange(AT, 4, SPAN.now_us))
    assert whole.columns["pdot_s"].tolist() == [600, 900, 600, 0]
    for bucket in range(1, 4):
        start = AT + bucket * BUCKET_US
        later = replace(
            machine, state=Series.of([at[2]] if at[2] >= start else [], [1.0] * (at[2] >= start))
        )
        alone = compute_buckets(
            later, PlannedTime.always(), whole.carries[bucket - 1],
            BucketRange(start, 1, SPAN.now_us),
        )  # fmt: skip
        assert alone.elements_of(0) == whole.elements_of(bucket)


def test_the_codes_of_states_stay_what_the_machine_reports() -> None:
    computed = compute_buckets(
        samples(S.MALFUNCTION, x=CodeEffect(int(S.SETUP))), PlannedTime.always(), Carry(), SPAN
    )
    pieces = computed.intervals
    assert list(zip(pieces.state.tolist(), pieces.code, strict=True)) == [
        (1, "run"), (2, "x"), (1, "run"),
    ]  # fmt: skip


def test_effects_of_reasons() -> None:
    base = Reason("a", None, None, "stop", "A", "A", "adet", None, False, True)
    assert base.code_effect == CodeEffect(None, False, False)
    assert replace(base, category="aust").code_effect == CodeEffect(int(S.SETUP), False, False)
    assert replace(base, category="aust", state=3).code_effect == CodeEffect(3, False, False)
    assert replace(base, category="adot").code_effect == CodeEffect(None, False, True)
    planned = replace(base, category="pdot", counts_against_availability=False)
    assert planned.code_effect == CodeEffect(None, True, False)
