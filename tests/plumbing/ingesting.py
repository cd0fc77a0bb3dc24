"""An ingest writer, with its streams or without them: batches of spools into the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from plumbing.delivery import FakeSpool
from werknetz.events.batch import Record
from werknetz.link.receiver import Receiver
from werknetz.link.redis import RedisCoreLink
from werknetz.link.wire import BatchEnvelope, Welcome, link_name_of
from werknetz.store.tables import BOOK_COUNTS
from werknetz_core.ingest.apply import Applier, ApplyOutcome
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.writer import Writer

PATIENCE_S = 60.0


@asynccontextmanager
async def writing(database_url: str, redis_url: str) -> AsyncIterator[Writer]:
    """Run a writer on real servers. If it ends by itself, the test ends, too, with its error."""
    link = RedisCoreLink.connect(redis_url)
    writer = Writer(database_url, link, partitions=PartitionMaker(ahead_days=0))
    task = asyncio.create_task(writer.run())
    test = asyncio.current_task()
    assert test is not None

    def end_test(_: object) -> None:
        test.cancel("the writer has ended")

    task.add_done_callback(end_test)
    try:
        yield writer
    finally:
        task.remove_done_callback(end_test)
        writer.stop()
        await asyncio.wait_for(task, PATIENCE_S)
        await link.close()


class Ingest:
    """Applies batches on one connection, as the writer does."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.applier = Applier(PartitionMaker(ahead_days=0))
        self.receivers: dict[str, Receiver] = {}
        self._incarnation: UUID | None = None
        self._spools: dict[str, FakeSpool] = {}

    async def load_incarnation(self) -> UUID:
        if self._incarnation is None:
            self._incarnation = await load_incarnation(self.connection)
        return self._incarnation

    async def start(self, spool: FakeSpool) -> None:
        name = link_name_of(spool.connector, spool.lane)
        incarnation = await self.load_incarnation()
        answer = await accept_hello(self.connection, name, spool.hello(), incarnation)
        assert isinstance(answer, Welcome)
        spool.epoch = answer.epoch

    async def apply(self, *envelopes: BatchEnvelope) -> ApplyOutcome:
        name = link_name_of(envelopes[0].connector, envelopes[0].lane)
        incarnation = await self.load_incarnation()
        receiver = self.receivers.setdefault(name, Receiver(name, incarnation))
        return await self.applier.apply(self.connection, receiver, envelopes)

    async def send(self, *records: Record, connector: str = "plc") -> None:
        """Apply records as one batch of the connector's spool."""
        if connector not in self._spools:
            self._spools[connector] = FakeSpool(connector)
            await self.start(self._spools[connector])
        await self.apply(self._spools[connector].add(*records))


async def books_of(database: Any, connector: str = "plc") -> dict[str, int]:
    """Return the counts that are not zero but `taken`, and demand that they balance."""
    query = "SELECT * FROM connector_books WHERE connector_id = $1"
    row = await database.fetchrow(query, connector)
    counts = {name: row[name] for name in BOOK_COUNTS}
    assert counts["taken"] == sum(counts.values()) - counts["taken"], counts
    return {name: count for name, count in counts.items() if count and name != "taken"}
