"""The publish loop: messages in sequence, losses as gaps, acknowledged once on disk."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.opcua.connection.session import OpcuaSession
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
from werknetz_edge.opcua.subscription.publish_requests import PublishRequests

OUTSTANDING: Final = 3
REPUBLISH_MAX: Final = 200
CHECKPOINT: Final = Struct(
    "<q"
)  # arrival time of the message: the gap of a restarted edge begins here
_SHOWN_MAX: Final = 10
_TIMEOUTS: Final = frozenset({"BadTimeout", "BadRequestTimeout"})

Gap = GapOpened | GapClosed


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class OutageGap:
    """The gap opened at the loss of a connection, until the next value closes it."""

    opened: GapOpened | None = None


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
        try:
            content = await self.publisher.next_response(3 * self._subscription.keep_alive_s)
            message = parse_publish_response(content)
        except UnreadableMessageError as error:
            raise ConnectionLost(str(error)) from error
        except TimeoutError as error:
            raise ConnectionLost(
                f"no answer for {3 * self._subscription.keep_alive_s:g} s, three keep-alives"
            ) from error
        except ua.UaError as error:
            name = type(error).__name__
            if name == "BadTooManyPublishRequests" and self.publisher.reduce():
                return None
            if name in _TIMEOUTS:
                return None
            raise ConnectionLost(f"the subscription has ended: {error}") from error
        if message.status is not None or message.subscription != self._subscription.number:
            code = ua.StatusCode(message.status or 0).name
            raise ConnectionLost(f"the server has ended the subscription ({code})")
        return message

    async def _catch_up(self) -> None:
        """After resuming a session, republish the messages sent meanwhile (Part 4, 6.7)."""
        sequence = self._subscription.sequence
        for _ in range(REPUBLISH_MAX):
            number = sequence.list_missing(0, 1)[0]
            message = await self._republish(number)
            if message is None:
                return
            await self._deliver(message)

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
        except ua.UaError:
            return None  # BadMessageNotAvailable: the caller records the gap
        # asyncua's server returns an empty message with number 0 for one that it no longer has.
        return message if message.sequence == number else None

    async def _handle_message(self, message: NotificationMessage) -> None:
        sequence = self._subscription.sequence
        if not message.keep_alive and sequence.is_duplicate(message.sequence):
            self.publisher.acknowledge(message.sequence)
            return
        lost = sequence.count_missing(message.sequence)
        if lost and not sequence.is_duplicate(message.sequence):
            await self._fetch_missing(message, lost)
        if message.keep_alive:
            self._last_us = now_us()
            self._on_alive(False)
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
        if message.keep_alive and fetched < lost:
            sequence.advance((message.sequence - 2) % (2**32 - 1) + 1)

    async def _deliver(self, message: NotificationMessage) -> None:
        arrival_us = now_us()
        decoded = self._decoder.decode(message, arrival_us)
        self._add_loss_gaps(decoded, message, arrival_us)
        self.unknown_nodes |= decoded.unknown_nodes
        has_clock = any(reading.source == HEARTBEAT for reading in decoded.readings)
        if decoded.values > has_clock:
            self._close_gap(arrival_us)
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
            checkpoints=(CHECKPOINT.pack(arrival_us),),
            may_repeat=decoded.has_initial_values,
        )
        await self._queue.put(delivery)
        self._subscription.sequence.advance(message.sequence)
        self._last_us = arrival_us
        self._on_alive(has_clock)

    def _add_loss_gaps(
        self, decoded: DecodedMessage, message: NotificationMessage, arrival_us: int
    ) -> None:
        if decoded.overflows:
            names = [self._decoder.addresses[handle] for handle in decoded.overflows]
            shown = ", ".join(names[:_SHOWN_MAX])
            more = f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else ""
            last = max(decoded.overflows.values())
            first = min(self._last_us, *decoded.overflows.values())
            self._add_gap(first, last, "queue_overflow", f"{shown}{more}", None)
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

    def _close_gap(self, at_us: int) -> None:
        if self._outage.opened is not None:
            self._pending_gaps.append(GapClosed(self._outage.opened.gap_id, at_us))
            self._outage.opened = None
