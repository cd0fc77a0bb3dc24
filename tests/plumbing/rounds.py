"""One round of an ingest writer at a time, on real servers; and an edge's side of its streams."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from plumbing.delivery import FakeSpool
from werknetz.link.redis import RedisCoreLink, RedisEdgeLink
from werknetz.link.wire import ToEdge
from werknetz.store.ingest.partitions import DayTable
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.writer import Writer


class Rounds:
    """A writer that is connected and does a round when it is asked to. It never waits."""

    def __init__(self, writer: Writer, connection: Any, link: RedisCoreLink) -> None:
        self.writer, self.connection, self.link = writer, connection, link
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False

    async def run(self) -> None:
        await self.writer._run_once(self.connection)

    async def days_of(self, table: DayTable) -> set[Any]:
        names = [row[0] for row in await self.connection.fetch(table.list_partitions)]
        return {day for name in names if (day := table.day_of(name))}

    def acks_to_repeat(self, connector: str = "plc") -> list[ToEdge]:
        return self.writer._receiver(connector).repeat_acks(float("inf"))


@asynccontextmanager
async def open_rounds(database_url: str, redis_url: str) -> AsyncIterator[Rounds]:
    link = RedisCoreLink.connect(redis_url)
    writer = Writer(database_url, link, partitions=PartitionMaker(ahead_days=0))
    connection = await writer._session.get(writer._pause)
    rounds = Rounds(writer, connection, link)
    writer._pause = rounds.pause  # type: ignore[method-assign]  # the time is the test's
    try:
        yield rounds
    finally:
        await writer._session.drop()
        await link.close()


async def send(redis_url: str, spool: FakeSpool, *messages: Any) -> None:
    link = RedisEdgeLink.connect(redis_url, spool.connector)
    await link.send(messages)
    await link.close()


async def receive(redis_url: str, spool: FakeSpool) -> Sequence[ToEdge]:
    link = RedisEdgeLink.connect(redis_url, spool.connector)
    messages = await link.receive(1)
    await link.close()
    return messages
