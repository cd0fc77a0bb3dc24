"""Births, data and their metrics: names, aliases, types, times."""

import pytest

from plumbing.sparkplug import payload
from plumbing.sparkplug_host import BD, BOOL, F64, I32, NODE, PRESS, T0_MS, TEXT, HostBench, data
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.host import Host


def test_a_birth_gives_values_without_commands_and_counters_of_its_own(bench: HostBench) -> None:
    assert bench.values == {
        f"{NODE}#hw": "A", f"{PRESS}#Counter/Good": 0, f"{PRESS}#temp": 20.5,
        f"{PRESS}#state": "IDLE", f"{PRESS}#on": False, f"{PRESS}#big": 1,
    }  # fmt: skip
    assert not bench.gaps
    assert not bench.requests


def test_data_come_by_alias_with_signs_times_and_all_types(bench: HostBench) -> None:
    bench.clear()
    metrics = data((1, I32, -7), (2, F64, -1.5), (3, TEXT, "RUN"), (4, BOOL, True), (9, TEXT, "B"))
    metrics += data((5, Datatype.UInt64, 2**64 - 1), (1, I32, 0), (4, BOOL, False), (1, I32, 5))
    metrics[1]["timestamp"] = T0_MS - 500
    bench.publish("DDATA", metrics[:4] + metrics[5:], at_ms=T0_MS + 5)
    pairs = [(r.source.partition("#")[2], r.value) for r in bench.readings]
    assert [value for name, value in pairs if name == "Counter/Good"] == [-7.0, 0.0, 5.0]
    on = [value for name, value in pairs if name == "on"]
    assert [repr(value) for value in on] == ["True", "False"], "a Boolean stays one"
    assert dict(pairs)["state"] == "RUN"
    assert dict(pairs)["big"] == 2**64 - 1
    times = {r.source.partition("#")[2]: r.source_time_us for r in bench.readings}
    assert (times["temp"], times["state"]) == ((T0_MS - 500) * 1000, (T0_MS + 5) * 1000)
    assert not bench.unreadable
    bench.publish("NDATA", data((9, TEXT, "B")))
    assert bench.values[f"{NODE}#hw"] == "B"


def test_null_is_no_zero_and_history_is_no_live_value(bench: HostBench) -> None:
    bench.clear()
    old = {"alias": 2, "type": F64, "value": 1.0, "is_historical": True, "timestamp": T0_MS - 9}
    null = {"alias": 2, "is_null": True}
    bench.publish("DDATA", [old, null, {"alias": 3, "is_null": True}])
    assert [(r.source, r.value, r.source_time_us) for r in bench.history] == [
        (f"{PRESS}#temp", 1.0, (T0_MS - 9) * 1000)
    ]
    by_name = {r.source: r for r in bench.readings}
    assert by_name[f"{PRESS}#temp"].value != by_name[f"{PRESS}#temp"].value  # NaN in a column
    assert by_name[f"{PRESS}#state"].value is None
    assert {r.status for r in bench.readings} == {BAD}
    bench.clear()
    bench.publish("DDATA", [{"alias": 2, "type": F64, "value": 1.0, "is_transient": True}])
    assert not bench.readings
    assert "1 values not to be stored" in bench.host.details()["transient"]


@pytest.mark.parametrize(
    ("quality", "status"),
    [(0, BAD), (192, GOOD), (500, BAD_STALE), (216, GOOD), (64, UNCERTAIN), (8, BAD)],
)
def test_quality_becomes_a_status(bench: HostBench, quality: int, status: int) -> None:
    bench.clear()
    metric = data((2, F64, 7.0))[0] | {"properties": {"Quality": quality}}
    bench.publish("DDATA", [metric])
    assert [(r.value, r.status) for r in bench.readings] == [(7.0, status)]


def test_units_are_reported() -> None:
    bench = HostBench()
    speed = {"name": "speed", "type": F64, "value": 1.0, "properties": {"engUnit": "1/min"}}
    bench.publish("NBIRTH", [BD, speed])
    assert bench.host.details()["units"] == f"{NODE}#speed 1/min"


def test_data_before_a_birth_are_stored_if_they_have_a_name() -> None:
    bench = HostBench()
    bench.publish("DDATA", [
        {"name": "temp", "type": F64, "value": 1.5},
        {"name": "n", "type": I32, "value": -3},
        {"alias": 7, "type": I32, "value": 4},
    ])  # fmt: skip
    assert bench.values == {f"{PRESS}#temp": 1.5, f"{PRESS}#n": -3}
    (unnamed,) = bench.unreadable
    assert unnamed.source == PRESS
    assert [m.alias for m in Payload.FromString(unnamed.raw).metrics] == [7]
    for _ in range(30):
        bench.publish("DDATA", data((7, I32, 4)))
    assert len(bench.unreadable) == 1  # no flood: the rest is counted
    assert [gap.cause for gap in bench.opened] == ["decode_error"]
    bench.wait(0.2)
    assert len(bench.requests) == 1
    bench.publish_births()
    assert [gap.estimate for gap in bench.closed] == [31]
    bench.clear()
    bench.publish("NDEATH", [BD])
    assert {f"{PRESS}#temp", f"{NODE}#hw"} <= bench.stale()


def test_names_that_differ_from_the_birth_are_used_and_noted(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDATA", [
        {"alias": 1, "name": "temp", "type": F64, "value": 4.5},  # both known: the name counts
        {"alias": 2, "name": "Temp", "type": F64, "value": 5.5},  # no such name: the alias is bound
        {"name": "speed", "type": F64, "value": 6.5},  # in no birth, yet it says all
    ])  # fmt: skip
    assert [(r.source, r.value) for r in bench.readings] == [
        (f"{PRESS}#temp", 4.5), (f"{PRESS}#temp", 5.5), (f"{PRESS}#speed", 6.5),
    ]  # fmt: skip
    details = bench.host.details()
    assert "alias 2" in details["name_differs"]
    assert "speed" in details["name_unknown"]
    assert bench.requests
    bench.clear()
    bench.publish("NDEATH", [BD])
    assert f"{PRESS}#speed" in bench.stale()


def test_an_alias_used_twice_is_never_guessed() -> None:
    bench = HostBench()
    bench.publish("NBIRTH", [BD])
    both = {"alias": 1, "type": I32, "value": 0}
    bench.publish("DBIRTH", [{"name": "a"} | both, {"name": "b"} | both])
    bench.publish("DBIRTH", [{"name": "c"} | both], device="oven")
    bench.clear()
    bench.publish("DDATA", data((1, I32, 5)))
    assert not bench.readings
    assert len(bench.unreadable) == 1
    bench.publish("DDATA", data((1, I32, 6)), device="oven")  # its own birth says which
    assert bench.values == {f"{NODE}/oven#c": 6}
    bench.publish("DDATA", [{"name": "a"} | both])
    assert bench.values[f"{PRESS}#a"] == 0
    assert "is also one of" in bench.host.details()["alias_twice"]


def test_a_datatype_that_changes_is_read_as_what_it_is(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDATA", [{"alias": 1, "type": F64, "value": 2.5}])
    assert bench.values == {f"{PRESS}#Counter/Good": 2.5}
    assert "Double, born Int32" in bench.host.details()["datatype_differs"]


def test_an_unreadable_metric_is_quarantined_and_the_rest_is_read(bench: HostBench) -> None:
    bench.clear()
    encoded = Payload(timestamp=T0_MS, seq=2)
    encoded.metrics.add(alias=1, bytes_value=b"\x01")
    encoded.metrics.add(alias=2, double_value=3.5)
    raw = encoded.SerializeToString()
    bench.raw("DDATA", raw)
    assert bench.values == {f"{PRESS}#temp": 3.5}
    (refused,) = bench.unreadable
    assert "Int32 cannot stand in bytes_value" in refused.reason
    assert [m.alias for m in Payload.FromString(refused.raw).metrics] == [1]


@pytest.mark.parametrize(
    ("topic", "raw", "reason"),
    [
        ("spBv1.0/G/DDATA/N/d", b"\x12\xff", "no Sparkplug B"),
        ("spBv1.0/G/DDATA/N", b"", "no topic of Sparkplug B"),
        ("spBv1.0/G/DDATA/N/d/e", b"", "no topic of Sparkplug B"),
        ("spBv1.0/G/NCMD/N", b"", "no topic of Sparkplug B"),
        ("spAv1.0/G/NDATA/N", b"", "no topic of Sparkplug B"),
    ],
)
def test_other_messages_are_quarantined_whole(topic: str, raw: bytes, reason: str) -> None:
    host = Host("plc")
    host.handle_message(topic, raw, at_us=1, now_s=0.0, token="t")
    (part,) = host.take_results()
    (refused,) = part.unreadable
    assert reason in refused.reason
    assert (refused.source, refused.raw, part.tokens) == (topic, raw, ["t"])


def test_times_are_the_metric_s_the_payload_s_or_the_arrival_s(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDATA", data((2, F64, 1.0)), at_ms=None)
    bench.publish("DDATA", data((3, TEXT, "x")), at_ms=None)
    far = data((2, F64, 1.0))[0] | {"timestamp": 2**64 - 1}
    bench.publish("DDATA", [far])
    first, second, third = (r.source_time_us for r in bench.readings)
    assert first == second == T0_MS * 1000
    assert third is not None
    assert third > 2**61  # out of all calendars: the normalizer marks it


def test_nodes_and_metrics_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("werknetz_edge.sparkplug.host.NODES_MAX", 3)
    monkeypatch.setattr("werknetz_edge.sparkplug.decoding.metric_reader.METRICS_MAX", 5)
    host = Host("plc")
    for number in range(5):
        metrics = [{"name": f"m{n}", "type": I32, "value": n} for n in range(4)]
        host.handle_message(
            f"spBv1.0/G/NBIRTH/n{number}", payload(metrics, seq=0), at_us=1, now_s=0.0
        )
    (part,) = host.take_results()
    assert len(part.readings) == 5
    reasons = [refused.reason for refused in part.unreadable]
    assert ["more than 5 metrics" in reason for reason in reasons] == [True, True, False, False]
    assert reasons[-1] == "more than 3 nodes"
