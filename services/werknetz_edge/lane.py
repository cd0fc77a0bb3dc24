"""One lane of a connector: its spool, its numbers and its sender, and the carrying between.

Everything that touches the spool runs in the one thread of `disk`.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, TypeVar
from uuid import uuid4

from werknetz.connector.contract import Delivery
from werknetz.connector.mapping import Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import Lane as LaneName
from werknetz.events.batch import MappingUsed, Points, Record
from werknetz.link.redis import LinkLost
from werknetz.link.sender import Sender
from werknetz.link.wire import Status, ToCore, ToEdge, link_name
from werknetz.runtime.log import logger
from werknetz_edge.rawkeep import RawKeeper
from werknetz_edge.spoolfile import clock_us, open_spool

RUN_ID_EVERY_S: Final = 5.0
IDLE_S: Final = 0.25
RETRY_MAX_S: Final = 10.0
_T = TypeVar("_T")


class EdgeLink(Protocol):
    """What a lane needs of a link; `link.redis.RedisEdgeLink` and `link.memory` have it."""

    async def run_id(self) -> str: ...
    async def send(self, messages: Sequence[ToCore]) -> None: ...
    async def receive(self, block_ms: int = 1000) -> list[ToEdge]: ...
    def rewind(self) -> None: ...
    async def publish(self, status: Status) -> None: ...
    async def close(self) -> None: ...


class Lane:
    """Lives as long as the process. Not reopened: a spool that fails ends the process."""

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
    ) -> None:
        self.name = link_name(connector, lane)
        self.log = logger("edge.lane").bind(connector=self.name)
        self.file = open_spool(
            folder / f"{self.name}.spool", connector, bytes_max=bytes_max, lane=lane
        )
        self.spool = self.file.spool
        numbers = {point.key: point.number for point in self.spool.points()}
        self.normalizer = Normalizer(mapping, connector, numbers)
        self.sender = Sender(self.name, self.spool, random=random.random, nonce=uuid4)
        self.raw = RawKeeper(raw_bytes_per_minute_max, time.monotonic)
        self.link = link
        self.link_up = False
        self._disk = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{lane}")
        self._more = asyncio.Event()
        self._run_id = ""
        self._run_id_at_s = 0.0

    async def on_disk(self, work: Callable[[], _T]) -> _T:
        """Run in the thread of the spool, to the end even when we are cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    async def keep(self, delivery: Delivery) -> int:
        """Name and keep: when this returns, the delivery is on disk. How many records."""
        kept = await self.on_disk(lambda: self._keep(delivery))
        self._more.set()
        if delivery.report is not None:
            delivery.report(kept)
        return len(kept)

    async def keep_records(self, records: Sequence[Record], *, reserved: bool = False) -> None:
        await self.on_disk(lambda: self.spool.append(records, reserved=reserved))
        self._more.set()

    async def beat(self, delivery: Delivery) -> None:
        """Keep a delivery of our own; when there is no room it is dropped."""
        await self.on_disk(lambda: self._keep_now(delivery))
        self._more.set()

    def _keep_now(self, delivery: Delivery) -> None:
        records = [*self._owed, *self.normalizer.normalize(delivery, clock_us())]
        self._owed = [record for record in records if isinstance(record, Points | MappingUsed)]
        self.spool.append(records)
        self._owed = []

    def _keep(self, delivery: Delivery) -> Sequence[Record]:
        # The records are made once: after SpoolFull the same ones are kept, so that points
        # that were just introduced are not lost with the first try.
        if self._pending is None or self._pending[0] is not delivery:
            arrival_us = clock_us()
            records = [*self._owed, *self.normalizer.normalize(delivery, arrival_us)]
            self._owed = []
            raw = self.raw.keep(delivery, arrival_us, self.normalizer.mapping.label)
            if raw is not None:
                records.append(raw)
            self._pending = (delivery, records)
        records = self._pending[1]
        if records or delivery.marks:
            self.spool.append(records, delivery.marks)
        self._pending = None
        return records

    _pending: tuple[Delivery, list[Record]] | None = None
    _owed: Sequence[Record] = ()  # points introduced by what found no room

    async def send(self) -> None:
        """Carry for ever: poll the sender, give to the link, wait for more."""
        retry_s = 0.5
        while True:
            try:
                await self._follow_server()
                messages = await self.on_disk(lambda: self.sender.poll(time.monotonic()))
                if messages:
                    await self.link.send(messages)
                else:
                    await self._wait()
                retry_s = 0.5
            except LinkLost as error:
                if self.link_up or not self._run_id:
                    self.log.warning("link lost", reason=str(error), retry_s=round(retry_s, 1))
                self.link_up = False
                await asyncio.sleep(retry_s * (0.5 + random.random()))  # noqa: S311  jitter
                retry_s = min(retry_s * 2, RETRY_MAX_S)

    async def receive(self) -> None:
        """Hear for ever what the core says."""
        while True:
            if not self.link_up:
                await asyncio.sleep(IDLE_S)
                continue
            try:
                messages = await self.link.receive(1000)
            except LinkLost:
                self.link_up = False  # the sending side reconnects and tells
                continue
            if messages:
                await self.on_disk(lambda heard=messages: self._hear(heard))  # type: ignore[misc]  # mypy cannot type a default
                self._more.set()

    def _hear(self, messages: Sequence[ToEdge]) -> None:
        state = self.sender.state
        for message in messages:
            self.sender.heard(message, time.monotonic())
        if self.sender.state != state:
            self.log.info("link state", state=self.sender.state, epoch=self.sender.epoch,
                          alarm=self.sender.alarm)  # fmt: skip

    async def _follow_server(self) -> None:
        now_s = time.monotonic()
        if self.link_up and now_s - self._run_id_at_s < RUN_ID_EVERY_S:
            return
        run_id = await self.link.run_id()
        self._run_id_at_s = now_s
        if run_id != self._run_id:
            self.link.rewind()
        if run_id != self._run_id or not self.link_up:
            await self.on_disk(lambda: self.sender.link_changed(now_s))
        self._run_id = run_id
        self.link_up = True

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._more.wait(), IDLE_S)
        except TimeoutError:
            return
        self._more.clear()

    async def close(self) -> None:
        await asyncio.to_thread(self._disk.shutdown)
        self.file.close()
        await self.link.close()
