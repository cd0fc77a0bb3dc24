"""Connections that are open at both ends and carry only one direction."""

import asyncio
from urllib.parse import urlsplit, urlunsplit

from chaos.proxy import proxy_to
from chaos.scenarios.scenario import scenario
from chaos.stage import Stage

BLOCKED_S = 12.0


async def _half_open(stage: Stage, variable: str, url: str, names: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    async with proxy_to(parts.hostname or "127.0.0.1", parts.port or 0) as proxy:
        network = f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}"
        for name in names:
            stage.extra[name] = {variable: urlunsplit(parts._replace(netloc=network))}
            await stage.kill(name)
        await asyncio.sleep(3)
        for direction in ("up", "down"):
            proxy.blocked = {direction}
            await asyncio.sleep(BLOCKED_S)
            proxy.blocked = set()
            await asyncio.sleep(3)
        for name in names:
            del stage.extra[name]
            await stage.kill(name)


@scenario("half-open-edge-valkey")
async def edge_to_valkey(stage: Stage) -> None:
    await _half_open(stage, "WERKNETZ_REDIS_URL", stage.servers.urls.redis, ("edge",))


@scenario("half-open-ingest-valkey")
async def ingest_to_valkey(stage: Stage) -> None:
    names = ("ingest", "second-ingest")
    await _half_open(stage, "WERKNETZ_REDIS_URL", stage.servers.urls.redis, names)


@scenario("half-open-ingest-postgres")
async def ingest_to_postgres(stage: Stage) -> None:
    names = ("ingest", "second-ingest")
    await _half_open(stage, "WERKNETZ_DATABASE_URL", stage.servers.urls.database, names)
