"""The connections of a worker process: the PostgreSQL pool and Redis."""

import gc
from dataclasses import dataclass
from typing import Any, Self

import asyncpg

from werknetz.link.redis_client import connect_redis
from werknetz.store.database_url import open_connection
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.watermarks import SOCKET_TIMEOUT_S, WatermarkPublisher

CONNECT_TIMEOUT_S = 10.0
COLLECT_EVERY = 100_000
"""New objects between two runs of the collector of cycles. A batch of 5,000 events makes more than
a hundred thousand without any cycle, and each run looks at all of them."""


@dataclass(frozen=True, slots=True)
class WorkerConnections:
    settings: WorkerSettings
    pool: asyncpg.Pool
    watermarks: WatermarkPublisher

    @classmethod
    async def open(cls, settings: WorkerSettings) -> Self:
        gc.set_threshold(COLLECT_EVERY, *gc.get_threshold()[1:])
        pool = await asyncpg.create_pool(
            settings.database_url,
            connect=_connect,
            min_size=1,
            max_size=settings.connections,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=settings.statement_timeout_s,
            server_settings={
                "application_name": "werknetz-worker",
                "timezone": "UTC",
                "jit": "off",  # compiling costs more than these statements
                "idle_in_transaction_session_timeout": "60s",
            },
        )
        redis = None
        if settings.redis_url is not None:
            redis = connect_redis(
                settings.redis_url,
                socket_timeout=SOCKET_TIMEOUT_S,
                socket_connect_timeout=SOCKET_TIMEOUT_S,
            )
        return cls(settings, pool, WatermarkPublisher(redis))

    async def close(self) -> None:
        await self.watermarks.close()
        await self.pool.close()


async def _connect(dsn: str | None = None, **options: Any) -> asyncpg.Connection:
    """Open a connection of the pool, which always passes the URL."""
    return await open_connection(dsn or "", **options)
