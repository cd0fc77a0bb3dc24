"""The ingest writer's loop: streams → applied batches → acks and trims.

All its state is in PostgreSQL: killed at any point, or beside any number of other writers, it
starts again from the streams. It is never cancelled inside a transaction; it stops between two.
"""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING, Final

import asyncpg

from werknetz.link.receiver import Receiver
from werknetz.link.redis import LinkLost, StreamEntry
from werknetz.link.wire import (
    BatchEnvelope,
    Hello,
    ToCore,
    ToEdge,
    UnreadableMessage,
    decode_to_core,
)
from werknetz.runtime import heartbeat
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger
from werknetz.store.ingest.partitions import RAW_INPUTS
from werknetz_core.ingest import durability, metrics
from werknetz_core.ingest.apply import Applier, accept_hello
from werknetz_core.ingest.mapping_publisher import MappingPublisher
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.session import RETRYABLE, WriterConnection
from werknetz_core.ingest.streams import CoreLink, Streams, is_full

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BLOCK_MS: Final = 500
CHECK_EVERY_S: Final = 60.0
LOG_EVERY_S: Final = 10.0
RAW_AHEAD_DAYS: Final = 3  # raw inputs lie on the day on which they are stored
EPOCH_MAX: Final = 2**53
_BACK_OFF_FIRST_S: Final = 0.1
_BACK_OFF_MAX_S: Final = 5.0
_log = get_logger("ingest.writer")


class Writer:
    """One writer. `run` until `stop`; several may run at once."""

    def __init__(
        self, database_url: str, link: CoreLink, *, partitions: PartitionMaker | None = None
    ) -> None:
        self._link = link
        self._partitions = partitions or PartitionMaker()
        self._raw_days = PartitionMaker(ahead_days=RAW_AHEAD_DAYS, table=RAW_INPUTS)
        self._applier = Applier(self._partitions)
        self._session = WriterConnection(database_url, self._partitions, self._reset)
        self._streams = Streams(link, holder=secrets.token_hex(8))
        self._mapping_publisher = MappingPublisher(link)
        self._receivers: dict[str, Receiver] = {}
        self._stopping = asyncio.Event()
        self._checked_at = monotonic()
        self._backoff = Backoff(_BACK_OFF_FIRST_S, _BACK_OFF_MAX_S, jitter=0)
        self._link_logged_at = -LOG_EVERY_S
        self._link_lost = False

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Run until stopped; retry every error but `UnsafeDatabase`."""
        try:
            while not self._stopping.is_set():
                connection = await self._session.get(self._pause)
                if connection is not None:
                    await self._run_once(connection)
        finally:
            with suppress(LinkLost):  # leases expire by themselves
                await self._streams.release()
            await self._session.drop()

    async def _run_once(self, connection: "Connection") -> None:
        heartbeat.touch()
        try:
            await self._maintain(connection)
            await self._streams.refresh()
            for name in self._receivers.keys() - set(self._streams.names):
                del self._receivers[name]  # another writer acknowledges more than we know of
            for name, entries in (await self._streams.read(BLOCK_MS)).items():
                await self._process(connection, name, entries)
                heartbeat.touch()
            await self._session.check_incarnation(connection)
            for name in self._streams.names:
                await self._reply(name, self._receiver(name).repeat_acks(monotonic()))
            await self._publish_mappings(connection)
            self._on_success()
        except LinkLost as error:
            await self._on_link_lost(error)
        except RETRYABLE as error:
            metrics.DATABASE_ERRORS.inc()
            _log.warning("PostgreSQL", error=f"{type(error).__name__}: {error}", again=True)
            await self._session.drop()
            await self._back_off()

    async def _publish_mappings(self, connection: "Connection") -> None:
        try:
            await self._mapping_publisher.publish(connection, self._streams.names)
        except LinkLost as error:
            if not is_full(error):
                raise
            _log.warning("Redis is full, mappings are not published")

    async def _process(
        self, connection: "Connection", name: str, entries: list[StreamEntry]
    ) -> None:
        """Apply the entries of one connector, answer, then delete them from its stream."""
        answers: list[ToEdge] = []
        try:
            for kind, messages in groupby(_messages(entries), key=_kind):
                if kind is None:
                    for hello in (m for m in messages if isinstance(m, Hello)):
                        answers += [await self._welcome(connection, name, hello)]
                else:
                    run = [message for message in messages if isinstance(message, BatchEnvelope)]
                    answers += await self._apply(connection, name, run)
        except BaseException:
            self._receivers.pop(name, None)  # its cached watermark may be ahead of the database
            raise
        # Trim first: where Redis is full, this frees the memory that the answer needs. A lost
        # answer is requested again.
        await self._streams.advance(name, entries[-1].position)
        await self._reply(name, answers)

    async def _apply(
        self, connection: "Connection", name: str, run: Sequence[BatchEnvelope]
    ) -> tuple[ToEdge, ...]:
        outcome = await self._applier.apply(connection, self._receiver(name), run)
        metrics.BATCHES.inc(outcome.batches)
        metrics.SAMPLES.inc(outcome.samples)
        if outcome.quarantined:
            metrics.QUARANTINED.inc(outcome.quarantined)
            _log.warning("quarantined", connector=name, rows=outcome.quarantined)
        return outcome.answers

    async def _welcome(self, connection: "Connection", name: str, hello: Hello) -> ToEdge:
        answer = await accept_hello(connection, name, hello, self._session.incarnation)
        _log.info("hello", connector=name, answer=type(answer).__name__, epoch=answer.epoch)
        return answer

    async def _reply(self, name: str, answers: Sequence[ToEdge]) -> None:
        if not answers:
            return
        try:
            await self._link.reply(name, list(answers))
        except LinkLost as error:
            if not is_full(error):
                raise
            _log.warning("Redis is full, an answer is dropped", connector=name)

    def _receiver(self, name: str) -> Receiver:
        if name not in self._receivers:
            self._receivers[name] = Receiver(name, self._session.incarnation)
        return self._receivers[name]

    def _reset(self) -> None:
        """Drop what was cached from another connection, and read all streams again."""
        self._applier.clear_cache()
        self._raw_days.clear_cache()
        self._receivers.clear()
        self._streams.rewind()

    async def _maintain(self, connection: "Connection") -> None:
        await self._partitions.make_ahead(connection)
        await self._raw_days.make_ahead(connection)
        if monotonic() - self._checked_at >= CHECK_EVERY_S:
            await durability.check_durability(connection)
            self._checked_at = monotonic()

    async def _on_link_lost(self, error: LinkLost) -> None:
        metrics.LINK_ERRORS.inc()
        self._link_lost = True
        if monotonic() - self._link_logged_at >= LOG_EVERY_S:
            self._link_logged_at = monotonic()
            _log.warning("waiting for Redis", error=str(error))
        self._streams.rewind()
        await self._back_off()

    def _on_success(self) -> None:
        if self._link_lost:
            _log.info("Redis is back")
        self._link_lost = False
        self._backoff.reset()
        metrics.CONNECTORS.set(len(self._streams.names))

    async def _back_off(self) -> None:
        await self._pause(self._backoff.next_s())

    async def _pause(self, seconds: float) -> bool:
        """Wait for the time or until stopped; return whether stopped."""
        heartbeat.touch()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


def _messages(entries: Sequence[StreamEntry]) -> list[ToCore]:
    messages: list[ToCore] = []
    for entry in entries:
        try:
            message = decode_to_core(entry.fields)
            if isinstance(message, Hello) and not 0 <= message.epoch <= EPOCH_MAX:
                raise UnreadableMessage(f"a hello with the epoch {message.epoch}")  # noqa: TRY301 - handled like an unreadable message
            messages.append(message)
        except UnreadableMessage as error:
            metrics.UNREADABLE.inc()
            _log.warning("unreadable entry", connector=entry.connector, error=str(error))
    return messages


def _kind(message: ToCore) -> object:
    """Return the spool of a batch: consecutive batches of one spool are one transaction."""
    return message.spool_id if isinstance(message, BatchEnvelope) else None
