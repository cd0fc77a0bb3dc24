"""The webhook connector: a server whose answers wait for the spool's commit."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
)
from werknetz_edge.documents.seen import KnownRows
from werknetz_edge.secret import SecretMissing
from werknetz_edge.webhook.app import Hooks
from werknetz_edge.webhook.auth import guard_of
from werknetz_edge.webhook.config import WebhookConfig
from werknetz_edge.webhook.intake import Intake
from werknetz_edge.webhook.server import HttpServer, TlsWrong

_LOOK_S: Final = 0.5  # how often the server is looked at


@dataclass(slots=True)
class WebhookConnector:
    config: WebhookConfig
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _known: KnownRows = field(default_factory=KnownRows)
    _intake: Intake | None = None
    _server: HttpServer | None = None

    @property
    def port(self) -> int:
        """Where it listens; of use where the configuration says 0."""
        return self.config.port if self._server is None else self._server.port

    def seen(self, marks: Sequence[bytes]) -> None:
        self._known.add(marks)

    async def connect(self) -> None:
        await self.close()
        config = self.config
        try:
            guards = {name: guard_of(form.auth) for name, form in config.sources.items()}
            events = None if config.events is None else guard_of(config.events)
        except SecretMissing as error:
            self.status.state, self.status.detail = "rejected", str(error)
            raise ConfigurationRejected(str(error)) from error
        intake = Intake(self._known, _now_us)
        hooks = Hooks(config, intake, self.status, guards, events, _now_us)
        server = HttpServer(
            hooks.app(), host=config.host, port=config.port, header_s=config.header_s,
            tls=None if config.tls is None else (config.tls.cert, config.tls.key),
        )  # fmt: skip
        self._intake, self._server = intake, server
        try:
            await server.start()
        except TlsWrong as error:
            await self.close()
            self.status.state, self.status.detail = "rejected", str(error)
            raise ConfigurationRejected(str(error)) from error
        except BaseException:
            await self.close()
            raise
        self.status.state, self.status.detail = "running", ""
        self.status.details["listens"] = f"{config.host}:{server.port}"

    async def read(self) -> Delivery:
        while True:
            intake, server = self._intake, self._server
            if intake is None or server is None:
                raise ConnectionLost("not listening")
            delivery = intake.delivery()
            if delivery is not None:
                self.status.last_good_us = _now_us()
                return delivery
            if not server.is_alive:
                raise ConnectionLost("the server does not listen any more")
            await intake.wait(_LOOK_S)

    async def close(self) -> None:
        """Release the port: senders are refused, and send again."""
        intake, self._intake = self._intake, None
        server, self._server = self._server, None
        if intake is not None:
            intake.close()
        if server is not None:
            await server.stop()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"


def _now_us() -> int:
    return time.time_ns() // 1_000
