"""Sequence numbers: losses are gaps and request births."""

import pytest

from plumbing.sparkplug import payload
from plumbing.sparkplug_host import BD, I32, NODE, PRESS, T0_MS, TEXT, HostBench, data
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.host import Host
from werknetz_edge.sparkplug.rebirth import RebirthRequester


@pytest.mark.parametrize("first", [0, 1, 77, 255])
def test_a_birth_may_begin_anywhere(first: int) -> None:
    bench = HostBench(seq=first - 1)
    bench.publish("NBIRTH", [BD, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}])
    bench.publish("NDATA", data((9, TEXT, "B")))
    bench.wait(5)
    assert bench.values == {f"{NODE}#hw": "B"}
    assert not bench.gaps


def test_a_swap_of_messages_is_put_right_without_a_gap(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDATA", data((1, I32, 2)), seq=3, token="second")
    assert not bench.readings
    assert not bench.tokens
    bench.publish("DDATA", data((1, I32, 1)), seq=2, token="first")
    assert [r.value for r in bench.readings] == [1, 2]
    assert bench.tokens == ["first", "second"]
    bench.wait(10)
    assert not bench.gaps


def test_a_jump_is_a_gap_and_requests_a_birth(bench: HostBench) -> None:
    bench.clear()
    bench.wait(7)
    bench.seq += 5
    bench.publish("DDATA", data((1, I32, 6)))
    assert not bench.gaps
    bench.wait(2.0)
    (gap,) = bench.opened
    assert (gap.cause, gap.estimate) == ("sequence_jump", 5)
    assert gap.from_us == T0_MS * 1000
    assert bench.closed[0].to_us == (T0_MS + 7000) * 1000
    assert bench.values == {f"{PRESS}#Counter/Good": 6}  # what came is kept
    bench.wait(0.2)
    (request,) = bench.requests
    command = Payload.FromString(request.payload)
    assert (request.topic, command.metrics[0].name) == ("spBv1.0/G/NCMD/N", "Node Control/Rebirth")
    assert command.metrics[0].boolean_value
    assert not command.HasField("seq")
    bench.publish_births()
    bench.wait(500)
    assert len(bench.requests) == 1


def test_requests_are_rare_and_rarer_while_nobody_answers(bench: HostBench) -> None:
    bench.seq += 3
    bench.publish("DDATA", data((1, I32, 6)))
    for _ in range(3600):
        bench.wait(1)
    assert len(bench.requests) == 7  # after 30, 60, 120, … s, not 120 times
    many = HostBench()
    for number in range(50):
        raw = payload(data((1, I32, 1)), seq=0)
        many.host.handle_message(f"spBv1.0/G/NDATA/n{number}", raw, at_us=T0_MS * 1000, now_s=0.0)
    many.wait(1.0)
    assert len(many.requests) == 1
    for _ in range(200):
        many.wait(0.1)
    assert len({request.topic for request in many.requests}) == 50
    silent = HostBench(Host("plc", rebirths=RebirthRequester(30.0, allowed=False)))
    silent.publish("NDATA", data((1, I32, 1)))
    silent.wait(100)
    assert not silent.requests


def test_a_late_message_is_read_and_noted(bench: HostBench) -> None:
    bench.clear()
    for seq, value in ((3, 3), (2, 2)):
        bench.publish("DDATA", data((1, I32, value)), seq=seq)
        bench.wait(2.5)
    assert [r.value for r in bench.readings] == [3, 2]
    assert "after its time" in bench.host.details()["late"]
    assert [gap.estimate for gap in bench.opened] == [1]
