"""The servers of one installation: those that the operator did not name are started here.

Celery has its own Valkey: a full task queue must not block the streams of machine data.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.database_users import DatabaseUsers, database_users
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.server import EmbeddedServer
from werknetz_demo.embedded.state import DataFolder
from werknetz_demo.embedded.valkey import Valkey

STREAMS_MB = 512
TASKS_MB = 64


@dataclass(frozen=True)
class ServerUrls:
    """The URLs of the servers; they are secrets, because they contain passwords."""

    database: str
    redis: str
    broker: str
    mqtt: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the URLs as environment variables of the services."""
        return {
            "WERKNETZ_DATABASE_URL": self.database,
            "WERKNETZ_REDIS_URL": self.redis,
            "WERKNETZ_BROKER_URL": self.broker,
            "WERKNETZ_MQTT_URL": self.mqtt,
        }


class EmbeddedServers:
    """`async with EmbeddedServers(folder) as servers` starts all; `servers.urls` has the URLs."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] = os.environ,
        throwaway: bool = False,
    ) -> None:
        self._state = DataFolder(folder)
        self._environment = environment
        self._throwaway = throwaway
        self.started: dict[str, EmbeddedServer] = {}

    @property
    def urls(self) -> ServerUrls:
        return ServerUrls(
            database=self._url("WERKNETZ_DATABASE_URL"),
            redis=self._url("WERKNETZ_REDIS_URL"),
            broker=self._url("WERKNETZ_BROKER_URL"),
            mqtt=self._url("WERKNETZ_MQTT_URL"),
        )

    def database_users(self) -> DatabaseUsers:
        """Return the users of the services; none in a database that the operator named."""
        if "WERKNETZ_DATABASE_URL" not in self.started:
            return DatabaseUsers((), {})
        return database_users(self._state, self.urls.database)

    async def __aenter__(self) -> Self:
        self._state.__enter__()
        try:
            missing = {
                name: server
                for name, server in self._all().items()
                if not self._environment.get(name)
            }
            self.started = missing
            async with asyncio.TaskGroup() as group:
                for server in missing.values():
                    group.create_task(server.start())
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop in reverse order, PostgreSQL last; a failure does not keep the others running."""
        failures: list[Exception] = []
        try:
            for server in reversed(self.started.values()):
                try:
                    await server.stop()
                except Exception as error:  # noqa: BLE001 - the others must stop too
                    failures.append(error)
        except BaseException:
            for server in self.started.values():
                server.kill()
            raise
        finally:
            self._state.__exit__(None, None, None)
        if failures:
            raise ExceptionGroup("not all servers stopped cleanly", failures)

    def _all(self) -> dict[str, EmbeddedServer]:
        """Return the servers by the variable that replaces them; the first one stops last."""
        folder, port, secret = self._state.folder, self._state.port, self._state.secret
        return {
            "WERKNETZ_DATABASE_URL": Postgres(
                folder / "postgres",
                port("postgres"),
                password=secret("postgres"),
                throwaway=self._throwaway,
            ),
            "WERKNETZ_REDIS_URL": Valkey(
                folder / "valkey",
                port("valkey"),
                password=secret("valkey"),
                maxmemory_mb=STREAMS_MB,
            ),
            "WERKNETZ_BROKER_URL": Valkey(
                folder / "tasks", port("tasks"), password=secret("tasks"), maxmemory_mb=TASKS_MB
            ),
            "WERKNETZ_MQTT_URL": Broker(folder / "mqtt", port("mqtt"), password=secret("mqtt")),
        }

    def _url(self, name: str) -> str:
        return self.started[name].url if name in self.started else self._environment[name]
