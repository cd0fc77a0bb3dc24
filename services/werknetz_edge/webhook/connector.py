"""The webhook connector: an HTTP server that answers after the spool's commit."""

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
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.server import HttpServer
from werknetz.runtime.http_server.tls import TlsFilesInvalid
from werknetz_edge.documents.dedup import RowDedup
from werknetz_edge.secret import SecretMissing
from werknetz_edge.webhook.app import WebhookApp
from werknetz_edge.webhook.auth import create_authenticator
from werknetz_edge.webhook.config import WebhookConfig
from werknetz_edge.webhook.intake import Intake

BODY_BYTES_PER_S: Final = 50_000
_CHECK_S: Final = 0.5  # how often the server is checked


@dataclass(slots=True)
class WebhookConnector:
    config: WebhookConfig
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _dedup: RowDedup = field(default_factory=RowDedup)
    _intake: Intake | None = None
    _server: HttpServer | None = None

    @property
    def port(self) -> int:
        """The port it listens on: the operating system chooses where the configuration has 0."""
        return self.config.port if self._server is None else self._server.port

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._dedup.add(checkpoints)

    async def connect(self) -> None:
        await self.close()
        config = self.config
        try:
            authenticators = {
                name: create_authenticator(form.auth) for name, form in config.sources.items()
            }
            events = None if config.events is None else create_authenticator(config.events)
        except SecretMissing as error:
            self.status.state, self.status.detail = "rejected", str(error)
            raise ConfigurationRejected(str(error)) from error
        intake = Intake(self._dedup, _now_us)
        app = WebhookApp(config, intake, self.status, authenticators, events, _now_us)
        server = HttpServer(
            app.create_app(), host=config.host, port=config.port, limits=_limits_of(config),
            tls=None if config.tls is None else (config.tls.cert, config.tls.key),
        )  # fmt: skip
        self._intake, self._server = intake, server
        self.status.begin("listen")
        try:
            await server.start()
        except TlsFilesInvalid as error:
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
            delivery = intake.next_delivery()
            if delivery is None and (duplicates := intake.take_duplicates()):
                delivery = Delivery(duplicates=duplicates)
            if delivery is not None:
                self.status.last_good_us = _now_us()
                return delivery
            if not server.is_alive:
                raise ConnectionLost("the server does not listen any more")
            await intake.wait(_CHECK_S)

    async def close(self) -> None:
        """Release the port: senders get a refused connection, and retry."""
        intake, self._intake = self._intake, None
        server, self._server = self._server, None
        if intake is not None:
            intake.close()
        if server is not None:
            await server.stop()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"


def _limits_of(config: WebhookConfig) -> HttpLimits:
    return HttpLimits(
        connections_max=config.connections_max,
        connections_per_address_max=config.connections_per_address_max,
        connections_per_proxy_max=config.connections_max,
        header_s=config.header_s,
        body_s=config.body_s,
        body_bytes_per_s=BODY_BYTES_PER_S,
    )


def _now_us() -> int:
    return time.time_ns() // 1_000
