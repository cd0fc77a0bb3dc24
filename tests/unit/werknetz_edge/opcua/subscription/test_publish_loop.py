"""A jump in the sequence is asked for again, and what the server no longer has is a gap."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from asyncua.ua.ua_binary import struct_to_binary

from werknetz.connector.contract import ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.opcua.decoding.decoder import Decoder
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.monitored_items import Subscription
from werknetz_edge.opcua.subscription.outage import OutageGap
from werknetz_edge.opcua.subscription.publish_loop import PublishLoop


def notification(sequence: int, value: float | None) -> Any:
    content = []
    if value is not None:
        item = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(value)))
        content = [ua.DataChangeNotification(MonitoredItems=[item])]
    return ua.NotificationMessage(SequenceNumber=sequence, NotificationData=content)


class FakeServer:
    """Answers from a script; keeps some messages for Republish, and the acks it was given."""

    def __init__(self, script: list[tuple[int, float | None]], retained: dict[int, float]) -> None:
        self._script = script
        self._retained = retained
        self.acks: list[int] = []

    def post(self, request: Any) -> asyncio.Future[bytes]:
        content = request.Parameters.SubscriptionAcknowledgements
        self.acks += [ack.SequenceNumber for ack in content]
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._script:
            result = ua.PublishResult(7, NotificationMessage=notification(*self._script.pop(0)))
            future.set_result(struct_to_binary(ua.PublishResponse(Parameters=result)))
        else:
            future.set_exception(ConnectionError("the script has ended"))
        return future

    async def request(self, request: Any) -> bytes:
        number = request.Parameters.RetransmitSequenceNumber
        if number not in self._retained:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadMessageNotAvailable)
        message = notification(number, self._retained[number])
        return bytes(struct_to_binary(ua.RepublishResponse(NotificationMessage=message)))


async def run(
    script: list[tuple[int, float | None]], retained: dict[int, float] | None = None, *,
    resumed: bool = False, last: int = 0, acknowledge: bool = True,
) -> tuple[list[float], list[Any], FakeServer]:  # fmt: skip
    server = FakeServer(script, retained or {})
    session: Any = SimpleNamespace(client=SimpleNamespace(wire=server), resumed=resumed)
    subscription = Subscription(number=7)
    subscription.sequence.advance(last)
    mailbox = DeliveryQueue(100)
    mailbox.reopen()
    decoder = Decoder(["heartbeat", "a"])
    flow = PublishLoop("plc", session, subscription, decoder, mailbox, OutageGap(),
                lambda _: None)  # fmt: skip
    with pytest.raises(ConnectionError):
        await flow.run()
    mailbox.fail(ConnectionLost("over"))
    values: list[float] = []
    gaps: list[Any] = []
    with pytest.raises(ConnectionLost):
        await drain(mailbox, values, gaps, acknowledge=acknowledge)
    server.acks += subscription.acks  # what the next request would carry
    return values, gaps, server


async def drain(
    mailbox: DeliveryQueue, values: list[float], gaps: list[Any], *, acknowledge: bool
) -> None:
    while True:
        delivery: Delivery = await mailbox.get()
        values += [float(value) for block in delivery.blocks for value in block.value]
        gaps += delivery.gaps
        if acknowledge:
            await delivery.acknowledge()


@pytest.mark.asyncio
async def test_in_sequence() -> None:
    values, gaps, server = await run([(1, 1.0), (2, None), (2, 2.0), (3, 3.0)])
    assert values == [1.0, 2.0, 3.0]
    assert gaps == []
    assert sorted(server.acks) == [1, 2, 3]


@pytest.mark.asyncio
async def test_only_the_first_value_of_an_item_may_repeat() -> None:
    server = FakeServer([(1, 1.0), (2, 2.0)], {})
    session: Any = SimpleNamespace(client=SimpleNamespace(wire=server), resumed=False)
    subscription, decoder = Subscription(number=7), Decoder(["heartbeat", "a"])
    subscription.initial_values.expect([0, 1])
    decoder.initial_values = subscription.initial_values
    mailbox = DeliveryQueue(100)
    mailbox.reopen()
    flow = PublishLoop("plc", session, subscription, decoder, mailbox, OutageGap(), lambda _: None)
    with pytest.raises(ConnectionError):
        await flow.run()
    assert [(await mailbox.get()).may_repeat for _ in range(2)] == [True, False]
    subscription.initial_values.discard(0)
    assert subscription.initial_values.expected_count == 0


@pytest.mark.asyncio
async def test_nothing_is_acknowledged_that_is_not_on_disk() -> None:
    _, _, server = await run([(1, 1.0), (2, 2.0)], acknowledge=False)
    assert server.acks == []


@pytest.mark.asyncio
async def test_what_was_jumped_over_is_fetched() -> None:
    values, gaps, _ = await run([(1, 1.0), (4, 4.0)], {2: 2.0, 3: 3.0})
    assert values == [1.0, 2.0, 3.0, 4.0]
    assert gaps == []


@pytest.mark.asyncio
async def test_what_the_server_no_longer_has_is_a_gap() -> None:
    values, gaps, _ = await run([(1, 1.0), (4, 4.0)], {3: 3.0})
    assert values == [1.0, 3.0, 4.0]
    opened, closed = gaps
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert opened.cause == "sequence_jump"
    assert "1 messages before number 4" in opened.detail


@pytest.mark.asyncio
async def test_a_keep_alive_shows_a_loss_and_does_not_hide_it() -> None:
    values, gaps, _ = await run([(1, 1.0), (3, None), (3, 3.0)])
    assert values == [1.0, 3.0]
    assert [gap.cause for gap in gaps if isinstance(gap, GapOpened)] == ["sequence_jump"]


@pytest.mark.asyncio
async def test_a_resumed_session_republishes_before_it_publishes() -> None:
    values, gaps, _ = await run([(8, 8.0)], {6: 6.0, 7: 7.0}, resumed=True, last=5)
    assert values == [6.0, 7.0, 8.0]
    assert gaps == []


@pytest.mark.asyncio
async def test_a_message_given_twice_counts_once() -> None:
    values, gaps, server = await run([(1, 1.0), (1, 1.0), (2, 2.0)])
    assert values == [1.0, 2.0]
    assert gaps == []
    assert 1 in server.acks
