"""A poller reads each topic when it is due, and ends where nothing can be read for too long."""

import asyncio
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from werknetz_core.stream import poller as poller_module
from werknetz_core.stream.poller import UNREADABLE_S, Poller, Pollers
from werknetz_core.stream.topics import StreamTopic, TooMuchWatched, Watch

BOTH = (StreamTopic.VALUES, StreamTopic.STATES)
pytestmark = pytest.mark.asyncio


class Source:
    """What is read; `error` is raised instead."""

    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}
        self.error: Exception | None = None
        self.reads: list[StreamTopic] = []

    async def load(self, _: object, __: Watch, topic: StreamTopic) -> dict[str, bytes]:
        self.reads.append(topic)
        if self.error is not None:
            raise self.error
        return dict(self.items)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    source = Source()
    monkeypatch.setattr(poller_module, "load_topic", source.load)
    return source


def poller_of(*topics: StreamTopic) -> Poller:
    context: Any = None  # only `load_topic` uses it
    return Poller(context, Watch(("a",), topics, None))


async def test_each_topic_is_read_when_it_is_due(source: Source) -> None:
    poller = poller_of(*BOTH)
    for now_s in (100.0, 100.5, 101.0):
        await poller.read_due(now_s)
    assert source.reads == ["values", "states", "values", "values", "states"]


async def test_readers_are_woken_by_changes_alone(source: Source) -> None:
    poller = poller_of(StreamTopic.VALUES)
    first = poller.changed
    await poller.read_due(100.0)
    assert first.is_set()
    second, snapshot = poller.changed, poller.snapshots[StreamTopic.VALUES]
    await poller.read_due(101.0)
    assert not second.is_set()
    assert poller.snapshots[StreamTopic.VALUES] is snapshot
    source.items = {"a": b"1"}
    await poller.read_due(102.0)
    assert second.is_set()
    assert poller.snapshots[StreamTopic.VALUES].items == {"a": b"1"}


@pytest.mark.parametrize(
    ("away_s", "ends"), [(UNREADABLE_S, None), (UNREADABLE_S + 1, "unavailable")]
)
async def test_the_last_state_is_shown_while_the_database_is_away(
    source: Source, monkeypatch: pytest.MonkeyPatch, away_s: float, ends: str | None
) -> None:
    poller = poller_of(StreamTopic.VALUES)
    await poller.read_due(100.0)
    source.error = asyncpg.CannotConnectNowError()
    clock = SimpleNamespace(monotonic=lambda: 100.0 + away_s)
    monkeypatch.setattr(poller_module, "time", clock)
    await poller._read_once()
    assert poller.ends_because == ends
    assert StreamTopic.VALUES in poller.snapshots


async def test_a_slow_read_is_repeated_less_often(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = poller_of(StreamTopic.VALUES)
    times = iter([100.0, 100.25])  # before and after the read
    monkeypatch.setattr(poller_module, "time", SimpleNamespace(monotonic=lambda: next(times)))
    await poller.read_due(100.0)
    await poller.read_due(102.4)
    assert source.reads == ["values"]
    times = iter([102.5, 102.5])
    await poller.read_due(102.5)
    assert source.reads == ["values", "values"]


async def test_few_pollers_read_at_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, most = 0, 0

    async def load(*_: object) -> dict[str, bytes]:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0)
        reading -= 1
        return {}

    monkeypatch.setattr(poller_module, "load_topic", load)
    turns = asyncio.Semaphore(poller_module.READS_AT_ONCE)
    pollers = [poller_of(StreamTopic.VALUES) for _ in range(10)]
    for poller in pollers:
        poller.turns = turns
    await asyncio.gather(*(poller.read_due(100.0) for poller in pollers))
    assert most == poller_module.READS_AT_ONCE
    assert all(poller.snapshots for poller in pollers)


async def test_too_much_ends_it_at_once(source: Source) -> None:
    poller = poller_of(StreamTopic.VALUES)
    source.error = TooMuchWatched()
    await poller._read_once()
    assert poller.ends_because == "too_wide"


async def test_readers_of_the_same_share_a_poller_that_ends_with_the_last(source: Source) -> None:
    pollers, context = Pollers(), poller_of(StreamTopic.VALUES).context
    watch, other = (Watch(("a",), BOTH, plants) for plants in (None, ("a",)))
    async with pollers.reading(context, watch) as first:
        async with pollers.reading(context, watch) as second:
            assert first is second
        async with pollers.reading(context, other) as third:
            assert third is not first
            assert len(pollers) == 2
        assert len(pollers) == 1
    assert len(pollers) == 0
    assert first.ends_because == "unavailable"  # nobody waits for one that has ended
