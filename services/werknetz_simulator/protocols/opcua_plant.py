"""Emden-1 as a real OPC UA server that writes each change with its source timestamp.

Like a controller with a buffer, it waits for a subscriber, and writes again the changes that a lost
subscriber had not acknowledged.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncua
from asyncua.server.server import Server

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import SignalChange, Truth
from werknetz_simulator.protocols.names.opcua import NAMES, identifier_of, namespace_of

ua: Any = asyncua.ua  # its generated types are incomplete
TICK_S: Final = 0.1
SETTLE_S: Final = 3.0  # a new subscriber adds its items in several requests
STEP_MAX_US: Final = 2 * MINUTE_US  # so that no item's queue overflows while catching up
START_WITHIN_S: Final = 120.0
WRITE_WITHIN_S: Final = 10.0
TYPES: Final = {
    "state": (ua.VariantType.Int32, int),
    "good": (ua.VariantType.UInt32, int),
    "scrap": (ua.VariantType.UInt32, int),
    "order": (ua.VariantType.String, str),
    "pri": (ua.VariantType.Double, float),
    "temperature": (ua.VariantType.Double, float),
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The newest session with monitored items, and what it was sent and has acknowledged."""

    session: str
    items: int
    is_sent: bool  # everything that was written
    next_numbers: dict[int, int]  # of the messages of each subscription
    oldest_waiting: dict[int, int]  # the first one without acknowledgement, where there is any

    def has_acknowledged(self, before: dict[int, int]) -> bool:
        """Return whether it has acknowledged all messages before these numbers."""
        return all(
            number >= before.get(subscription, number)
            for subscription, number in self.oldest_waiting.items()
        )


@dataclass(slots=True)
class WrittenStep:
    """Changes that were written up to an instant."""

    until_us: int
    messages_before: dict[int, int] | None = None  # they contain the changes; None: not yet sent


class OpcuaPlant:
    def __init__(self, truth: Truth, url: str, position: ResumePosition) -> None:
        self._truth, self._url, self._position = truth, url, position
        self._server = Server()
        self._nodes: dict[tuple[PlantMachine, str], Any] = {}
        self._written_us = position.at_us
        self._steps: deque[WrittenStep] = deque()  # not acknowledged yet
        self._session = ""
        self._subscribed_s = 0.0

    @property
    def plant(self) -> Plant:
        return self._truth.plant

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.timeout(START_WITHIN_S):
            await self._server.init()
            self._server.set_endpoint(self._url)
            self._server.set_server_name(self.plant.name)
            self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            await self._build()
            await self._write_snapshot(self._position.resume_us(time.time_ns() // 1000))
            await self._server.start()
        try:
            while True:
                await self._tick(time.time_ns() // 1000)
                await asyncio.sleep(TICK_S)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._server.stop()

    async def _build(self) -> None:
        index = await self._server.register_namespace(namespace_of(self.plant.name))
        root = await self._server.nodes.objects.add_object(index, self.plant.name.title())
        lines: dict[str, Any] = {}
        for machine in self.plant.machines:
            if machine.line not in lines:
                lines[machine.line] = await root.add_object(index, machine.line)
            parent = await lines[machine.line].add_object(index, machine.name)
            for signal, (kind, _) in TYPES.items():
                name = NAMES[signal]
                node = ua.NodeId(identifier_of(machine, signal), index)
                empty = "" if kind is ua.VariantType.String else 0
                await parent.add_variable(node, ua.QualifiedName(name, index), empty, kind)
                self._nodes[machine, signal] = node

    async def _write_snapshot(self, at_us: int) -> None:
        """Write the current values, each with the instant of its last change."""
        self._written_us = at_us
        for machine in self.plant.machines:
            for change in self._truth.snapshot(machine, at_us):
                await self._write(change)

    async def _tick(self, now_us: int) -> None:
        self._truth.refresh()
        subscriber = self._newest_subscriber()
        if subscriber is None:
            return
        if subscriber.session != self._session:
            self._session, self._subscribed_s = subscriber.session, time.monotonic()
        if subscriber.items < len(self._nodes) and time.monotonic() < self._subscribed_s + SETTLE_S:
            return
        if (
            self._subscribed_s
        ):  # a new subscriber: the previous one may have missed the last changes
            self._subscribed_s = 0.0
            self._steps.clear()
            self._written_us = self._position.resume_us(now_us)
        self._advance(subscriber)
        if self._steps and now_us - self._written_us > STEP_MAX_US:
            return  # catching up: wait until this step is acknowledged
        until_us = min(now_us, self._written_us + STEP_MAX_US)
        changes = self._changes(until_us)
        for change in changes:
            await self._write(change)
        self._written_us = until_us
        if changes:
            self._steps.append(WrittenStep(until_us))
        elif self._steps:
            self._steps[-1].until_us = until_us
        else:
            self._position.advance(until_us)

    def _advance(self, subscriber: Subscriber) -> None:
        """Advance to what is acknowledged.

        The newest message may wait: a client acknowledges it with its next request, which a busy
        subscription sends when the next message has arrived.
        """
        if subscriber.is_sent:
            for step in self._steps:
                if step.messages_before is None:
                    step.messages_before = subscriber.next_numbers
        while self._steps:
            before = self._steps[0].messages_before
            if before is None or not subscriber.has_acknowledged(before):
                return
            self._position.advance(self._steps.popleft().until_us)

    def _changes(self, until_us: int) -> list[SignalChange]:
        changes = [
            change
            for machine in self.plant.machines
            for change in self._truth.changes(machine, self._written_us, until_us)
            if change.signal in TYPES
        ]
        return sorted(changes, key=lambda change: change.at_us)

    async def _write(self, change: SignalChange) -> None:
        kind, as_type = TYPES[change.signal]
        value = ua.DataValue(
            Value=ua.Variant(as_type(change.value), kind),
            SourceTimestamp=instant_of(change.at_us),
            ServerTimestamp=instant_of(time.time_ns() // 1000),
        )
        async with asyncio.timeout(WRITE_WITHIN_S):
            await self._server.write_attribute_value(
                self._nodes[change.machine, change.signal], value
            )

    def _newest_subscriber(self) -> Subscriber | None:
        """Inspect the subscriptions of asyncua, which has no public API for acknowledgements."""
        subscriptions = self._server.iserver.subscription_service.subscriptions
        if not subscriptions:
            return None
        session = subscriptions[max(subscriptions)].session_id
        newest = [item for item in subscriptions.values() if item.session_id == session]
        items = sum(len(item.monitored_item_srv._monitored_items) for item in newest)  # noqa: SLF001 - see above
        if not items:
            return None
        waiting = {
            item.data.SubscriptionId: min(item._not_acknowledged_results)  # noqa: SLF001 - see above
            for item in newest
            if item._not_acknowledged_results  # noqa: SLF001 - see above
        }
        return Subscriber(
            str(session), items,
            not any(item._triggered_datachanges for item in newest),  # noqa: SLF001 - see above
            {item.data.SubscriptionId: item._notification_seq for item in newest},  # noqa: SLF001 - see above
            waiting,
        )  # fmt: skip
