"""Findings about counters: one a signal, kind and bucket, which describes the largest quantity."""

import math

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import Cause, SetAside
from werknetz_worker.elements.findings import KINDS, list_findings
from werknetz_worker.elements.machine import Machine
from werknetz_worker.elements.signals_in_force import MachineSignal

T0 = 1000 * BUCKET_US
GOOD = MachineSignal(7, Role.GOOD_COUNT, "to_zero", None, "cumulative", name="good")
MACHINE = Machine(3, "nordwerk/press-3", (GOOD,), ())


def aside(
    at_us: int, before: float, after: float, cause: Cause = "jump", most: float | None = 11
) -> SetAside:
    return SetAside(7, at_us, cause, before, after, most)


def test_a_bucket_ends_with_its_last_instant() -> None:
    findings = list_findings(
        MACHINE, [aside(T0, 0, 50), aside(T0 + 1, 0, 60), aside(T0 + BUCKET_US, 0, 70)]
    )
    assert [(finding.key, finding.at_us, finding.quantity) for finding in findings] == [
        (f"counter_jump/7/{T0 - BUCKET_US}", T0, 50),
        (f"counter_jump/7/{T0}", T0 + BUCKET_US, 70),
    ]
    assert findings[1].detail.startswith("nordwerk/press-3:good rose from 0 to 70")
    assert "(at most 11)" in findings[1].detail
    assert "2 samples of this bucket" in findings[1].detail
    assert "samples of this bucket" not in findings[0].detail


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        ("jump", "counter_jump", "rose from 100 to 40, which the machine cannot have made:"),
        ("start_value", "counter_start_value", "cannot have made the new value since:"),
        ("below_zero", "counter_below_zero", "fell from 100 to 40, below zero:"),
        ("not_finite", "counter_jump", "which is no count:"),
    ],
)
def test_each_cause_has_a_kind_and_a_sentence(cause: Cause, kind: str, text: str) -> None:
    [finding] = list_findings(MACHINE, [aside(T0 + 5, 100, 40, cause, None)])
    assert (finding.kind, finding.before, finding.after) == (kind, 100, 40)
    assert finding.quantity == (40 if cause == "start_value" else 60)
    assert text in finding.detail
    assert kind in KINDS


@pytest.mark.parametrize(
    ("value", "cause", "kind", "text"),
    [
        (-5.0, "below_zero", "counter_below_zero", "starts with -5, which is below zero: what it"),
        (1e300, "not_finite", "counter_jump", "starts with 1e+300, which is no count: what it"),
    ],
)
def test_a_first_value_that_is_no_count_has_a_finding(
    value: float, cause: Cause, kind: str, text: str
) -> None:
    [finding] = list_findings(MACHINE, [aside(T0 + 5, value, value, cause, None)])
    assert (finding.kind, finding.quantity, finding.before, finding.after) == (
        kind, None, None, value
    )  # fmt: skip
    assert text in finding.detail
    assert "datatype" in finding.detail


def test_what_is_no_finite_number_is_left_out() -> None:
    [finding] = list_findings(MACHINE, [aside(T0 + 5, -1e308, 1e308, "not_finite")])
    assert (finding.quantity, finding.before, finding.after) == (None, -1e308, 1e308)
    assert math.isinf(aside(T0, -1e308, 1e308).quantity)
