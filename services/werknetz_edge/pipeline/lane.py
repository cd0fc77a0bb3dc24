"""One stream of a connector (live or backfill): normalizer, spool and sender.

Everything that touches the spool runs in its one disk thread.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, TypeVar
from uuid import UUID, uuid4

from werknetz.connector.clock.clock_check import ClockCheck, TimeOptions
from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import LaneName, Record, Samples, Tally, Unmapped
from werknetz.link.redis import LinkLost
from werknetz.link.sender import Sender
from werknetz.link.wire import DesiredMapping, Status, ToCore, ToEdge, link_name_of
from werknetz.runtime.background import end_if_cancelled
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger
from werknetz_edge.pipeline.backlog_sender import BacklogSender, backlog_sender_of
from werknetz_edge.pipeline.exchange import Exchange
from werknetz_edge.pipeline.raw_limit import RawLimiter
from werknetz_edge.pipeline.source import describe_error
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.last_values import LastValues
from werknetz_edge.spool.spool_file import clock_us, open_spool

RUN_ID_EVERY_S: Final = 5.0
IDLE_S: Final = 0.25
ACKS_EVERY_S: Final = 0.1
FULL_RETRY_S: Final = 1.0
RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 10.0
_T = TypeVar("_T")


class EdgeLink(Protocol):
    """The edge's side of a link: `link.redis.RedisEdgeLink` or `link.memory.MemoryEdgeLink`."""

    async def read_run_id(self) -> str: ...
    async def send(self, messages: Sequence[ToCore]) -> None: ...
    async def receive(self, block_ms: int = 1000) -> list[ToEdge]: ...
    def rewind(self) -> None: ...
    def for_connector(self, connector: str) -> "EdgeLink":
        """Return the link of another stream, over the same connection."""

    async def publish_status(self, status: Status) -> None: ...
    async def read_desired_mapping(self) -> DesiredMapping | None: ...
    async def close(self) -> None: ...


class Lane:
    """One stream of a connector. Never reopened: a spool that fails ends the process."""

    def __init__(
        self,
        connector: str,
        folder: Path,
        mapping: Mapping,
        link: EdgeLink,
        *,
        lane: LaneName = "live",
        bytes_max: int,
        raw_bytes_per_minute_max: int = 0,
        time_options: TimeOptions | None = None,
    ) -> None:
        self.name = link_name_of(connector, lane)
        self.log = get_logger("edge.lane").bind(connector=self.name)
        self.file = open_spool(
            folder / f"{self.name}.spool", connector, bytes_max=bytes_max, lane=lane
        )
        self.spool = self.file.spool
        self._connector = connector
        self._previous: Normalizer | None = None  # until the new mapping has normalized a delivery
        self.mapping_failure = ""
        highest = max((point.number for point in self.spool.points()), default=0)
        self.clock = ClockCheck(time_options or TimeOptions(), known_points=highest)
        self.normalizer = self._normalizer_of(mapping)
        self.last_values = LastValues(self.spool)
        sender = Sender(self.name, self.spool, random=random.random, nonce=uuid4)
        self._exchange = Exchange(sender, self.log)
        self.raw = RawLimiter(raw_bytes_per_minute_max, time.monotonic)
        self.link = link
        self.link_up = False
        self.is_full = False  # the source waits until the spool has room
        self._pending: tuple[Delivery, list[Record], list[Unmapped], Tally] | None = None
        self._tally = Tally(0)  # of what joins the next batch: `_unpersisted`, ignored input
        self._unpersisted: Sequence[Record] = ()  # normalized with a heartbeat that found no room
        self._constants: tuple[list[Record], Tally] | None = None  # encoded, not yet on disk
        self._constants_spool_id: UUID | None = None  # the spool that holds them
        self._disk = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{lane}")
        self._new_records = asyncio.Event()
        self._started_us = clock_us()
        self._run_id = ""
        self._run_id_at_s = 0.0

    @property
    def sender(self) -> Sender:
        return self._exchange.sender

    async def on_disk(self, work: Callable[[], _T]) -> _T:
        """Run `work` in the spool's thread; it completes even if the caller is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    async def store(self, delivery: Delivery) -> int:
        """Normalize and append: on return the delivery is on disk. Returns the record count."""
        stored = await self.on_disk(lambda: self._store(delivery))
        self._wake_sender()
        if delivery.on_stored is not None:
            delivery.on_stored(stored)
        return len(stored)

    async def store_records(self, records: Sequence[Record], *, reserved: bool = False) -> None:
        await self.on_disk(lambda: self.spool.append(records, reserved=reserved))
        self._wake_sender(polled=False)

    async def append_heartbeat(self, delivery: Delivery) -> None:
        """Append the connector's own heartbeat. Raises SpoolFull: it is then dropped."""
        await self.on_disk(lambda: self._store_heartbeat(delivery))
        self._wake_sender(polled=False)

    def _store_heartbeat(self, delivery: Delivery) -> None:
        self._store_constants()
        records = [*self._unpersisted, *self.normalizer.normalize(delivery, clock_us())]
        self._unpersisted = [record for record in records if not isinstance(record, Samples)]
        tally = self._take_tally_of_next()
        try:
            self._append(records, tally)
        except SpoolFull:
            self._tally = _sum_of(tally, Tally(-len(delivery.readings)))  # dropped: not taken
            raise
        self._unpersisted = []

    def _append(
        self, records: Sequence[Record], tally: Tally, checkpoints: Sequence[bytes] = ()
    ) -> None:
        """Append records with their tally; on SpoolFull the caller has both still."""
        if not records and not checkpoints:
            # Ignored or repeated input alone is not worth a write to disk.
            self._tally = _sum_of(self._tally, tally)
            return
        self.spool.append([*records, *([] if tally == Tally(0) else [tally])], checkpoints)
        self.last_values.update(records)

    def _take_tally(self) -> Tally:
        """Return the tally of what was normalized since the last call.

        It stays with its records, or else another batch, such as a heartbeat while a delivery waits
        for room, takes it along, and the core counts the records of the batch without it again.
        """
        dropped, self.last_values.dropped = self.last_values.dropped, 0
        return _sum_of(self.normalizer.take_tally(), Tally(0, duplicates=dropped))

    def _take_tally_of_next(self) -> Tally:
        """Return the tally of a batch that begins with `_unpersisted`."""
        tally, self._tally = _sum_of(self._tally, self._take_tally()), Tally(0)
        return tally

    def _store_constants(self) -> None:
        """Append the mapping's constants, once for each spool."""
        if self._constants_spool_id == self.spool.spool_id or not self.normalizer.mapping.constants:
            return
        if self._constants is None:
            dated, undated = self.normalizer.constant_records(self._started_us)
            records = [
                *self.last_values.drop_repeats(dated),
                *self.last_values.drop_repeats(undated, ignore_time=True),
            ]
            self._constants = records, self._take_tally()
        self._append(*self._constants)
        self._constants, self._constants_spool_id = None, self.spool.spool_id

    def _store(self, delivery: Delivery) -> Sequence[Record]:
        try:
            stored = self._normalize_and_append(delivery)
        except (SpoolFull, SpoolFailed):
            raise
        except Exception:
            self._renew_normalizer()
            raise
        self._poll_if_up()
        return stored

    def _renew_normalizer(self) -> None:
        """Continue with the points on disk after an error: it may have numbered unstored ones."""
        reports = self.normalizer.take_all_unmapped(clock_us())
        self._tally = _sum_of(self._tally, Tally(sum(report.count for report in reports)))
        self._unpersisted = [
            *(record for record in self._unpersisted if isinstance(record, Unmapped)),
            *reports,
        ]
        self._pending = None
        self.normalizer = self._normalizer_of(self.normalizer.mapping)

    def _normalizer_of(self, mapping: Mapping) -> Normalizer:
        """Return a normalizer that continues the points on disk."""
        points = self.spool.points()
        numbers = {point.key: point.number for point in points}
        sources = {point.key: point.source for point in points}
        return Normalizer(mapping, self._connector, numbers, sources, self.clock)

    def _normalize_and_append(self, delivery: Delivery) -> Sequence[Record]:
        # Normalized only once: a retry after SpoolFull appends the same records, so that points
        # introduced in the first attempt are not lost.
        if self._pending is None or self._pending[0] is not delivery:
            arrival_us = clock_us()
            records = [*self._unpersisted, *self._normalize(delivery, arrival_us)]
            self._unpersisted = []
            if delivery.may_repeat:
                records = self.last_values.drop_repeats(records)
            label = self.normalizer.mapping.label
            raw = self.raw.encode(delivery, arrival_us, label, self.clock.options)
            if raw is not None:
                records.append(raw)
            tally = self._take_tally_of_next()
            self._pending = (delivery, records, [*self.normalizer.suppressed], tally)
        records, suppressed, tally = self._pending[1:]
        if not self.file.has_room():
            raise SpoolFull("the disk has no room left")
        self._append(records, tally, delivery.checkpoints)
        self._pending = None
        return [*records, *suppressed]

    @property
    def is_mapping_proven(self) -> bool:
        """Whether the mapping in use has normalized a delivery without an error."""
        return self._previous is None

    def change_mapping(self, mapping: Mapping) -> None:
        """Use another mapping from the next delivery on. Called in the spool's thread."""
        self._unpersisted = [
            *self._unpersisted,
            *self.normalizer.take_all_unmapped(clock_us()),
        ]
        self._previous = self.normalizer
        self._tally = _sum_of(self._tally, self.normalizer.take_tally())
        self._constants, self._constants_spool_id = None, None
        self.normalizer = Normalizer(
            mapping, self._connector, self.normalizer.numbers, self.normalizer.sources, self.clock
        )

    def _normalize(self, delivery: Delivery, arrival_us: int) -> list[Record]:
        if self._previous is None:
            return self.normalizer.normalize(delivery, arrival_us)
        previous, self._previous = self._previous, None
        try:
            return self.normalizer.normalize(delivery, arrival_us)
        except Exception as error:
            self.mapping_failure = f"{type(error).__name__}: {error}"
            self.log.exception("the new mapping failed; the previous mapping is used")
            self.normalizer = previous
            return previous.normalize(delivery, arrival_us)

    async def send(self) -> None:
        """Loop: poll the sender, send its messages, wait for new records."""
        backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
        while True:
            end_if_cancelled()
            try:
                await self._check_server()
                if self._exchange.has_more and not self._exchange.has_messages:
                    await self.on_disk(self._poll_sender)
                if messages := self._exchange.take_messages():
                    await self.link.send(messages)
                elif not self._exchange.has_more:
                    await self._wait_for_records()
                backoff.reset()
            except LinkLost as error:
                retry_s = backoff.next_s()
                if self.link_up or not self._run_id:
                    self.log.warning("link lost", reason=str(error), retry_s=round(retry_s, 1))
                self.link_up = False
                await asyncio.sleep(retry_s)
            except SpoolFull as error:
                self.log.warning("lease not stored, spool full", reason=str(error))
                await asyncio.sleep(FULL_RETRY_S)

    def _wake_sender(self, *, polled: bool = True) -> None:
        """Let `send` go on: with what was polled, or to poll what was appended."""
        self._exchange.has_more |= not polled
        if self._exchange.has_messages or self._exchange.has_more:
            self._new_records.set()

    def _poll_if_up(self) -> None:
        """Poll together with other work of the disk thread.

        `send` polls again after an error, which is none of the work: what was stored is stored.
        """
        self._exchange.has_more = True
        if self.link_up and not self._exchange.has_messages and self.sender.state == "running":
            try:
                self._poll_sender()
            except SpoolFailed:
                raise
            except Exception as error:  # noqa: BLE001  a delivery on disk must not count as failed
                self.log.warning("not polled, once more", reason=describe_error(error))

    def _poll_sender(self) -> None:
        """Poll, after a change of the sender where it is due. Called in the spool's thread."""
        sender = self.sender
        is_left = sender.is_fenced and sender.acked < self.spool.last_seq
        if is_left and not isinstance(sender, BacklogSender):
            self.log.warning("fenced with a backlog, sent as backfill", alarm=sender.alarm)
            sender = backlog_sender_of(self._connector, self.spool, sender.alarm)
            self._exchange = Exchange(sender, self.log)
            self.link = self.link.for_connector(sender.connector)
        self._exchange.poll()

    async def receive(self) -> None:
        """Loop: receive replies of the core."""
        while True:
            end_if_cancelled()
            if not self.link_up:
                await asyncio.sleep(IDLE_S)
                continue
            try:
                messages = await self.link.receive(1000)
            except LinkLost:
                self.link_up = False  # `send` reconnects and logs it
                continue
            if not messages:
                continue
            if not self._exchange.add_replies(messages):
                await asyncio.sleep(ACKS_EVERY_S)
                continue
            try:
                await self.on_disk(self._handle_replies)
            except SpoolFull as error:  # the core repeats its reply
                self.log.warning("reply of the core not stored, spool full", reason=str(error))
                await self.on_disk(self.file.reserve.release)
                await asyncio.sleep(FULL_RETRY_S)
            self._wake_sender()

    def _handle_replies(self) -> None:
        """React to replies, then poll: an acknowledgement makes room, a welcome lets us begin."""
        self._exchange.take_replies()
        self._poll_if_up()

    def drop_link(self) -> None:
        """After an unexpected error: `send` begins with a new handshake."""
        self.link_up = False

    async def _check_server(self) -> None:
        now_s = time.monotonic()
        if self.link_up and now_s - self._run_id_at_s < RUN_ID_EVERY_S:
            return
        run_id = await self.link.read_run_id()
        self._run_id_at_s = now_s
        if run_id != self._run_id:
            self.link.rewind()
        if run_id != self._run_id or not self.link_up:
            await self.on_disk(lambda: self.sender.on_link_changed(now_s))
            self._exchange.clear()
        self._run_id = run_id
        self.link_up = True

    async def _wait_for_records(self) -> None:
        # Not wait_for: up to Python 3.11 it swallows a cancellation that meets the event.
        try:
            async with asyncio.timeout(IDLE_S):
                await self._new_records.wait()
        except TimeoutError:
            self._exchange.has_more = True  # its timers: a hello, a stall, a confirmation
            return
        self._new_records.clear()

    async def close(self) -> None:
        await self.on_disk(self.last_values.save)
        await asyncio.to_thread(self._disk.shutdown)
        self.file.close()
        await self.link.close()


def _sum_of(tally: Tally, other: Tally) -> Tally:
    return Tally(
        tally.taken + other.taken,
        tally.ignored + other.ignored,
        tally.duplicates + other.duplicates,
    )
