"""PostgreSQL from its wheel or the system: one cluster, one database, loopback only.

The role in `url` is no superuser, as in an operator's database, so row-level security applies. The
wheel's Python API is not used: as root it adds a user and opens all parent folders.
"""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import asyncpg

from werknetz_demo.embedded import cluster, rootless
from werknetz_demo.embedded.cluster import PostgresInstallation
from werknetz_demo.embedded.process import LOOPBACK, Child
from werknetz_demo.embedded.rootless import RunMethod
from werknetz_demo.embedded.server import (
    ANSWERS_WITHIN_S,
    EmbeddedServer,
    ServerError,
    minimal_environment,
)


class Postgres(EmbeddedServer):
    """`throwaway` skips the sync when the cluster is created; later, fsync is always on."""

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[int] = signal.SIGINT  # fast shutdown; SIGTERM waits for clients
    death_signal: ClassVar[int] = signal.SIGINT  # SIGKILL would leave backends running for a while

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        password: str | None = None,
        throwaway: bool = False,
        ways: Sequence[RunMethod] | None = None,
        homes: Sequence[Path] | None = None,
    ) -> None:
        super().__init__(folder, port, password=password)
        self.throwaway = throwaway
        self._ways = ways
        self._homes = homes
        self._installation: PostgresInstallation | None = None

    @property
    def url(self) -> str:
        return self._url("werknetz", "werknetz")

    @property
    def superuser_url(self) -> str:
        """Return the URL of the cluster's owner, which Werknetz itself never uses."""
        return self._url("postgres", "werknetz")

    @property
    def data(self) -> Path:
        return self.folder.resolve() / "data"

    @property
    def installation(self) -> PostgresInstallation:
        if self._installation is None:
            raise ServerError("the installation is known only after a start")
        return self._installation

    async def start(self) -> None:
        await super().start()
        try:
            await self._make_database()
        except BaseException:
            self.kill()
            raise

    async def _prepare(self) -> None:
        await cluster.wait_until_free(self.data)
        homes = self._homes or tuple(cluster.program_folders())
        ways = self._ways or tuple(rootless.run_methods())
        self._installation = await asyncio.to_thread(
            cluster.choose_installation, self.data, homes, ways
        )
        if not self.data.exists():
            await asyncio.to_thread(
                cluster.create_cluster,
                self._installation,
                self.data,
                password=self.password,
                throwaway=self.throwaway,
            )
        rootless.change_owner(self.data, self._installation.method.owner)

    async def _command(self) -> Sequence[str]:
        await self._prepare()
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [
            *self.installation.method.prefix,
            str(self.installation.home / "postgres"),
            *("-D", cluster.data_folder_argument(self.installation, self.data)),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]

    def _launch(self, command: Sequence[str]) -> Child:
        return Child.start(
            command,
            log=self.log,
            folder=self.data,
            user=self.installation.method.user,
            death_signal=self.death_signal,
            environment=minimal_environment(),
        )

    async def _answers(self) -> bool:
        try:
            connection = await self._connection(timeout_s=ANSWERS_WITHIN_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            return bool(await connection.fetchval("SELECT 1") == 1)
        finally:
            await connection.close(timeout=2)

    async def _make_database(self) -> None:
        connection = await self._connection()
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'werknetz'"):
                # DDL takes no parameters; the password's alphabet has no quote in it.
                await connection.execute(
                    f"CREATE ROLE werknetz LOGIN CREATEDB CREATEROLE PASSWORD '{self.password}'"
                )
            if not await connection.fetchval(
                "SELECT 1 FROM pg_database WHERE datname = 'werknetz'"
            ):
                await connection.execute("CREATE DATABASE werknetz OWNER werknetz")
        finally:
            await connection.close(timeout=2)

    async def _connection(self, timeout_s: float = 10) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self._url("postgres", "postgres"), timeout=timeout_s)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password}@{LOOPBACK}:{self.port}/{database}"
