"""The ingest writer's loop: streams → applied batches → acks and trims.

All its state is in PostgreSQL: killed at any point, or beside any number of other writers, it
starts again from the streams. It is never cancelled inside a transaction; it stops between two.
"""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from werknetz_core.ingest import durability, metrics, pace
from werknetz_core.ingest.apply import Applier, ApplyOutcome
from werknetz_core.ingest.durability import OtherIncarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.mapping_publisher import MappingPublisher
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.session import RETRYABLE, WriterConnection
from werknetz_core.ingest.spool_batches import SpoolBatches
from werknetz_core.ingest.streams import CoreLink, Streams

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BLOCK_MS: Final = 500
TOGETHER_MAX: Final = 200  # connectors in one transaction
CHECK_EVERY_S: Final = 60.0
LOG_EVERY_S: Final = 10.0
RAW_AHEAD_DAYS: Final = 3  # raw inputs lie on the day on which they are stored
EPOCH_MAX: Final = 2**53
_BACK_OFF_FIRST_S: Final = 0.1
_BACK_OFF_MAX_S: Final = 5.0
_OF_ALL: Final = (LinkLost, OtherIncarnation, OSError, asyncpg.InterfaceError)
"""Errors that do not concern one connector: the round ends."""
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
        self._read_at = monotonic()
        self._has_applied = False

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
            await self._wait_for_more()
            await self._process_all(connection, await self._read())
            await self._session.check_incarnation(connection)
            await self._repeat_acks()
            await self._mapping_publisher.publish(connection, self._streams.names)
            self._on_success()
        except LinkLost as error:
            await self._on_link_lost(error)
        except RETRYABLE as error:
            metrics.DATABASE_ERRORS.inc()
            _log.warning("PostgreSQL", error=f"{type(error).__name__}: {error}", again=True)
            await self._session.drop()
            await self._back_off()

    async def _wait_for_more(self) -> None:
        wait_s = pace.wait_before_read_s(
            since_read_s=monotonic() - self._read_at,
            has_applied=self._has_applied,
            has_more=self._streams.has_more,
        )
        if wait_s:
            await self._pause(wait_s)

    async def _read(self) -> dict[str, list[StreamEntry]]:
        self._has_applied = False
        by_name = await self._streams.read(BLOCK_MS)
        self._read_at = monotonic()
        return by_name

    async def _repeat_acks(self) -> None:
        now_s = monotonic()
        acks = {name: self._receiver(name).repeat_acks(now_s) for name in self._streams.names}
        if due := {name: again for name, again in acks.items() if again}:
            await self._streams.finish({}, due)

    async def _process_all(
        self, connection: "Connection", entries: dict[str, list[StreamEntry]]
    ) -> None:
        """Apply what is plain together, and the rest, or all after a failure, one by one."""
        waiting = [
            _Part(name, part[-1].position, _messages(part)) for name, part in entries.items()
        ]
        plain = [part for part in waiting if part.open(self._receiver(part.name))]
        for start in range(0, len(plain), TOGETHER_MAX):
            applied = await self._process_together(connection, plain[start : start + TOGETHER_MAX])
            waiting = [part for part in waiting if part not in applied]
        is_done = len(waiting) < len(entries)
        failed: list[tuple[_Part, Exception]] = []
        for part in waiting:
            try:
                await self._process(connection, part)
                is_done = True
            except _OF_ALL:
                raise
            except Exception as error:  # one subject must not stop the others (M14)
                if connection.is_closed():
                    raise
                failed.append((part, error))
        if failed and not is_done:
            raise failed[0][1]  # not one subject, but the database or we ourselves
        for part, reason in failed:
            self._set_aside(part.name, reason)

    def _set_aside(self, name: str, error: Exception) -> None:
        metrics.DATABASE_ERRORS.inc()
        wait_s = self._streams.set_aside(name)
        text = f"{type(error).__name__}: {error}"
        bug = None if isinstance(error, asyncpg.PostgresError) else error
        _log.error("set aside", connector=name, error=text, again_in_s=wait_s, exc_info=bug)

    async def _process_together(
        self, connection: "Connection", parts: "Sequence[_Part]"
    ) -> "list[_Part]":
        """Return the parts that were applied: none, if it failed because of any of them (M14)."""
        deliveries = [part.delivery for part in parts if part.delivery]
        try:
            outcomes = await self._applier.apply_together(connection, deliveries)
        except Exception as error:  # alone, each connector shows an error of its own
            for part in parts:
                self._receivers.pop(part.name, None)
            if connection.is_closed() or isinstance(error, _OF_ALL):
                raise
            metrics.SEPARATIONS.inc()
            _log.warning("applying one by one", error=f"{type(error).__name__}: {error}")
            return []
        positions: dict[str, str] = {}
        answers: dict[str, Sequence[ToEdge]] = {}
        for part, outcome in zip(parts, outcomes, strict=True):
            if outcome is not None:
                self._count(part.name, outcome)
                positions[part.name], answers[part.name] = part.position, outcome.answers
        await self._streams.finish(positions, answers)
        heartbeat.touch()
        return [part for part in parts if part.name in positions]

    async def _process(self, connection: "Connection", part: "_Part") -> None:
        """Apply the entries of one connector, answer, then delete them from its stream."""
        name = part.name
        answers: list[ToEdge] = []
        try:
            for kind, messages in groupby(part.messages, key=_kind):
                if kind is None:
                    for hello in (m for m in messages if isinstance(m, Hello)):
                        answers += [await self._welcome(connection, name, hello)]
                else:
                    run = [message for message in messages if isinstance(message, BatchEnvelope)]
                    delivery = part.open_for(self._receiver(name), run)
                    outcome = await self._applier.apply_alone(connection, delivery)
                    self._count(name, outcome)
                    answers += outcome.answers
        except BaseException:
            self._receivers.pop(name, None)  # its cached watermark may be ahead of the database
            raise
        await self._streams.finish({name: part.position}, {name: answers})
        heartbeat.touch()

    def _count(self, name: str, outcome: ApplyOutcome) -> None:
        self._has_applied |= outcome.batches > 0
        metrics.BATCHES.inc(outcome.batches)
        metrics.SAMPLES.inc(outcome.samples)
        if outcome.quarantined:
            metrics.QUARANTINED.inc(outcome.quarantined)
            _log.warning("quarantined", connector=name, rows=outcome.quarantined)

    async def _welcome(self, connection: "Connection", name: str, hello: Hello) -> ToEdge:
        answer = await accept_hello(connection, name, hello, self._session.incarnation)
        _log.info("hello", connector=name, answer=type(answer).__name__, epoch=answer.epoch)
        return answer

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


@dataclass(slots=True, eq=False)
class _Part:
    """What a read gave of one stream, up to `position`."""

    name: str
    position: str
    messages: list[ToCore]
    delivery: SpoolBatches | None = None

    def open(self, receiver: Receiver) -> bool:
        """Return whether it may be applied together with others: plain batches of one spool."""
        batches = [m for m in self.messages if isinstance(m, BatchEnvelope)]
        if not batches or len(batches) < len(self.messages) or len({*map(_kind, batches)}) > 1:
            return False
        self.delivery = SpoolBatches.open(receiver, batches)
        return self.delivery.is_plain

    def open_for(self, receiver: Receiver, run: Sequence[BatchEnvelope]) -> SpoolBatches:
        """Return the batches for the present receiver, decoded only once."""
        if self.delivery is None:
            return SpoolBatches.open(receiver, run)
        return replace(self.delivery, receiver=receiver)


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
