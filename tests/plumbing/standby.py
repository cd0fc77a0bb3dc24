"""PostgreSQL with a streaming standby, both on this machine."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from plumbing.memory_folder import memory_folder
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded import rootless
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.process import LOOPBACK

PATIENCE_S = 120.0


class ReplicatedPostgres:
    """`url` names both servers; clients find the one that takes writes."""

    def __init__(self, folder: Path) -> None:
        self.primary = Postgres(folder / "primary", throwaway=True)
        self.standby = Postgres(folder / "standby", password=self.primary.password)

    @property
    def url(self) -> str:
        before, _, rest = self.primary.url.rpartition(f"{LOOPBACK}:{self.primary.port}")
        hosts = f"{LOOPBACK}:{self.primary.port},{LOOPBACK}:{self.standby.port}"
        return f"{before}{hosts}{rest}"

    async def start(self) -> None:
        await self.primary.start()
        await upgrade_async(self.primary.url)
        standby, installation = self.standby, self.primary.installation
        standby.folder.mkdir(mode=0o700)
        options = ("-d", self.primary.superuser_url, "-D", str(standby.data))
        await asyncio.to_thread(
            subprocess.run,
            [installation.home / "pg_basebackup", *options, "-X", "stream", "-c", "fast", "-R"],
            check=True,
            capture_output=True,
        )
        standby.data.chmod(0o700)
        for path in (standby.folder, standby.data):
            rootless.change_owner(path, installation.method.owner)
        await standby.start()

    async def wait_for_standby(self) -> None:
        """Let commits wait until the standby has them on its disk."""
        await execute(self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        await execute(self.primary, "SELECT pg_reload_conf()")
        await until(
            self.primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        )

    async def promote(self) -> None:
        await execute(self.standby, "SELECT pg_promote()")

    async def stop(self) -> None:
        for server in (self.standby, self.primary):
            server.kill()


async def execute(server: Postgres, statement: str) -> Any:
    connection = await asyncpg.connect(server.superuser_url, timeout=60)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close(timeout=60)


async def until(server: Postgres, statement: str, at_least: int = 1) -> None:
    """Return when the statement gives at least this number."""
    async with asyncio.timeout(PATIENCE_S):
        while await execute(server, statement) < at_least:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def replicated_postgres(folder: Path) -> AsyncIterator[ReplicatedPostgres]:
    with memory_folder(folder) as memory:
        servers = ReplicatedPostgres(memory)
        try:
            await servers.start()
            yield servers
        finally:
            await servers.stop()
