"""The host as a state machine: bytes and time in; readings, gaps, refusals and requests out."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from plumbing.sparkplug import payload
from werknetz.connector.contract import Reading
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.host import DEVICE_BIRTHS_S, REBIRTH_AFTER_S, STALE_AFTER_S, Host
from werknetz_edge.sparkplug.rebirth import NodeCommand, RebirthRequester

T0_MS = 1_790_000_000_000
I32, I64, F64, TEXT, BOOL = (
    Datatype.Int32, Datatype.Int64, Datatype.Double, Datatype.String, Datatype.Boolean
)  # fmt: skip
BD: dict[str, Any] = {"name": "bdSeq", "type": Datatype.UInt64, "value": 3}
NODE = "spBv1.0/G/N"
PRESS = f"{NODE}/press"


@dataclass
class Bench:
    """A host, a clock, and all that came of it."""

    host: Host = field(default_factory=lambda: Host("plc", reorder_s=2.0))
    now_s: float = 0.0
    seq: int = -1
    readings: list[Reading] = field(default_factory=list)
    history: list[Reading] = field(default_factory=list)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    requests: list[NodeCommand] = field(default_factory=list)
    tokens: list[object] = field(default_factory=list)

    @property
    def at_ms(self) -> int:
        return T0_MS + int(self.now_s * 1000)

    def say(self, kind: str, metrics: list[dict[str, Any]], **how: Any) -> None:
        """Without `seq`: the next one; `seq=None`: none at all."""
        if "seq" not in how and kind != "NDEATH":
            self.seq = how["seq"] = (self.seq + 1) % 256
        how.setdefault("at_ms", self.at_ms)
        token, device = how.pop("token", None), how.pop("device", "press")
        self.raw(kind, payload(metrics, **how), token=token, device=device)

    def raw(self, kind: str, raw: bytes, *, token: object = None, device: str = "press") -> None:
        topic = f"spBv1.0/G/{kind}/N" + (f"/{device}" if kind.startswith("D") else "")
        self.host.handle_message(topic, raw, at_us=self.at_ms * 1000, now_s=self.now_s, token=token)
        self.collect()

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.collect()

    def collect(self) -> None:
        request = self.host.tick(self.now_s, self.at_ms * 1000)
        self.requests += [] if request is None else [request]
        for part in self.host.take_results():
            self.readings += part.readings
            block = part.columns.block(self.host.addresses)
            rows = zip(block.address, block.value, block.status, block.source_time_us, strict=True)
            self.readings += [
                Reading(block.addresses[a], float(v), int(s), int(t)) for a, v, s, t in rows
            ]
            self.history += part.history
            self.gaps += part.gaps
            self.unreadable += part.unreadable
            self.tokens += [token for token in part.tokens if token is not None]

    def born(self) -> None:
        """A node with a metric of its own, and a press with five."""
        self.seq = -1
        rebirth = {"name": "Node Control/Rebirth", "alias": 0, "type": BOOL, "value": False}
        self.say("NBIRTH", [BD, rebirth, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}])
        self.say("DBIRTH", [
            {"name": "Counter/Good", "alias": 1, "type": I32, "value": 0},
            {"name": "temp", "alias": 2, "type": F64, "value": 20.5},
            {"name": "state", "alias": 3, "type": TEXT, "value": "IDLE"},
            {"name": "on", "alias": 4, "type": BOOL, "value": False},
            {"name": "big", "alias": 5, "type": Datatype.UInt64, "value": 1},
        ])  # fmt: skip

    def clear(self) -> None:
        for each in (self.readings, self.gaps, self.unreadable, self.requests, self.history):
            each.clear()

    @property
    def values(self) -> dict[str, Any]:
        return {reading.source: reading.value for reading in self.readings}

    @property
    def opened(self) -> list[GapOpened]:
        return [gap for gap in self.gaps if isinstance(gap, GapOpened)]

    @property
    def closed(self) -> list[GapClosed]:
        return [gap for gap in self.gaps if isinstance(gap, GapClosed)]

    def stale(self) -> set[str]:
        return {r.source for r in self.readings if r.status == BAD_STALE and r.value is None}


def data(*pairs: tuple[int, int, Any]) -> list[dict[str, Any]]:
    return [{"alias": a, "type": t, "value": v, "says_type": False} for a, t, v in pairs]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.born()
    return made


METRICS = {f"{PRESS}#{name}" for name in ("Counter/Good", "temp", "state", "on", "big")}


def test_a_birth_gives_values_without_commands_and_counters_of_its_own(bench: Bench) -> None:
    assert bench.values == {
        f"{NODE}#hw": "A", f"{PRESS}#Counter/Good": 0, f"{PRESS}#temp": 20.5,
        f"{PRESS}#state": "IDLE", f"{PRESS}#on": False, f"{PRESS}#big": 1,
    }  # fmt: skip
    assert not bench.gaps
    assert not bench.requests


def test_data_come_by_alias_with_signs_times_and_all_types(bench: Bench) -> None:
    bench.clear()
    metrics = data((1, I32, -7), (2, F64, -1.5), (3, TEXT, "RUN"), (4, BOOL, True), (9, TEXT, "B"))
    metrics += data((5, Datatype.UInt64, 2**64 - 1), (1, I32, 0), (4, BOOL, False), (1, I32, 5))
    metrics[1]["timestamp"] = T0_MS - 500
    bench.say("DDATA", metrics[:4] + metrics[5:], at_ms=T0_MS + 5)
    found = [(r.source.partition("#")[2], r.value) for r in bench.readings]
    assert [value for name, value in found if name == "Counter/Good"] == [-7.0, 0.0, 5.0]
    assert [value for name, value in found if name == "on"] == [1.0, 0.0]
    assert dict(found)["state"] == "RUN"
    assert dict(found)["big"] == 2**64 - 1
    times = {r.source.partition("#")[2]: r.source_time_us for r in bench.readings}
    assert (times["temp"], times["state"]) == ((T0_MS - 500) * 1000, (T0_MS + 5) * 1000)
    assert not bench.unreadable
    bench.say("NDATA", data((9, TEXT, "B")))
    assert bench.values[f"{NODE}#hw"] == "B"


def test_null_is_no_zero_and_history_is_no_live_value(bench: Bench) -> None:
    bench.clear()
    old = {"alias": 2, "type": F64, "value": 1.0, "is_historical": True, "timestamp": T0_MS - 9}
    null = {"alias": 2, "is_null": True}
    bench.say("DDATA", [old, null, {"alias": 3, "is_null": True}])
    assert [(r.source, r.value, r.source_time_us) for r in bench.history] == [
        (f"{PRESS}#temp", 1.0, (T0_MS - 9) * 1000)
    ]
    by_name = {r.source: r for r in bench.readings}
    assert by_name[f"{PRESS}#temp"].value != by_name[f"{PRESS}#temp"].value  # NaN in a column
    assert by_name[f"{PRESS}#state"].value is None
    assert {r.status for r in bench.readings} == {BAD}
    bench.clear()
    bench.say("DDATA", [{"alias": 2, "type": F64, "value": 1.0, "is_transient": True}])
    assert not bench.readings
    assert "1 values not to be stored" in bench.host.details()["transient"]


@pytest.mark.parametrize(
    ("quality", "status"),
    [(0, BAD), (192, GOOD), (500, BAD_STALE), (216, GOOD), (64, UNCERTAIN), (8, BAD)],
)
def test_quality_becomes_a_status(bench: Bench, quality: int, status: int) -> None:
    bench.clear()
    metric = data((2, F64, 7.0))[0] | {"properties": {"Quality": quality}}
    bench.say("DDATA", [metric])
    assert [(r.value, r.status) for r in bench.readings] == [(7.0, status)]


def test_units_are_told() -> None:
    bench = Bench()
    speed = {"name": "speed", "type": F64, "value": 1.0, "properties": {"engUnit": "1/min"}}
    bench.say("NBIRTH", [BD, speed])
    assert bench.host.details()["units"] == f"{NODE}#speed 1/min"


def test_the_death_of_a_device_marks_its_metrics_and_no_others(bench: Bench) -> None:
    bench.clear()
    bench.say("DDATA", data((2, F64, 1.0)), at_ms=T0_MS + 30_000)  # a clock that is ahead
    bench.say("DDEATH", [], at_ms=T0_MS + 10)
    assert bench.stale() == METRICS
    newest = max(r.source_time_us or 0 for r in bench.readings if r.value is not None)
    assert all((r.source_time_us or 0) > newest for r in bench.readings if r.value is None)
    bench.clear()
    bench.say("DDEATH", [])
    assert not bench.readings  # once is enough


def test_the_death_of_a_node_marks_everything_at_its_arrival(bench: Bench) -> None:
    bench.clear()
    bench.wait(60)
    bench.say("NDEATH", [BD], at_ms=T0_MS - 99_000)  # a will is as old as its session
    assert bench.stale() == METRICS | {f"{NODE}#hw"}
    assert {r.source_time_us for r in bench.readings} == {bench.at_ms * 1000}
    bench.clear()
    bench.say("NDEATH", [BD])
    assert not bench.readings


def test_a_death_of_another_session_is_not_followed_but_said_and_looked_into(bench: Bench) -> None:
    bench.clear()
    bench.say("NDEATH", [BD | {"value": 2}])
    assert not bench.readings
    assert "2, born with 3" in bench.host.details()["bdseq_differs"]
    bench.wait(0.2)
    assert [request.topic for request in bench.requests] == ["spBv1.0/G/NCMD/N"]
    bench.say("DDATA", data((2, F64, 1.0)))  # it lives
    bench.wait(STALE_AFTER_S)
    assert not bench.stale()


def test_a_peer_that_counts_its_deaths_wrongly_is_marked_when_it_stays_away(bench: Bench) -> None:
    bench.clear()
    bench.say("NDEATH", [BD | {"value": 0}])
    bench.wait(STALE_AFTER_S)
    assert bench.stale() == METRICS | {f"{NODE}#hw"}


def test_a_death_without_bdseq_or_seq_is_followed(bench: Bench) -> None:
    bench.clear()
    bench.say("DDEATH", [], seq=None)
    assert bench.stale() == METRICS
    assert "DDEATH of G/N/press" in bench.host.details()["seq_missing"]
    bench.say("NDATA", data((9, TEXT, "B")))  # whether the death was counted is not known
    assert not bench.gaps
    bench.say("NDEATH", [])
    assert f"{NODE}#hw" in bench.stale()
    assert bench.host.details()["bdseq_missing"]


@pytest.mark.parametrize("first", [0, 1, 77, 255])
def test_a_birth_may_begin_anywhere(first: int) -> None:
    bench = Bench(seq=first - 1)
    bench.say("NBIRTH", [BD, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}])
    bench.say("NDATA", data((9, TEXT, "B")))
    bench.wait(5)
    assert bench.values == {f"{NODE}#hw": "B"}
    assert not bench.gaps


def test_a_swap_of_messages_is_put_right_without_a_gap(bench: Bench) -> None:
    bench.clear()
    bench.say("DDATA", data((1, I32, 2)), seq=3, token="second")
    assert not bench.readings
    assert not bench.tokens
    bench.say("DDATA", data((1, I32, 1)), seq=2, token="first")
    assert [r.value for r in bench.readings] == [1, 2]
    assert bench.tokens == ["first", "second"]
    bench.wait(10)
    assert not bench.gaps


def test_a_jump_is_a_gap_and_asks_for_a_birth_which_ends_the_asking(bench: Bench) -> None:
    bench.clear()
    bench.wait(7)
    bench.seq += 5
    bench.say("DDATA", data((1, I32, 6)))
    assert not bench.gaps
    bench.wait(2.0)
    (gap,) = bench.opened
    assert (gap.cause, gap.estimate) == ("sequence_jump", 5)
    assert gap.from_us == T0_MS * 1000
    assert bench.closed[0].to_us == (T0_MS + 7000) * 1000
    assert bench.values == {f"{PRESS}#Counter/Good": 6}  # what came is kept
    bench.wait(0.2)
    (request,) = bench.requests
    asked = Payload.FromString(request.payload)
    assert (request.topic, asked.metrics[0].name) == ("spBv1.0/G/NCMD/N", "Node Control/Rebirth")
    assert asked.metrics[0].boolean_value
    assert not asked.HasField("seq")
    bench.born()
    bench.wait(500)
    assert len(bench.requests) == 1


def test_requests_are_rare_and_rarer_while_nobody_answers(bench: Bench) -> None:
    bench.seq += 3
    bench.say("DDATA", data((1, I32, 6)))
    for _ in range(3600):
        bench.wait(1)
    assert len(bench.requests) == 7  # after 30, 60, 120, … s, not 120 times
    many = Bench()
    for number in range(50):
        raw = payload(data((1, I32, 1)), seq=0)
        many.host.handle_message(f"spBv1.0/G/NDATA/n{number}", raw, at_us=T0_MS * 1000, now_s=0.0)
    many.wait(1.0)
    assert len(many.requests) == 1
    for _ in range(200):
        many.wait(0.1)
    assert len({request.topic for request in many.requests}) == 50
    silent = Bench(Host("plc", rebirths=RebirthRequester(30.0, allowed=False)))
    silent.say("NDATA", data((1, I32, 1)))
    silent.wait(100)
    assert not silent.requests


def test_data_before_a_birth_are_kept_where_they_say_what_they_are() -> None:
    bench = Bench()
    bench.say("DDATA", [
        {"name": "temp", "type": F64, "value": 1.5},
        {"name": "n", "type": I32, "value": -3},
        {"alias": 7, "type": I32, "value": 4},
    ])  # fmt: skip
    assert bench.values == {f"{PRESS}#temp": 1.5, f"{PRESS}#n": -3}
    (unnamed,) = bench.unreadable
    assert unnamed.source == PRESS
    assert [m.alias for m in Payload.FromString(unnamed.raw).metrics] == [7]
    for _ in range(30):
        bench.say("DDATA", data((7, I32, 4)))
    assert len(bench.unreadable) == 1  # no flood: the rest is counted
    assert [gap.cause for gap in bench.opened] == ["decode_error"]
    bench.wait(0.2)
    assert len(bench.requests) == 1
    bench.born()
    assert [gap.estimate for gap in bench.closed] == [31]
    bench.clear()
    bench.say("NDEATH", [BD])
    assert {f"{PRESS}#temp", f"{NODE}#hw"} <= bench.stale()


def test_names_that_differ_from_the_birth_are_followed_and_said(bench: Bench) -> None:
    bench.clear()
    bench.say("DDATA", [
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
    bench.say("NDEATH", [BD])
    assert f"{PRESS}#speed" in bench.stale()


def test_an_alias_used_twice_is_never_guessed() -> None:
    bench = Bench()
    bench.say("NBIRTH", [BD])
    both = {"alias": 1, "type": I32, "value": 0}
    bench.say("DBIRTH", [{"name": "a"} | both, {"name": "b"} | both])
    bench.say("DBIRTH", [{"name": "c"} | both], device="oven")
    bench.clear()
    bench.say("DDATA", data((1, I32, 5)))
    assert not bench.readings
    assert len(bench.unreadable) == 1
    bench.say("DDATA", data((1, I32, 6)), device="oven")  # its own birth says which
    assert bench.values == {f"{NODE}/oven#c": 6}
    bench.say("DDATA", [{"name": "a"} | both])
    assert bench.values[f"{PRESS}#a"] == 0
    assert "is also one of" in bench.host.details()["alias_twice"]


def test_a_rebirth_with_other_metrics_marks_what_is_gone(bench: Bench) -> None:
    bench.clear()
    bench.seq = -1
    bench.say("NBIRTH", [BD, {"name": "hw2", "alias": 1, "type": TEXT, "value": "C"}])
    assert bench.stale() == {f"{NODE}#hw"}
    bench.say("DBIRTH", [{"name": "temp", "alias": 2, "type": F64, "value": 1.0}])
    assert bench.stale() == {f"{NODE}#hw"} | METRICS - {f"{PRESS}#temp"}


def test_a_device_that_is_not_born_again_is_marked(bench: Bench) -> None:
    bench.clear()
    bench.seq = -1
    bench.say("NBIRTH", [BD, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}])
    bench.say("DDATA", data((2, F64, 1.0)))  # by an alias of the birth before: bound no more
    assert bench.values == {f"{NODE}#hw": "A"}
    bench.wait(DEVICE_BIRTHS_S)
    assert bench.stale() == METRICS


def test_a_datatype_that_changes_is_read_as_what_it_is(bench: Bench) -> None:
    bench.clear()
    bench.say("DDATA", [{"alias": 1, "type": F64, "value": 2.5}])
    assert bench.values == {f"{PRESS}#Counter/Good": 2.5}
    assert "Double, born Int32" in bench.host.details()["datatype_differs"]


def test_what_cannot_be_read_is_kept_and_the_rest_goes_on(bench: Bench) -> None:
    bench.clear()
    made = Payload(timestamp=T0_MS, seq=2)
    made.metrics.add(alias=1, bytes_value=b"\x01")
    made.metrics.add(alias=2, double_value=3.5)
    raw = made.SerializeToString()
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
def test_what_is_no_sparkplug_is_kept_whole(topic: str, raw: bytes, reason: str) -> None:
    host = Host("plc")
    host.handle_message(topic, raw, at_us=1, now_s=0.0, token="t")
    (part,) = host.take_results()
    (refused,) = part.unreadable
    assert reason in refused.reason
    assert (refused.source, refused.raw, part.tokens) == (topic, raw, ["t"])


def test_times_are_the_metric_s_the_payload_s_or_the_arrival_s(bench: Bench) -> None:
    bench.clear()
    bench.say("DDATA", data((2, F64, 1.0)), at_ms=None)
    bench.say("DDATA", data((3, TEXT, "x")), at_ms=None)
    far = data((2, F64, 1.0))[0] | {"timestamp": 2**64 - 1}
    bench.say("DDATA", [far])
    first, second, third = (r.source_time_us for r in bench.readings)
    assert first == second == T0_MS * 1000
    assert third is not None
    assert third > 2**61  # out of all calendars: the normalizer marks it


def test_back_again_a_node_that_goes_on_in_sequence_lost_nothing(bench: Bench) -> None:
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.wait(3)
    bench.say("DDATA", data((1, I32, 4)))
    bench.wait(STALE_AFTER_S + REBIRTH_AFTER_S)
    assert bench.values == {f"{PRESS}#Counter/Good": 4}
    assert not bench.gaps
    assert not bench.requests


def test_back_again_what_was_missed_is_a_gap(bench: Bench) -> None:
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.wait(3)
    bench.seq += 9
    bench.say("DDATA", data((1, I32, 4)))
    bench.wait(2)
    (gap, unnamed) = bench.opened
    assert (gap.cause, gap.estimate, gap.from_us) == ("sequence_jump", 9, T0_MS * 1000)
    # A birth may be among the nine: what alias 1 is now, is not guessed.
    assert unnamed.cause == "decode_error"
    assert not bench.readings
    assert len(bench.unreadable) == 1
    bench.born()
    bench.say("DDATA", data((1, I32, 5)))
    assert bench.values[f"{PRESS}#Counter/Good"] == 5
    bench.clear()
    bench.say("NDEATH", [BD])
    assert bench.stale() == METRICS | {f"{NODE}#hw"}


def test_back_again_what_seems_late_is_a_jump(bench: Bench) -> None:
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.seq += 250
    bench.say("DDATA", data((1, I32, 4)))
    assert "is unknown" in bench.opened[0].detail
    assert not bench.readings
    bench.say("DDATA", data((1, I32, 4)))
    bench.wait(5)
    assert [gap.cause for gap in bench.opened] == ["sequence_jump", "decode_error"]


def test_a_late_message_is_read_and_said(bench: Bench) -> None:
    bench.clear()
    for seq, value in ((3, 3), (2, 2)):
        bench.say("DDATA", data((1, I32, value)), seq=seq)
        bench.wait(2.5)
    assert [r.value for r in bench.readings] == [3, 2]
    assert "after its time" in bench.host.details()["late"]
    assert [gap.estimate for gap in bench.opened] == [1]


def test_back_again_a_birth_hides_what_was_missed_so_it_is_a_gap(bench: Bench) -> None:
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.wait(3)
    bench.born()
    (gap,) = bench.opened
    assert gap.cause == "connection_lost"


def test_back_again_a_fast_node_may_have_gone_round(bench: Bench) -> None:
    for _ in range(100):
        bench.wait(0.1)
        bench.say("DDATA", data((1, I32, 4)))
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.wait(40)
    bench.say("DDATA", data((1, I32, 4)))  # 400 messages may be missing, and 256 would not show
    assert "is unknown" in bench.opened[0].detail
    assert not bench.readings


def test_back_again_a_node_that_says_nothing_is_asked_then_marked(bench: Bench) -> None:
    bench.clear()
    bench.host.on_reconnect(bench.now_s)
    bench.wait(REBIRTH_AFTER_S)
    bench.wait(0.1)
    assert len(bench.requests) == 1
    assert not bench.readings
    bench.wait(STALE_AFTER_S)
    assert bench.stale() == METRICS | {f"{NODE}#hw"}
    bench.clear()
    bench.say("DDATA", data((1, I32, 4)))  # only slow, its aliases still hold
    assert bench.values == {f"{PRESS}#Counter/Good": 4}


def test_a_new_process_marks_what_died_while_none_ran(bench: Bench) -> None:
    later = Bench(Host("plc"))
    later.host.load_alive_metrics(bench.host.alive_metrics(), 0.0)
    later.wait(0.1)
    assert len(later.requests) == 1
    later.wait(STALE_AFTER_S)
    assert later.stale() == METRICS | {f"{NODE}#hw"}
    killed = Bench(Host("plc"))
    killed.host.load_alive_metrics(bench.host.alive_metrics(), 0.0)
    killed.say("NDEATH", [BD])  # its will, which the broker kept for us
    assert killed.stale() == METRICS | {f"{NODE}#hw"}
    assert killed.host.alive_metrics() == {}


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
