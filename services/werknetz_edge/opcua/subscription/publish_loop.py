"""The publish loop: messages in sequence, losses as gaps, acknowledged once on disk."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.opcua.connection.session import OpcuaSession, status_name
from werknetz_edge.opcua.decoding.decoder import HEARTBEAT, DecodedMessage, Decoder
from werknetz_edge.opcua.decoding.message import (
    NotificationMessage,
    UnreadableMessageError,
    parse_publish_response,
    parse_republish_response,
)
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.monitored_items import Subscription
from werknetz_edge.opcua.subscription.outage import OutageGap
from werknetz_edge.opcua.subscription.publish_requests import PublishRequests

OUTSTANDING: Final = 3
REPUBLISH_MAX: Final = 200
_SHOWN_MAX: Final = 10
_TIMEOUTS: Final = frozenset({"BadTimeout", "BadRequestTimeout"})
_ENDED: Final = frozenset({
    "BadNoSubscription", "BadSubscriptionIdInvalid", "BadSessionIdInvalid", "BadSessionClosed",
})  # fmt: skip
_REFUSALS_MAX: Final = 20  # of the only publish request, in a row
_PROBE_S: Final = 3.0
_BUFFERED_MAX: Final = 1000  # messages; a busy server may always have more

Gap = GapOpened | GapClosed


def now_us() -> int:
    return time.time_ns() // 1000


class SubscriptionEndedError(ConnectionLost):
    """The subscription does not exist any more, or the server serves it no longer."""


class PublishLoop:
    """The publish loop of one connection. It calls `on_alive` for every sign of life."""

    def __init__(
        self,
        source: str,
        session: OpcuaSession,
        subscription: Subscription,
        decoder: Decoder,
        queue: DeliveryQueue,
        outage: OutageGap,
        on_alive: Callable[[bool], None],
    ) -> None:
        self._source = source
        self._session = session
        self._subscription = subscription
        self._decoder = decoder
        self._queue = queue
        self._on_alive = on_alive
        self._last_us = now_us()
        self._pending_gaps: list[Gap] = []
        self._outage = outage
        self.publisher = PublishRequests(
            session.client.wire, subscription.number, subscription.acks, OUTSTANDING
        )
        self.unknown_nodes: set[int] = set()
        self.model_changed = asyncio.Event()
        self._is_resuming = session.resumed  # until the server has sent what it buffered
        self._is_catching_up = False
        self._is_retrying = False  # the publish requests, after a silence
        self.last_message_s = time.monotonic()
        self._has_lost = False
        self._resumed_count = 0  # messages since the session was resumed
        self._counts: Counter[int] = Counter()  # of values that the server buffered
        self._refusals = 0

    async def run(self) -> None:
        """Run until the connection ends. Raises ConnectionLost or OSError."""
        if self._session.resumed:
            await self._catch_up()
        while True:
            self.publisher.fill()
            message = await self._next()
            if message is not None:
                await self._handle_message(message)

    async def _next(self) -> NotificationMessage | None:
        limit_s = 3 * self._subscription.keep_alive_s
        try:
            content = await self.publisher.next_response(limit_s)
            message = parse_publish_response(content)
        except UnreadableMessageError as error:
            raise ConnectionLost(str(error)) from error
        except TimeoutError as error:
            await self._handle_silence(f"no answer for {limit_s:g} s, three keep-alives", error)
            return None
        except ua.UaError as error:
            await self._handle_refusal(error)
            return None
        self._refusals, self._is_retrying = 0, False
        self.last_message_s = time.monotonic()
        if message.status is not None or message.subscription != self._subscription.number:
            code = ua.StatusCode(message.status or 0).name
            raise SubscriptionEndedError(f"the server has ended the subscription ({code})")
        return message

    async def _handle_refusal(self, error: Exception) -> None:
        """Go on after a refused publish request, or raise."""
        name = status_name(error)
        if name in _TIMEOUTS:
            return
        if name in _ENDED:
            raise SubscriptionEndedError(f"the subscription has ended: {error}") from error
        if name != "BadTooManyPublishRequests":
            raise ConnectionLost(f"a publish request failed: {error}") from error
        if self.publisher.reduce():
            return
        self._refusals += 1  # requests of the former connection may still be there
        if self._refusals > _REFUSALS_MAX:
            raise ConnectionLost(f"not one publish request is accepted: {error}") from error
        await asyncio.sleep(self._subscription.publishing_ms / 1000)

    async def _handle_silence(self, text: str, error: TimeoutError) -> None:
        """Publish again after a short interruption that lost requests or answers; else raise."""
        if not await self._is_answering():
            raise ConnectionLost(text) from error  # the session can be resumed
        if self._is_retrying:
            raise SubscriptionEndedError(f"{text}, but the server answers") from error
        self._is_retrying = True
        self.publisher.forget()
        await self._catch_up()

    async def _is_answering(self) -> bool:
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._session.client.nodes.server_state.read_value()
        except (OSError, ua.UaError):
            return False
        return True

    async def _catch_up(self) -> None:
        """After resuming a session, republish the messages sent meanwhile (Part 4, 6.7)."""
        sequence = self._subscription.sequence
        self._is_catching_up = True
        for _ in range(REPUBLISH_MAX):
            number = sequence.list_missing(0, 1)[0]
            message = await self._republish(number)
            if message is None:
                break
            await self._deliver(message)
        self._is_catching_up = False

    async def _republish(self, number: int) -> NotificationMessage | None:
        """Request a message again; None: the server no longer has it."""
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = self._subscription.number
        request.Parameters.RetransmitSequenceNumber = number
        try:
            content = await self._session.client.wire.request(request)
            message = parse_republish_response(content, self._subscription.number)
        except UnreadableMessageError as error:
            raise ConnectionLost(str(error)) from error
        except ua.UaError as error:
            if status_name(error) in _ENDED:
                raise SubscriptionEndedError(f"the subscription has ended: {error}") from error
            return None  # BadMessageNotAvailable: the caller records the gap
        # asyncua's server returns an empty message with number 0 for one that it no longer has.
        return message if message.sequence == number else None

    async def _handle_message(self, message: NotificationMessage) -> None:
        sequence = self._subscription.sequence
        if not message.keep_alive and sequence.is_duplicate(message.sequence):
            self.publisher.acknowledge(message.sequence)
            return
        if message.has_events:
            self.model_changed.set()
        lost = sequence.count_missing(message.sequence)
        if lost and not sequence.is_duplicate(message.sequence):
            await self._fetch_missing(message, lost)
        if message.keep_alive:
            self._last_us = now_us()
            self._on_alive(False)
            await self._deliver_gaps()
            return
        await self._deliver(message)

    async def _fetch_missing(self, message: NotificationMessage, lost: int) -> None:
        """Republish the missing messages; those that the server no longer has are a gap."""
        sequence = self._subscription.sequence
        fetched = 0
        for number in sequence.list_missing(message.sequence, REPUBLISH_MAX):
            republished = await self._republish(number)
            if republished is not None:
                await self._deliver(republished)
                fetched += 1
        if fetched < lost:
            detail = f"{lost - fetched} messages before number {message.sequence} are lost"
            self._add_gap(self._last_us, now_us(), "sequence_jump", detail, None)
            self._has_lost = True
        if message.keep_alive and fetched < lost:
            sequence.advance((message.sequence - 2) % (2**32 - 1) + 1)

    async def _deliver(self, message: NotificationMessage) -> None:
        arrival_us = now_us()
        decoded = self._decoder.decode(message, arrival_us)
        self._add_loss_gaps(decoded, message, arrival_us)
        self.unknown_nodes |= decoded.unknown_nodes
        has_clock = any(reading.source == HEARTBEAT for reading in decoded.readings)
        if self._is_resuming:
            self._note_buffered(decoded, message, arrival_us)
        elif decoded.values > has_clock:
            self._close_gap(decoded, arrival_us)
        acknowledge = self.publisher.acknowledge

        async def acknowledge_message() -> None:  # sent with the next publish request
            acknowledge(message.sequence)

        gaps, self._pending_gaps = self._pending_gaps, []
        delivery = Delivery(
            readings=decoded.readings,
            blocks=decoded.blocks,
            gaps=gaps,
            unreadable=decoded.unreadable,
            acknowledge=acknowledge_message,
            checkpoints=(self._outage.checkpoint(arrival_us),),
            may_repeat=decoded.has_initial_values,
        )
        await self._queue.put(delivery)
        self._subscription.sequence.advance(message.sequence)
        self._last_us = arrival_us
        self._on_alive(has_clock)

    def _add_loss_gaps(
        self, decoded: DecodedMessage, message: NotificationMessage, arrival_us: int
    ) -> None:
        # The server's clock is read as a sign of life: its former values are of no interest.
        overflows = {
            address: at_us
            for handle, at_us in decoded.overflows.items()
            if (address := self._decoder.addresses[handle]) != HEARTBEAT
        }
        if overflows:
            first = min(self._last_us, *overflows.values())
            last = max(overflows.values())
            self._add_gap(first, last, "queue_overflow", _join_names([*overflows]), None)
        if decoded.unreadable_count:
            detail = f"message {message.sequence}: see quarantine"
            self._add_gap(
                self._last_us, arrival_us, "decode_error", detail, decoded.unreadable_count
            )

    def _add_gap(
        self, from_us: int, to_us: int, cause: str, detail: str, estimate: int | None
    ) -> None:
        gap = GapOpened(uuid4(), self._source, [], from_us, cause, detail, estimate)
        self._pending_gaps += [gap, GapClosed(gap.gap_id, max(from_us, to_us), estimate)]

    def _close_gap(self, decoded: DecodedMessage, arrival_us: int) -> None:
        if self._outage.opened is not None:
            self._pending_gaps += self._outage.note_values(
                _source_times(decoded), arrival_us, time.monotonic(),
                is_complete=self._decoder.initial_values.expected_count == 0,
            )  # fmt: skip

    def _note_buffered(
        self, decoded: DecodedMessage, message: NotificationMessage, arrival_us: int
    ) -> None:
        """After resuming: what the server had buffered ends with a message without `more`."""
        for block in decoded.blocks:
            self._counts.update(block.address.tolist())
        self._resumed_count += 1
        if self._is_catching_up or (message.more and self._resumed_count < _BUFFERED_MAX):
            return
        self._is_resuming = False
        full = [
            address
            for handle, count in self._counts.items()
            if (address := self._decoder.addresses[handle]) != HEARTBEAT
            and (item := self._subscription.items.get(handle)) is not None
            and 1 < item.granted_queue <= count
            and handle not in decoded.overflows
        ]
        if full and not self._has_lost:  # a server that sets no overflow bit
            detail = f"the queue of the server was full after the outage: {_join_names(full)}"
            self._add_gap(self._last_us, arrival_us, "queue_overflow", detail, None)
        self._pending_gaps += self._outage.close_resumed(
            min(_source_times(decoded), default=arrival_us)
        )
        self._counts.clear()

    async def _deliver_gaps(self) -> None:
        """Deliver gap records with a keep-alive: nothing else may come for a long time."""
        if self._is_resuming:
            self._is_resuming = False
            self._pending_gaps += self._outage.close_resumed(now_us())
        gaps, self._pending_gaps = self._pending_gaps, []
        if gaps:
            checkpoint = self._outage.checkpoint(self._last_us)
            await self._queue.put(Delivery(gaps=gaps, checkpoints=(checkpoint,)))


def _source_times(decoded: DecodedMessage) -> Iterator[int]:
    for block in decoded.blocks:
        yield from block.source_time_us.tolist()
    for reading in decoded.readings:
        if reading.source_time_us is not None and reading.source != HEARTBEAT:
            yield reading.source_time_us


def _join_names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else ""
    return f"{', '.join(names[:_SHOWN_MAX])}{more}"
