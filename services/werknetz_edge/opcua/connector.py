"""The OPC UA connector: follows the variables of its rules, whatever the server does.

A lost connection is resumed where the server still holds the session; else everything is
resolved anew, by namespace URI, and the time between is a gap.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import ValidationError

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
)
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.events.batch import GapOpened
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.session import OpcuaSession, open_session, to_connector_error
from werknetz_edge.opcua.connection.transport import SessionTicket
from werknetz_edge.opcua.decoding.decoder import HEARTBEAT, Decoder
from werknetz_edge.opcua.explore.browse import Variable, list_variables, load_structures
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.monitored_items import MonitoredItem, Subscription
from werknetz_edge.opcua.subscription.publish_loop import MARK, OutageGap, PublishLoop, now_us

_MAILBOX: Final = 8
_CLOCK: Final = ua.NodeId(2258, 0)  # Server_ServerStatus_CurrentTime
_RESTORE_S: Final = 60
_LEARN_S: Final = 60
_BEATS_QUEUED: Final = 2


class OpcuaConnector:
    """One server. See `werknetz.connector.contract.Connector` for what it promises."""

    def __init__(self, connector_id: str, config: OpcuaConfig, folder: Path) -> None:
        self.status = ConnectorStatus()
        self._id = connector_id
        self._config = config
        self._folder = folder
        self._mailbox = DeliveryQueue(_MAILBOX)
        self._outage = OutageGap()
        self._session: OpcuaSession | None = None
        self._subscription = Subscription()
        self._decoder = Decoder([HEARTBEAT], config.arrays)
        self._tasks: list[asyncio.Task[None]] = []
        self._ticket: SessionTicket | None = None
        self._kept_us: int | None = None  # until when a former edge has kept values
        self._loss = ""  # why the last session ended
        self._sign = 0.0  # monotonic instant of the last sign of life

    async def connect(self) -> None:
        await self._leave()
        self.status.state, self.status.detail = "connecting", ""
        try:
            await self._connect()
        except ConfigurationRejected as error:
            self.status.state, self.status.detail = "rejected", str(error)
            raise
        except (ConnectionLost, OSError) as error:
            self.status.detail = str(error) or "the server does not answer in time"
            raise
        self.status.state = "running"

    async def _connect(self) -> None:
        identity = await asyncio.to_thread(
            pki.load_identity, self._folder / (self._config.pki or "pki"), self._id
        )
        ticket, self._ticket = self._ticket, None
        session = await open_session(self._config, self._folder, identity, ticket)
        try:
            if not session.resumed:
                await self._subscribe(session)
        except BaseException as error:
            await session.client.stop(close_session=True)
            if isinstance(error, ua.UaError):
                raise to_connector_error(error, self._config, identity) from error
            raise
        self._session = session
        self._start(session)

    async def _subscribe(self, session: OpcuaSession) -> None:
        """Everything anew: nodes by URI, types, handles, items."""
        variables = await list_variables(session, self._config)
        if not variables:
            raise ConfigurationRejected(
                "the browse rules name no variable: look with `werknetz connect opcua"
                f" {self._config.url}`, then set root, depth, types or namespace"
            )
        remark = await load_structures(session, variables, _LEARN_S)
        variables.sort(key=_by_type)
        self._decoder = Decoder(
            [HEARTBEAT, *(variable.address for variable in variables)], self._config.arrays
        )
        self._decoder.namespaces = session.namespaces
        self._subscription = Subscription()
        self._decoder.initial_values = self._subscription.initial_values
        await self._subscription.create(session, self._config)
        clock = MonitoredItem(0, _CLOCK, self._config.heartbeat_s * 1000, _BEATS_QUEUED)
        items = [
            MonitoredItem(
                handle, variable.node, self._config.sampling_ms, self._config.queue_values
            )
            for handle, variable in enumerate(variables, start=1)
        ]
        await self._subscription.add_items(session, [clock, *items], self._config.timeout_s)
        self.status.details["structures"] = remark or "known"
        self._tell_outage()

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        """What is on disk ends with the last checkpoint; a new edge knows nothing of before."""
        self._kept_us = MARK.unpack(checkpoints[-1])[0] if checkpoints else now_us()

    def _tell_outage(self) -> None:
        """A new subscription: what the server said since we last heard of it is lost."""
        since, cause, detail = self.status.last_good_us, "connection_lost", self._loss
        if since is None:
            since, cause = self._kept_us, "subscription_recreated"
            detail = "the edge was away, or stopped before all was on disk"
        if since is None or self._outage.opened is not None:
            return
        self._outage.opened = GapOpened(uuid4(), self._id, [], since, cause, detail)
        self._mailbox.add(Delivery(gaps=[self._outage.opened]))

    def _start(self, session: OpcuaSession) -> None:
        self._sign = asyncio.get_running_loop().time()
        self._mailbox.reopen()
        flow = PublishLoop(
            self._id, session, self._subscription, self._decoder, self._mailbox, self._outage,
            self._alive,
        )  # fmt: skip
        self.status.details |= self._subscription.details() | {
            "session": "resumed" if session.resumed else "new",
            "security": self._config.security,
        }
        if session.certificate:
            self.status.details["certificate_until"] = session.certificate
        work = (flow.run, session.client.renew_forever, partial(self._watch, session, flow))
        self._tasks = [asyncio.create_task(self._guard(part)) for part in work]

    async def _guard(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The end of any part is the end of the session; a bug goes to the pump as it is."""
        try:
            await work()
        except (OSError, ua.UaError) as error:
            lost = ConnectionLost(str(error) or type(error).__name__)
            lost.__cause__ = error
            self._lose(lost)
        except Exception as error:  # noqa: BLE001  # read() raises it
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        session = self._session
        if session is not None and not session.client.wire.is_connected:
            self._ticket = session.client.ticket
        self._loss = self.status.detail = str(error)
        if self.status.state == "running":
            self.status.state = "connecting"
        self._mailbox.fail(error)

    def _alive(self, beats: bool) -> None:
        """A sign of life. With a clock to follow, only the clock counts: it cannot be stale."""
        self.status.last_good_us = now_us()
        clock = self._subscription.items.get(0)
        if beats or clock is None or clock.item_id is None:
            self._sign = asyncio.get_running_loop().time()

    async def _watch(self, session: OpcuaSession, flow: PublishLoop) -> None:
        restored = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(min(1, self._config.silence_s / 4))
            now = asyncio.get_running_loop().time()
            if self._mailbox.is_full:
                self._sign = now  # it is we who do not listen
            if now - self._sign > self._config.silence_s:
                self.status.state = "silent"
                raise ConnectionLost(
                    f"{self._config.url} gave no sign of life for {self._config.silence_s:g} s:"
                    " a new session is opened"
                )
            if now - restored >= _RESTORE_S:
                restored = now
                gone, flow.unknown_nodes = flow.unknown_nodes, set()
                await self._subscription.restore_items(session, gone, self._config.timeout_s)
                self.status.details |= self._subscription.details()

    async def read(self) -> Delivery:
        return await self._mailbox.get()

    async def close(self) -> None:
        self._mailbox.close()
        await self._leave()
        if self.status.state not in {"rejected", "silent"}:
            self.status.state = "stopped"

    async def _leave(self) -> None:
        """End the tasks, then the session, unless it is to be resumed."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)
        session, self._session = self._session, None
        if session is not None:
            await session.client.stop(close_session=self._ticket is None)


def _by_type(variable: Variable) -> tuple[bool, str]:
    """Items of one type side by side make messages that are one array."""
    return variable.rank >= 0, variable.datatype


def create(connector_id: str, options: dict[str, Any], folder: Path) -> OpcuaConnector:
    """What the edge's entry point calls. Raises ConfigurationError for wrong options."""
    try:
        config = OpcuaConfig.model_validate(options)
    except ValidationError as error:
        raise ConfigurationError(
            [
                f"{'.'.join(map(str, ('options', *detail['loc'])))}: {detail['msg']}"
                for detail in error.errors()
            ]
        ) from error
    return OpcuaConnector(connector_id, config, folder)
