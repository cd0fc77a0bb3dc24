"""The sender is polled with other work: its errors are none of the work, and replies wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from plumbing.pumping import Core
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.events.batch import Samples
from werknetz.events.codec import decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz.link.wire import Ack, Fenced, ResendRequest
from werknetz_edge.pipeline.exchange import Exchange
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def lane(tmp_path: Path) -> AsyncIterator[Lane]:
    server = MemoryServer()
    core = Core(server)
    lane = Lane("c", tmp_path, STORE_AS_IS, MemoryEdgeLink(server, "c"), bytes_max=10_000_000)
    tasks = [asyncio.ensure_future(part) for part in (core.serve(), lane.send(), lane.receive())]
    await lane.store(_delivery(1))
    async with asyncio.timeout(60):
        while lane.sender.acked < 1:  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.01)
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks[1:], return_exceptions=True)
    yield lane
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    await lane.close()


def _delivery(value: float) -> Delivery:
    return Delivery([Reading("a", value, source_time_us=1)])


async def test_a_stored_batch_is_polled_by_the_thread_that_stored_it(lane: Lane) -> None:
    assert lane.sender.state == "running"
    await lane.store(_delivery(2))
    (message,) = lane._exchange.take_messages()
    assert getattr(message, "seq", None) == lane.spool.last_seq
    assert not lane._exchange.has_more


@pytest.mark.parametrize("error", [SpoolFull("no room for a lease"), RuntimeError("a bug")])
async def test_an_error_of_the_sender_is_none_of_the_delivery(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = lane.spool.last_seq
    monkeypatch.setattr(lane.sender, "poll", _raise(error))
    await lane.store(_delivery(2))
    records = [r for b in lane.spool.read(before + 1, 10**6) for r in decode(b.payload).records]
    assert sum(isinstance(record, Samples) for record in records) == 1
    assert lane._exchange.has_more  # `send` polls again, and meets the error
    with pytest.raises(type(error)):
        await lane.on_disk(lane._poll_sender)


async def test_a_failed_disk_is_an_error_of_everything(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane.sender, "poll", _raise(SpoolFailed("disk")))
    with pytest.raises(SpoolFailed):
        await lane.store(_delivery(2))


def _raise(error: Exception) -> Any:
    def poll(_: float) -> list[Any]:
        raise error

    return poll


class FakeSender:
    def __init__(self, state: str = "running", *, is_blocked: bool = False) -> None:
        self.state = state
        self.is_blocked = is_blocked


async def test_only_acknowledgements_in_good_times_wait(lane: Lane) -> None:
    ids = lane.spool.spool_id, lane.spool.last_hash
    ack = Ack(lane.sender._incarnation, ids[0], 1, ids[1])  # type: ignore[arg-type]  # it is known
    resend, fenced = ResendRequest(ids[0], 1), Fenced(9)
    for sender, replies, is_urgent in [
        (FakeSender(), [ack], False),
        (FakeSender(is_blocked=True), [ack], True),
        (FakeSender("handshaking"), [ack], True),
        (FakeSender(), [ack, resend], True),
        (FakeSender(), [fenced], True),
    ]:
        exchange = Exchange(sender, lane.log)  # type: ignore[arg-type]  # a stand-in for its state
        assert exchange.add_replies(replies) is is_urgent
