"""Emden-1 as a real OPC UA server: each change is written with the instant at which it happened.

Like a controller with a buffer it holds its story until somebody listens, and tells again what a
listener that died had not acknowledged.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncua
from asyncua.server.server import Server

from werknetz_simulator.plants.machine import PlantMachine, Plant
from werknetz_simulator.plants.plan import MINUTE_US, instant_of
from werknetz_simulator.plants.position import Position
from werknetz_simulator.plants.truth import SignalChange, Truth
from werknetz_simulator.protocols.names.opcua import NAMES, identifier_of, namespace_of

ua: Any = asyncua.ua  # its generated types say less than they know
TURN_S: Final = 0.1
SETTLE_S: Final = 3.0  # a new listener adds its items in several requests
STEP_MAX_US: Final = 2 * MINUTE_US  # so that no item's queue overflows while catching up
START_WITHIN_S: Final = 30.0
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
class Listener:
    """The newest session that follows something, and what it has not acknowledged."""

    session: str
    items: int
    is_quiet: bool


class OpcuaPlant:
    def __init__(self, truth: Truth, url: str, position: Position) -> None:
        self._truth, self._url, self._position = truth, url, position
        self._server = Server()
        self._nodes: dict[tuple[PlantMachine, str], Any] = {}
        self._told_us = position.at_us
        self._session = ""
        self._known_since = 0.0

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
            await self._show(self._position.bounded(time.time_ns() // 1000))
            await self._server.start()
        try:
            while True:
                await self._turn(time.time_ns() // 1000)
                await asyncio.sleep(TURN_S)
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

    async def _show(self, at_us: int) -> None:
        """Say what holds now, each value with the instant since when it does."""
        self._told_us = at_us
        for machine in self.plant.machines:
            for change in self._truth.snapshot(machine, at_us):
                await self._write(change)

    async def _turn(self, now_us: int) -> None:
        self._truth.refresh()
        listener = self._listener()
        if listener is None:
            return
        if listener.session != self._session:
            self._session, self._known_since = listener.session, time.monotonic()
        if listener.items < len(self._nodes) and time.monotonic() < self._known_since + SETTLE_S:
            return
        if self._known_since:  # a new listener: the one before may have missed the last ones
            self._known_since = 0.0
            self._told_us = self._position.bounded(now_us)
        if listener.is_quiet:
            self._position.advance(self._told_us)
        elif now_us - self._told_us > STEP_MAX_US:
            return  # catching up: one step after the other
        until_us = min(now_us, self._told_us + STEP_MAX_US)
        for change in self._changes(until_us):
            await self._write(change)
        self._told_us = until_us

    def _changes(self, until_us: int) -> list[SignalChange]:
        found = [
            change
            for machine in self.plant.machines
            for change in self._truth.changes(machine, self._told_us, until_us)
            if change.signal in TYPES
        ]
        return sorted(found, key=lambda change: change.at_us)

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

    def _listener(self) -> Listener | None:
        """Look into asyncua's subscriptions: it has no public way to see acknowledgements."""
        subscriptions = self._server.iserver.subscription_service.subscriptions
        if not subscriptions:
            return None
        session = subscriptions[max(subscriptions)].session_id
        ours = [one for one in subscriptions.values() if one.session_id == session]
        items = sum(len(one.monitored_item_srv._monitored_items) for one in ours)  # noqa: SLF001 - see above
        waiting = any(one._not_acknowledged_results or one._triggered_datachanges for one in ours)  # noqa: SLF001 - see above
        return Listener(str(session), items, not waiting) if items else None
