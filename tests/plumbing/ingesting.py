"""An ingest writer without its streams: batches of spools into the database."""

from typing import Any
from uuid import uuid4

from plumbing.delivery import FakeSpool
from werknetz.events.batch import Record
from werknetz.link.receiver import Receiver
from werknetz.link.wire import BatchEnvelope, Welcome, link_name_of
from werknetz.store.tables import BOOK_COUNTS
from werknetz_core.ingest.apply import Applier, accept_hello
from werknetz_core.ingest.partitions import PartitionMaker

INCARNATION = uuid4()


class Ingest:
    """Applies batches on one connection, as the writer does."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._applier = Applier(PartitionMaker(ahead_days=0))
        self._receivers: dict[str, Receiver] = {}
        self._spools: dict[str, FakeSpool] = {}

    async def start(self, spool: FakeSpool) -> None:
        name = link_name_of(spool.connector, spool.lane)
        answer = await accept_hello(self.connection, name, spool.hello(), INCARNATION)
        assert isinstance(answer, Welcome)
        spool.epoch = answer.epoch

    async def apply(self, *envelopes: BatchEnvelope) -> None:
        name = link_name_of(envelopes[0].connector, envelopes[0].lane)
        receiver = self._receivers.setdefault(name, Receiver(name, INCARNATION))
        await self._applier.apply(self.connection, receiver, envelopes)

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
