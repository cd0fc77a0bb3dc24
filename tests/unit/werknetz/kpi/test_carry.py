"""What is passed from bucket to bucket survives its JSON document."""

import json

import pytest

from werknetz.domain.state import MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.counter_steps import CounterStart, ValueBefore
from werknetz.kpi.timeline.start_up import StartUpCarry


@pytest.mark.parametrize(
    "carry",
    [
        Carry(),
        Carry(3, "E7", "A1", 12.5, {"4": CounterStart(9.0)}, (1_000, True), 2_000),
        Carry(counts={"4": CounterStart(9.0, 7), "5": CounterStart(8.0)}),
        Carry(counts={"4": CounterStart(9.0, 7, ValueBefore(90.0, 6, 2.0))}),
        Carry(counts={"4": CounterStart(9.0, 7, ValueBefore(90.0, None, 0.0))}),
        Carry(
            counts={"4": CounterStart(9.0, 7, None, 5, 0), "5": CounterStart(1.0, 7, None, 0, 6)}
        ),
        Carry(fault=(1_000, False)),
        Carry(fault=(0, True), unknown_until_us=0),
        Carry(by_others=(4, "E7", 12.5)),
        Carry(by_others=(0, None, 0.0)),
        Carry(start_up=StartUpCarry(5_000_000, True, "A1", 7, 2.5)),
        Carry(start_up=StartUpCarry(order="A1")),
    ],
)
def test_round_trip(carry: Carry) -> None:
    assert Carry.from_document(json.loads(json.dumps(carry.to_document()))) == carry


def test_a_document_of_a_version_before_has_no_times() -> None:
    carry = Carry.from_document({"state": 1, "counts": {"4": 9}})
    assert carry.counts == {"4": CounterStart(9.0)}
    assert carry.to_document() == {"state": 1, "counts": {"4": 9.0}}


def test_an_empty_document_is_the_unknown_state() -> None:
    assert Carry.from_document({}) == Carry()
    assert Carry.from_document({}).state == MachineState.UNKNOWN


def test_unset_values_are_left_out() -> None:
    assert Carry(2, None, "", None).to_document() == {"state": 2, "counts": {}}
    assert Carry(2, None, "", 0.0).to_document() == {"state": 2, "counts": {}, "pri": 0.0}
