"""The OPC UA connector: subscribes to the variables that its browse rules select.

A lost connection is resumed while the server still has the session. Otherwise all nodes are
resolved again, by namespace URI, and the time between is a gap.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
)
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.events.batch import GapOpened
from werknetz.runtime.background import BackgroundTask
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.session import OpcuaSession, open_session, to_connector_error
from werknetz_edge.opcua.connection.transport import SessionTicket
from werknetz_edge.opcua.decoding.decoder import HEARTBEAT, Decoder
from werknetz_edge.opcua.explore.browse import Variable, list_variables, load_structures
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.item_check import ItemCheck
from werknetz_edge.opcua.subscription.monitored_items import MonitoredItem, Subscription
from werknetz_edge.opcua.subscription.outage import OutageGap
from werknetz_edge.opcua.subscription.publish_loop import (
    PublishLoop,
    SubscriptionEndedError,
    now_us,
)

_QUEUE_SIZE: Final = 8
_CLOCK: Final = ua.NodeId(2258, 0)  # Server_ServerStatus_CurrentTime
_STRUCTURES_MIN_S: Final = 60.0
_STRUCTURES_REQUESTS: Final = 10  # time-outs of one request for loading all definitions
_CLOCK_QUEUE: Final = 2
_STILL: Final = 0.75  # of silence_s, in which messages come without a value of the clock


class OpcuaConnector:
    """One server. See `werknetz.connector.contract.Connector` for what it promises."""

    def __init__(self, connector_id: str, config: OpcuaConfig, folder: Path) -> None:
        self.status = ConnectorStatus()
        self._id = connector_id
        self._config = config
        self._folder = folder
        self._queue = DeliveryQueue(_QUEUE_SIZE)
        self._outage = OutageGap()
        self._session: OpcuaSession | None = None
        self._subscription = Subscription()
        self._decoder = Decoder([HEARTBEAT], config.arrays)
        self._work: BackgroundTask | None = None  # of the session
        self._ticket: SessionTicket | None = None  # of the lost session, until it is resumed
        self._stored_until_us: int | None = None  # up to where an earlier process stored values
        self._loss = ""  # why the last session ended
        self._last_alive_s = 0.0  # monotonic instant of the last sign of life

    async def connect(self) -> None:
        await self._leave()
        self.status.state = "connecting"
        try:
            await self._connect()
        except ConfigurationRejected as error:
            self.status.state, self.status.detail = "rejected", str(error)
            raise
        except (ConnectionLost, OSError) as error:
            self.status.detail = str(error) or f"no answer in {self._config.timeout_s:g} s"
            if isinstance(error, TimeoutError) and not str(error):
                raise TimeoutError(self.status.detail) from error
            raise
        self.status.state, self.status.detail = "running", ""

    async def _connect(self) -> None:
        begin = self.status.begin
        begin("load the own certificate", 0.0)
        identity = await asyncio.to_thread(
            pki.load_identity, self._folder / (self._config.pki or "pki"), self._id
        )
        session = await open_session(self._config, self._folder, identity, self._ticket, begin)
        try:
            if not session.resumed and not await self._take_over(session):
                self._forget_session()
                await self._subscribe(session)
        except BaseException as error:
            await session.client.stop(close_session=self._ticket is None)
            if isinstance(error, ua.UaError):
                raise to_connector_error(error, self._config, identity) from error
            raise
        self._ticket = None
        self._session = session
        self._start_work(session)

    async def _take_over(self, session: OpcuaSession) -> bool:
        """Transfer the subscription of a session that is gone, if the server still has it."""
        if self._ticket is None or not session.is_same_server:
            return False
        self.status.begin("transfer the subscription", self._config.timeout_s)
        session.resumed = await self._subscription.transfer(session, self._config.timeout_s)
        return session.resumed

    def _forget_session(self) -> None:
        self._ticket = None

    async def _subscribe(self, session: OpcuaSession) -> None:
        """Browse the nodes, load their types, and create a subscription with all items."""
        variables = await list_variables(session, self._config, self.status.begin)
        if not variables:
            raise ConfigurationRejected(
                "the browse rules match no variable: list them with `werknetz connect opcua"
                f" {self._config.url}`, then set root, depth, types or namespace"
            )
        limit_s = max(_STRUCTURES_MIN_S, _STRUCTURES_REQUESTS * self._config.timeout_s)
        self.status.begin("load the definitions of structures", limit_s)
        finding = await load_structures(session, variables, limit_s)
        variables.sort(key=_by_type)
        self._decoder = Decoder(
            [HEARTBEAT, *(variable.address for variable in variables)], self._config.arrays
        )
        self._decoder.namespaces = session.namespaces
        self._subscription = Subscription()
        self._decoder.initial_values = self._subscription.initial_values
        self.status.begin("create the subscription", self._config.timeout_s)
        await self._subscription.create(session, self._config)
        clock = MonitoredItem(0, _CLOCK, self._config.heartbeat_s * 1000, _CLOCK_QUEUE)
        items = [
            MonitoredItem(
                handle, variable.node, self._config.sampling_ms, self._config.queue_values
            )
            for handle, variable in enumerate(variables, start=1)
        ]
        await self._subscription.add_items(
            session, [clock, *items], self._config.timeout_s, self.status.begin
        )
        self.status.begin("subscribe to changes of the address space", self._config.timeout_s)
        offered = await self._subscription.watch_model(session, self._config.timeout_s)
        self.status.details["model_changes"] = "reported" if offered else "not offered: browsed"
        self.status.details["structures"] = finding or "known"
        self._open_outage_gap()

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        """Take the time of the last stored message; a new edge starts now."""
        self._stored_until_us = (
            self._outage.restore(self._id, checkpoints[-1]) if checkpoints else now_us()
        )

    def take_outage_report(self) -> Delivery | None:
        """Report the gap while the outage lasts, once an attempt to resume has failed."""
        self._start_outage()
        return self._delivery_of(self._outage.take_for_report())

    def _delivery_of(self, gaps: Sequence[GapOpened]) -> Delivery | None:
        """Return a delivery that opens gaps, and that a later process knows."""
        if not gaps:
            return None
        checkpoint = self._outage.checkpoint(gaps[0].from_us)
        return Delivery(gaps=gaps, checkpoints=(checkpoint,))

    def _start_outage(self) -> None:
        """Begin the outage of a lost session, or of the time in which no edge ran."""
        since, cause, detail = self.status.last_good_us, "connection_lost", self._loss
        if since is None:
            since, cause = self._stored_until_us, "subscription_recreated"
            detail = "the edge was not running, or stopped before all values were on disk"
        if since is not None:
            self._outage.start(self._id, since, cause, detail)

    def _open_outage_gap(self) -> None:
        """Open a gap for a new subscription: values since the last message are lost."""
        self._start_outage()
        delivery = self._delivery_of(self._outage.take_for_delivery())
        if delivery is not None:
            self._queue.add_unbounded(delivery)

    def _start_work(self, session: OpcuaSession) -> None:
        self._last_alive_s = asyncio.get_running_loop().time()
        self._queue.reopen()
        self._decoder.namespaces = session.namespaces
        publish_loop = PublishLoop(
            self._id, session, self._subscription, self._decoder, self._queue, self._outage,
            self._note_alive,
        )  # fmt: skip
        self.status.details |= self._subscription.details() | {
            "session": "resumed" if session.resumed else "new",
            "outage": "none",
            "security": self._config.security,
        }
        self.status.certificates = session.certificates
        if session.server_certificate_until:
            self.status.details["certificate_until"] = session.server_certificate_until
        work = partial(self._run_session, session, publish_loop)
        self._work = BackgroundTask(f"opcua {self._id}", work, restart=False)
        self._work.start()

    async def _run_session(self, session: OpcuaSession, publish_loop: PublishLoop) -> None:
        """Run the parts of a session; the first that fails ends it, and `read` raises its error."""
        check = ItemCheck(
            self._id, session, self._config, self._subscription, self._decoder, publish_loop,
            self._queue, self.status,
        )  # fmt: skip
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(publish_loop.run())
                parts.create_task(session.client.renew_forever())
                parts.create_task(self._watch_session(publish_loop))
                parts.create_task(check.run())
        except ExceptionGroup as group:
            error = group.exceptions[0]
            if isinstance(error, OSError | ua.UaError):
                lost = ConnectionLost(str(error) or type(error).__name__)
                lost.__cause__ = error
                error = lost
            self._end_session(error)

    def _end_session(self, error: Exception) -> None:
        """Note the loss. The session can be resumed, unless its subscription has ended."""
        session = self._session
        if session is not None and isinstance(error, ConnectionLost):
            is_over = isinstance(error, SubscriptionEndedError)
            self._ticket = None if is_over else session.client.ticket
        self._loss = self.status.detail = str(error)
        if self.status.last_good_us is not None:
            self._outage.start(self._id, self.status.last_good_us, "connection_lost", self._loss)
            since = datetime.fromtimestamp(self.status.last_good_us / 1e6, UTC)
            self.status.details["outage"] = f"since {since:%Y-%m-%dT%H:%M:%SZ}: {self._loss}"
        if self.status.state == "running":
            self.status.state = "connecting"
        self._queue.fail(error)

    def _note_alive(self, has_clock: bool) -> None:
        """Note a sign of life. If the server's clock is subscribed, only its values count."""
        self.status.last_good_us = now_us()
        clock = self._subscription.items.get(0)
        if has_clock or clock is None or clock.item_id is None:
            self._last_alive_s = asyncio.get_running_loop().time()

    async def _watch_session(self, publish_loop: PublishLoop) -> None:
        """End a session whose clock stands still although notifications come, or that is silent."""
        limit_s = self._config.silence_s
        while True:
            await asyncio.sleep(min(1, limit_s / 4))
            now_s = asyncio.get_running_loop().time()
            if self._queue.is_full:
                self._last_alive_s = now_s  # the delay is on our side
            quiet_s = now_s - self._last_alive_s
            if quiet_s <= limit_s:
                continue
            self.status.state = "silent"
            text = f"{self._config.url} gave no sign of life for {limit_s:g} s"
            if publish_loop.last_message_s - self._last_alive_s > limit_s * _STILL:
                raise SubscriptionEndedError(f"{text}, its clock stands still: a new session")
            if quiet_s > 2 * limit_s:  # the publish loop asks again first
                raise ConnectionLost(f"{text}: the session is resumed")

    async def gather(self, limit_s: float) -> None:
        await self._queue.gather(limit_s)

    async def read(self) -> Delivery:
        return await self._queue.get()

    async def close(self) -> None:
        self._queue.close()
        await self._leave()
        if self.status.state not in {"rejected", "silent"}:
            self.status.state = "stopped"

    async def _leave(self) -> None:
        """Stop the background work, then close the session unless it is to be resumed."""
        work, self._work = self._work, None
        if work is not None:
            await work.stop(timeout_s=2)
        session, self._session = self._session, None
        if session is not None:
            await session.client.stop(close_session=self._ticket is None)


def _by_type(variable: Variable) -> tuple[bool, str]:
    """Sort by type: notifications of equal types are decoded as one array."""
    return variable.rank >= 0, variable.datatype


def create(connector_id: str, options: dict[str, Any], folder: Path) -> OpcuaConnector:
    """Create the connector of an edge file. Raises ConfigurationError for wrong options."""
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
