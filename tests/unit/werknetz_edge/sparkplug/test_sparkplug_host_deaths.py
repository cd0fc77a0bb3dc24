"""Deaths of nodes and devices mark metrics stale."""

from plumbing.sparkplug_host import BD, F64, METRICS, NODE, PRESS, T0_MS, TEXT, HostBench, data
from werknetz_edge.sparkplug.host import DEVICE_BIRTHS_S, STALE_AFTER_S


def test_the_death_of_a_device_marks_its_metrics_and_no_others(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDATA", data((2, F64, 1.0)), at_ms=T0_MS + 30_000)  # a clock that is ahead
    bench.publish("DDEATH", [], at_ms=T0_MS + 10)
    assert bench.stale() == METRICS
    newest = max(r.source_time_us or 0 for r in bench.readings if r.value is not None)
    assert all((r.source_time_us or 0) > newest for r in bench.readings if r.value is None)
    bench.clear()
    bench.publish("DDEATH", [])
    assert not bench.readings  # once is enough


def test_the_death_of_a_node_marks_everything_at_its_arrival(bench: HostBench) -> None:
    bench.clear()
    bench.wait(60)
    bench.publish("NDEATH", [BD], at_ms=T0_MS - 99_000)  # a will is as old as its session
    assert bench.stale() == METRICS | {f"{NODE}#hw"}
    assert {r.source_time_us for r in bench.readings} == {bench.at_ms * 1000}
    bench.clear()
    bench.publish("NDEATH", [BD])
    assert not bench.readings


def test_a_death_of_another_session_is_noted_and_checked(bench: HostBench) -> None:
    bench.clear()
    bench.publish("NDEATH", [BD | {"value": 2}])
    assert not bench.readings
    assert "2, born with 3" in bench.host.details()["bdseq_differs"]
    bench.wait(0.2)
    assert [request.topic for request in bench.requests] == ["spBv1.0/G/NCMD/N"]
    bench.publish("DDATA", data((2, F64, 1.0)))  # it lives
    bench.wait(STALE_AFTER_S)
    assert not bench.stale()


def test_a_peer_that_counts_its_deaths_wrongly_is_marked_stale(
    bench: HostBench,
) -> None:
    bench.clear()
    bench.publish("NDEATH", [BD | {"value": 0}])
    bench.wait(STALE_AFTER_S)
    assert bench.stale() == METRICS | {f"{NODE}#hw"}


def test_a_death_without_bdseq_or_seq_is_followed(bench: HostBench) -> None:
    bench.clear()
    bench.publish("DDEATH", [], seq=None)
    assert bench.stale() == METRICS
    assert "DDEATH of G/N/press" in bench.host.details()["seq_missing"]
    bench.publish("NDATA", data((9, TEXT, "B")))  # whether the death was counted is not known
    assert not bench.gaps
    bench.publish("NDEATH", [])
    assert f"{NODE}#hw" in bench.stale()
    assert bench.host.details()["bdseq_missing"]


def test_a_rebirth_with_other_metrics_marks_what_is_gone(bench: HostBench) -> None:
    bench.clear()
    bench.seq = -1
    bench.publish("NBIRTH", [BD, {"name": "hw2", "alias": 1, "type": TEXT, "value": "C"}])
    assert bench.stale() == {f"{NODE}#hw"}
    bench.publish("DBIRTH", [{"name": "temp", "alias": 2, "type": F64, "value": 1.0}])
    assert bench.stale() == {f"{NODE}#hw"} | METRICS - {f"{PRESS}#temp"}


def test_a_device_that_is_not_born_again_is_marked(bench: HostBench) -> None:
    bench.clear()
    bench.seq = -1
    bench.publish("NBIRTH", [BD, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}])
    bench.publish("DDATA", data((2, F64, 1.0)))  # by an alias of the birth before: bound no more
    assert bench.values == {f"{NODE}#hw": "A"}
    bench.wait(DEVICE_BIRTHS_S)
    assert bench.stale() == METRICS
