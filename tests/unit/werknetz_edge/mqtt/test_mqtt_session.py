"""Waiting for a session ends at a cancellation, also at the moment of a message."""

import asyncio
import select
import socket

import pytest

from werknetz_edge.mqtt.config import MqttConfig
from werknetz_edge.mqtt.gathering import MESSAGES_ENOUGH
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.session import MqttSession, _register_socket


@pytest.mark.asyncio
async def test_a_cancellation_that_meets_a_message_is_not_swallowed() -> None:
    config = MqttConfig.model_validate({"url": "mqtt://broker", "topics": ["a"]})
    session = MqttSession(config, "c")

    async def read_for_ever() -> None:
        while True:
            await session.wait(5.0)

    reading = asyncio.create_task(read_for_ever())
    for _ in range(3):
        await asyncio.sleep(0)
    session._event.set()  # the message
    await asyncio.sleep(0)
    reading.cancel()  # the stop, before the waiting has seen it
    done, _ = await asyncio.wait([reading], timeout=30.0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert done


@pytest.mark.asyncio
@pytest.mark.parametrize(("count", "returns"), [(2, False), (3, True)])
async def test_waiting_for_a_number_of_messages(count: int, *, returns: bool) -> None:
    config = MqttConfig.model_validate({"url": "mqtt://broker", "topics": ["a"]})
    session = MqttSession(config, "c", _loop=asyncio.get_running_loop())
    waiting = asyncio.create_task(session.wait(60.0, 3))
    await asyncio.sleep(0)
    message = MqttMessage("a", b"1", 1, 1, dup=False, retained=False)
    for _ in range(count):
        session._on_messages([message])
    done, _ = await asyncio.wait([waiting], timeout=60.0 if returns else 0.05)
    assert bool(done) is returns
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


def test_a_full_queue_does_not_watch_for_the_end_of_its_socket() -> None:
    """It would be reported again and again, and nothing reads it."""
    broker, ours = socket.socketpair()
    poll = select.poll()
    reading = _register_socket(poll, (-1, 0), (ours.fileno(), select.POLLIN))
    waiting = _register_socket(poll, reading, (ours.fileno(), 0))
    broker.close()
    assert poll.poll(0) == []
    _register_socket(poll, waiting, (ours.fileno(), select.POLLIN))
    assert [descriptor for descriptor, _ in poll.poll(0)] == [ours.fileno()]
    ours.close()


@pytest.mark.parametrize(
    ("awaited", "signalled", "pause_ms"),
    [(MESSAGES_ENOUGH, False, 10), (MESSAGES_ENOUGH - 1, False, 1), (MESSAGES_ENOUGH, True, 1)],
)
def test_a_burst_is_read_at_once(awaited: int, signalled: bool, pause_ms: int) -> None:
    """The thread pauses longer only while nobody takes messages for a while."""
    config = MqttConfig.model_validate({"url": "mqtt://broker", "topics": ["a"]})
    session = MqttSession(config, "c", _awaited=awaited, _signalled=signalled)
    assert session._pause_ms == pause_ms
