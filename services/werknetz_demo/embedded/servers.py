"""The servers of one installation, together: start what the operator did not name, yield the URLs.

Celery has a Valkey of its own: a queue of tasks that fills up must not stop what machines report.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.server import Server
from werknetz_demo.embedded.state import State
from werknetz_demo.embedded.valkey import Valkey

STREAMS_MB = 512
TASKS_MB = 64


@dataclass(frozen=True)
class Urls:
    """Where everything is; each is a secret, since it carries a password."""

    database: str
    redis: str
    broker: str
    mqtt: str

    @property
    def environment(self) -> dict[str, str]:
        """Return them as the services read them."""
        return {
            "WERKNETZ_DATABASE_URL": self.database,
            "WERKNETZ_REDIS_URL": self.redis,
            "WERKNETZ_BROKER_URL": self.broker,
            "WERKNETZ_MQTT_URL": self.mqtt,
        }


class Servers:
    """`async with Servers(folder) as servers`: all of them are up, `servers.urls` says where."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] = os.environ,
        throwaway: bool = False,
    ) -> None:
        self._state = State(folder)
        self._environment = environment
        self._throwaway = throwaway
        self.started: dict[str, Server] = {}

    @property
    def urls(self) -> Urls:
        return Urls(
            database=self._url("WERKNETZ_DATABASE_URL"),
            redis=self._url("WERKNETZ_REDIS_URL"),
            broker=self._url("WERKNETZ_BROKER_URL"),
            mqtt=self._url("WERKNETZ_MQTT_URL"),
        )

    async def __aenter__(self) -> Self:
        self._state.__enter__()
        try:
            ours = {
                name: server
                for name, server in self._all().items()
                if not self._environment.get(name)
            }
            self.started = ours
            async with asyncio.TaskGroup() as group:
                for server in ours.values():
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
        """Stop in reverse, PostgreSQL last, each within its bound, whatever the others do."""
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
            raise ExceptionGroup("not all servers stopped in order", failures)

    def _all(self) -> dict[str, Server]:
        """Name each server by the variable with which an operator replaces it, first to stop last.

        Each has its own port and password in the folder that we hold.
        """
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
