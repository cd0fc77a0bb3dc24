"""What a reader of a stream gets: changes, each once, the newest alone; and why it ends."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi.sse import ServerSentEvent

from werknetz_core.http.problem import Problem
from werknetz_core.stream.endpoints import parse_topics
from werknetz_core.stream.poller import Poller, Snapshot
from werknetz_core.stream.position import digest_of, format_position, parse_position
from werknetz_core.stream.reader import ENDS, SLOW_S, Reader, changes_between
from werknetz_core.stream.slots import StreamSlots
from werknetz_core.stream.topics import StreamTopic, Watch


def snapshot(**items: int) -> Snapshot:
    encoded = {
        key: json.dumps({"id": key, "value": value}).encode() for key, value in items.items()
    }
    return Snapshot(encoded, digest_of(encoded))


class Stage:
    """A poller whose state the test sets, a clock, and a reader."""

    def __init__(self, has: str | None = None) -> None:
        watch = Watch(("a",), (StreamTopic.VALUES, StreamTopic.STATES), None)
        self.poller = Poller(None, watch)  # type: ignore[arg-type] # it is not started
        self.now_s = 0.0
        self.end: str | None = None
        reader = Reader(self.poller, self.find_end, parse_position(has), lambda: self.now_s)
        self.events: AsyncIterator[ServerSentEvent] = reader.events()

    async def find_end(self) -> str | None:
        return self.end

    def show(self, topic: StreamTopic, **items: int) -> None:
        self.poller.snapshots[topic] = snapshot(**items)
        self.poller._notify()

    async def next(self) -> tuple[str | None, Any]:
        event = await anext(self.events)
        text = event.raw_data
        return event.event, event.data if text is None else json.loads(text)

    async def values(self) -> dict[str, int]:
        topic, data = await self.next()
        assert topic == "values"
        return {item["id"]: item["value"] for item in data["items"]}


async def stage_of(has: str | None = None) -> Stage:
    stage = Stage(has)
    first = await anext(stage.events)
    assert (first.event, first.retry) == (None, 2000)
    return stage


@pytest.mark.asyncio
async def test_first_everything_then_what_has_changed() -> None:
    stage = await stage_of()
    stage.show(StreamTopic.VALUES, a=1, b=2)
    assert await stage.values() == {"a": 1, "b": 2}
    stage.show(StreamTopic.VALUES, a=1, b=3)
    assert await stage.values() == {"b": 3}
    stage.show(StreamTopic.VALUES, b=3)
    assert await stage.next() == ("values", {"items": [], "removed": ["a"]})


@pytest.mark.asyncio
async def test_a_reader_that_is_late_gets_the_newest_alone() -> None:
    stage = await stage_of()
    for value in range(100):
        stage.show(StreamTopic.VALUES, a=value)
    assert await stage.values() == {"a": 99}


@pytest.mark.asyncio
async def test_after_a_reconnect_only_topics_that_have_changed() -> None:
    stage = await stage_of()
    stage.show(StreamTopic.VALUES, a=1)
    await stage.values()
    stage.show(StreamTopic.STATES, m=4)
    position = (await anext(stage.events)).id
    again = await stage_of(position)
    again.show(StreamTopic.VALUES, a=1)
    again.show(StreamTopic.STATES, m=5)
    topic, data = await again.next()
    assert (topic, data["items"]) == ("states", [{"id": "m", "value": 5}])
    again.show(StreamTopic.VALUES, a=2)
    assert await again.values() == {"a": 2}


@pytest.mark.asyncio
async def test_a_position_has_only_what_was_sent() -> None:
    """The connection may end between two topics of one change."""
    stage = await stage_of()
    stage.show(StreamTopic.VALUES, a=1)
    stage.show(StreamTopic.STATES, m=4)
    position = (await anext(stage.events)).id
    assert parse_position(position) == {"values": snapshot(a=1).digest}


@pytest.mark.asyncio
@pytest.mark.parametrize(("waited_s", "is_dropped"), [(SLOW_S, False), (SLOW_S + 1, True)])
async def test_a_slow_reader_is_dropped(waited_s: float, is_dropped: bool) -> None:
    stage = await stage_of()
    stage.show(StreamTopic.VALUES, a=1)
    await stage.values()
    stage.now_s += waited_s
    stage.show(StreamTopic.VALUES, a=2)
    event, data = await stage.next()
    assert event == ("end" if is_dropped else "values")
    if is_dropped:
        assert data == {"reason": "slow_reader", "detail": ENDS["slow_reader"]}
        with pytest.raises(StopAsyncIteration):
            await anext(stage.events)


@pytest.mark.asyncio
@pytest.mark.parametrize("reason", ["not_authenticated", "rights_changed"])
async def test_the_end_of_the_rights_ends_the_stream(reason: str) -> None:
    stage = await stage_of()
    stage.show(StreamTopic.VALUES, a=1)
    await stage.values()
    stage.end = reason
    stage.show(StreamTopic.VALUES, a=2)
    assert await stage.values() == {"a": 2}  # it is not time to look yet
    stage.now_s += 2.0
    assert await stage.next() == ("end", {"reason": reason, "detail": ENDS[reason]})
    with pytest.raises(StopAsyncIteration):
        await anext(stage.events)


@pytest.mark.asyncio
async def test_a_poller_that_ends_ends_its_readers() -> None:
    stage = await stage_of()
    stage.poller.end("too_wide")
    assert (await stage.next())[0] == "end"


def test_changes() -> None:
    former, present = {"a": b"1", "b": b"2", "c": b"3"}, {"b": b"2", "c": b"4", "d": b"5"}
    assert json.loads(changes_between(former, present)) == {"items": [4, 5], "removed": ["a"]}


def test_digests() -> None:
    assert digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
    assert digest_of({"a": b"1"}) != digest_of({"a": b"2"})
    assert digest_of({"ab": b"c"}) != digest_of({"a": b"bc"})


@pytest.mark.parametrize(
    "text",
    [None, "", "x", "values", "values.12", "values." + "g" * 16, "a." + "0" * 16 + ";", "," * 501],
)
def test_an_unreadable_position_is_none(text: str | None) -> None:
    assert parse_position(text) == {}


def test_positions() -> None:
    digests = {"values": "0" * 16, "states": "f" * 16}
    assert parse_position(format_position(digests)) == digests


@pytest.mark.parametrize(
    ("sent", "topics"),
    [
        (["values"], ("values",)),
        (["states,values"], ("values", "states")),
        (["kpis", "connectors, kpis"], ("kpis", "connectors")),
    ],
)
def test_topics(sent: list[str], topics: tuple[str, ...]) -> None:
    assert parse_topics(sent) == topics


@pytest.mark.parametrize(
    ("sent", "hint"),
    [(["value"], "Did you mean values"), (["x"], "Topics: values"), ([""], "Topics")],
)
def test_refused_topics(sent: list[str], hint: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_topics(sent)
    assert hint in refused.value.hint


def test_slots() -> None:
    slots = StreamSlots(per_key=2, in_all=3)
    with slots.hold(1), slots.hold(1):
        with pytest.raises(Problem, match="2 open streams"), slots.hold(1):
            raise AssertionError
        with slots.hold(2), pytest.raises(Problem, match="this process 3"), slots.hold(3):
            raise AssertionError
        with slots.hold(3):
            pass
    with slots.hold(1), slots.hold(1), slots.hold(2):
        pass
