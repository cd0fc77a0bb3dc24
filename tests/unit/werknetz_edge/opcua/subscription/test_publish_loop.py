"""A jump in the sequence is asked for again, and what the server no longer has is a gap."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from asyncua.ua.ua_binary import struct_to_binary

from werknetz.connector.contract import ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.opcua.decoding.decoder import Decoder
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.monitored_items import MonitoredItem, Subscription
from werknetz_edge.opcua.subscription.outage import OutageGap
from werknetz_edge.opcua.subscription.publish_loop import PublishLoop, SubscriptionEndedError


def notification(sequence: int, value: float | None, status: int = 0, handle: int = 1) -> Any:
    content = []
    if value is not None:
        data = ua.DataValue(ua.Variant(value), ua.StatusCode(status))
        item = ua.MonitoredItemNotification(handle, data)
        content = [ua.DataChangeNotification(MonitoredItems=[item])]
    return ua.NotificationMessage(SequenceNumber=sequence, NotificationData=content)


class FakeServer:
    """Answers from a script; keeps some messages for Republish, and the acks it was given."""

    def __init__(self, script: Sequence[tuple[Any, ...]], retained: dict[int, float]) -> None:
        self._script = [*script]
        self._retained = retained
        self.acks: list[int] = []

    def post(self, request: Any) -> asyncio.Future[bytes]:
        content = request.Parameters.SubscriptionAcknowledgements
        self.acks += [ack.SequenceNumber for ack in content]
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._script:
            message = notification(*self._script.pop(0))
            result = ua.PublishResult(7, MoreNotifications=False, NotificationMessage=message)
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
    script: Sequence[tuple[Any, ...]], retained: dict[int, float] | None = None, *,
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
@pytest.mark.parametrize(
    ("address_handle", "causes"), [(1, ["queue_overflow"]), (0, [])], ids=["value", "server clock"]
)
async def test_only_lost_values_are_a_gap(address_handle: int, causes: list[str]) -> None:
    _, gaps, _ = await run([(1, 1.0, 0x480, address_handle)])
    assert [gap.cause for gap in gaps if isinstance(gap, GapOpened)] == causes


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


class RefusingServer(FakeServer):
    """Refuses the first publish requests with these codes, then answers from the script."""

    def __init__(self, codes: list[int | None], script: list[tuple[int, float | None]]) -> None:
        super().__init__(script, {})
        self._codes = codes
        self.requests = 0

    def post(self, request: Any) -> asyncio.Future[bytes]:
        self.requests += 1
        if not self._codes:
            return super().post(request)
        code = self._codes.pop(0)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if code is not None:  # None: lost on the way
            future.set_exception(ua.UaStatusCodeError(code))
        return future


class AnsweringState:
    """Stands for the node of the server's state: it answers, or the network is down."""

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    async def read_value(self) -> int:
        if not self._answers:
            raise ConnectionError
        return 0


def loop_of(server: FakeServer, *, answers: bool = True) -> tuple[PublishLoop, DeliveryQueue]:
    nodes = SimpleNamespace(server_state=AnsweringState(answers=answers))
    session: Any = SimpleNamespace(client=SimpleNamespace(wire=server, nodes=nodes), resumed=False)
    subscription = Subscription(number=7, publishing_ms=1, keep_alive_s=0.05)
    queue = DeliveryQueue(100)
    queue.reopen()
    decoder = Decoder(["heartbeat", "a"])
    loop = PublishLoop("plc", session, subscription, decoder, queue, OutageGap(), lambda _: None)
    return loop, queue


async def values_in(queue: DeliveryQueue) -> list[float]:
    values: list[float] = []
    queue.fail(ConnectionLost("over"))
    with pytest.raises(ConnectionLost):
        await drain(queue, values, [], acknowledge=True)
    return values


@pytest.mark.asyncio
async def test_too_many_publish_requests_are_reduced_to_one_and_retried() -> None:
    too_many = ua.StatusCodes.BadTooManyPublishRequests
    server = RefusingServer([too_many] * 6, [(1, 1.0), (2, 2.0)])
    loop, queue = loop_of(server)
    with pytest.raises(ConnectionError, match="script"):
        await loop.run()
    assert await values_in(queue) == [1.0, 2.0]


@pytest.mark.asyncio
async def test_a_server_that_accepts_no_publish_request_ends_the_session() -> None:
    server = RefusingServer([ua.StatusCodes.BadTooManyPublishRequests] * 100, [])
    loop, _ = loop_of(server)
    with pytest.raises(ConnectionLost, match="not one publish request is accepted"):
        await loop.run()
    assert server.requests < 50


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "is_over"),
    [
        ("BadNoSubscription", True),
        ("BadSubscriptionIdInvalid", True),
        ("BadSessionIdInvalid", True),
        ("BadSessionClosed", True),
        ("BadSecureChannelClosed", False),
        ("BadServerHalted", False),
    ],
)
async def test_which_refusals_end_the_subscription(code: str, *, is_over: bool) -> None:
    loop, _ = loop_of(RefusingServer([getattr(ua.StatusCodes, code)] * 3, []))
    with pytest.raises(ConnectionLost) as lost:
        await loop.run()
    assert isinstance(lost.value, SubscriptionEndedError) is is_over


@pytest.mark.asyncio
async def test_requests_that_were_lost_are_sent_again() -> None:
    server = RefusingServer([None, None, None], [(1, 1.0), (2, 2.0)])
    loop, queue = loop_of(server)
    with pytest.raises(ConnectionError, match="script"):
        await loop.run()
    assert await values_in(queue) == [1.0, 2.0]


@pytest.mark.asyncio
@pytest.mark.parametrize("answers", [True, False])
async def test_silence_ends_the_subscription_only_if_the_server_answers(*, answers: bool) -> None:
    loop, _ = loop_of(RefusingServer([None] * 100, []), answers=answers)
    with pytest.raises(ConnectionLost, match="three keep-alives") as lost:
        await loop.run()
    assert isinstance(lost.value, SubscriptionEndedError) is answers


@pytest.mark.asyncio
@pytest.mark.parametrize(("granted", "is_gap"), [(2, True), (3, False)])
async def test_a_queue_that_comes_back_full_is_a_gap(granted: int, *, is_gap: bool) -> None:
    """The server of the script sets no overflow bit."""
    server = FakeServer([(8, 8.0)], {7: 7.0})
    session: Any = SimpleNamespace(client=SimpleNamespace(wire=server), resumed=True)
    subscription = Subscription(number=7)
    subscription.items[1] = MonitoredItem(1, None, 100, 10, item_id=5, granted_queue=granted)
    subscription.sequence.advance(6)
    queue = DeliveryQueue(100)
    queue.reopen()
    decoder = Decoder(["heartbeat", "a"])
    loop = PublishLoop("plc", session, subscription, decoder, queue, OutageGap(), lambda _: None)
    with pytest.raises(ConnectionError):
        await loop.run()
    queue.fail(ConnectionLost("over"))
    gaps: list[Any] = []
    with pytest.raises(ConnectionLost):
        await drain(queue, [], gaps, acknowledge=True)
    assert [gap.cause for gap in gaps if isinstance(gap, GapOpened)] == (
        ["queue_overflow"] if is_gap else []
    )
