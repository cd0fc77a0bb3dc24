"""Read, name, keep, acknowledge; carry; say how it goes. Owns the life of one connector."""

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import (
    HEARTBEAT,
    ConfigurationRejected,
    ConnectionLost,
    Connector,
    Delivery,
    Reading,
    Redeliverable,
)
from werknetz.connector.mapping.mapping import Mapping
from werknetz.events.batch import GapClosed, GapOpened, Record
from werknetz.link.redis import LinkLost
from werknetz.link.wire import Status
from werknetz.runtime import heartbeat
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger
from werknetz_edge.pipeline.lane import FULL_RETRY_S, Lane
from werknetz_edge.pipeline.mapping_rollout import Follower, Trial
from werknetz_edge.spool.spool import SpoolFailed, SpoolFull
from werknetz_edge.spool.spool_file import clock_us

STATUS_EVERY_S: Final = 5.0
CONNECT_S: Final = 60.0
CLOSE_S: Final = 5.0
LAST_WORDS_S: Final = 1.0
RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 5.0  # with its jitter and a new session: values within 15 s of the return
STEADY_S: Final = 30.0  # who was connected so long has earned a quick try
REJECTED_S: Final = 30.0


class Pump:
    """One process, one connector, one lane and, when it is asked for, the backfill lane."""

    def __init__(
        self,
        connector: Connector,
        lane_of: Callable[[str], Lane],
        *,
        protocol: str,
        retention_us: int,
        follower: Follower | None = None,
    ) -> None:
        self._follower = follower
        self._connector = connector
        self._lane_of = lane_of
        self._protocol = protocol
        self._retention_us = retention_us
        self._live = lane_of("live")
        self._lanes = {"live": self._live}
        self._tasks = asyncio.TaskGroup()
        self.log = get_logger("edge.pump").bind(connector=self._live.name)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until the spool fails: then the error ends the process (R1)."""
        try:
            async with self._tasks as tasks:
                running = [
                    tasks.create_task(self._follow_source(), name="source"),
                    tasks.create_task(self._report(), name="status"),
                    *self._carrying(tasks, self._live),
                ]
                tasks.create_task(self._until(stop, running), name="stop")
        finally:
            await self._close_source()
            if self._connector.status.state != "finished":
                self._connector.status.state = "stopped"
            if stop.is_set():
                await self._last_words()
            for lane in self._lanes.values():
                await lane.close()

    def _carrying(self, tasks: asyncio.TaskGroup, lane: Lane) -> list[asyncio.Task[None]]:
        return [
            tasks.create_task(lane.send(), name=f"send {lane.name}"),
            tasks.create_task(lane.receive(), name=f"receive {lane.name}"),
        ]

    async def _until(self, stop: asyncio.Event, running: list[asyncio.Task[None]]) -> None:
        await stop.wait()
        for task in [*running, *self._later]:
            task.cancel()

    _later: tuple[asyncio.Task[None], ...] = ()
    _trial: Trial | None = None  # a mapping that is used and not yet kept

    async def _follow_source(self) -> None:
        if isinstance(self._connector, Redeliverable):
            self._connector.seen(await self._live.on_disk(self._live.spool.marks))
        backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
        while True:
            status = self._connector.status
            started_s = time.monotonic()
            try:
                status.state = "connecting"
                async with asyncio.timeout(CONNECT_S):
                    await self._connector.connect()
                status.state, status.detail = "running", ""
                while True:
                    await self._take(await self._connector.read())
            except ConfigurationRejected as error:
                status.state, status.detail = "rejected", str(error)
                retry_s = backoff.with_jitter(REJECTED_S)
            except (ConnectionLost, OSError, TimeoutError) as error:
                status.state, status.detail = "connecting", str(error) or type(error).__name__
                if time.monotonic() - started_s > STEADY_S:
                    backoff.reset()
                retry_s = backoff.next_s()
            self.log.warning("source lost", state=status.state, reason=status.detail)
            await self._close_source()
            await asyncio.sleep(retry_s)

    async def _take(self, delivery: Delivery) -> None:
        lane = self._lane(delivery.lane)
        await self._while_fenced(lane)
        try:
            await lane.keep(delivery)
        except SpoolFull as error:
            await self._keep_when_room(lane, delivery, str(error))
        await delivery.acknowledge()
        self._connector.status.last_good_us = clock_us()

    async def _while_fenced(self, lane: Lane) -> None:
        while lane.sender.is_fenced:
            # Read on, and the source would forget what the other process must get (R4).
            self._connector.status.detail = lane.sender.alarm
            await asyncio.sleep(FULL_RETRY_S)

    async def _keep_when_room(self, lane: Lane, delivery: Delivery, reason: str) -> None:
        """Give up what can be given up; where that is not enough, wait and say so."""
        if await self._kept_with_more_room(lane, delivery):
            return
        gap_id = uuid4()
        status = self._connector.status
        status.detail = f"{reason}; input waits until the core has taken some"
        self.log.error("spool full", reason=reason)
        unsaid: list[Record] = [GapOpened(gap_id, lane.name, [], clock_us(), "spool_full", reason)]
        lane.full = True
        while True:
            unsaid = await self._unsaid(lane, unsaid)
            if await self._kept_with_more_room(lane, delivery):
                break
            await asyncio.sleep(FULL_RETRY_S)
        lane.full = False
        unsaid.append(GapClosed(gap_id, clock_us()))
        while unsaid := await self._unsaid(lane, unsaid):
            await lane.on_disk(lambda: lane.file.give_room(lane.sender.acked))
            await asyncio.sleep(FULL_RETRY_S)
        status.detail = ""

    async def _kept_with_more_room(self, lane: Lane, delivery: Delivery) -> bool:
        await lane.on_disk(lambda: lane.file.give_room(lane.sender.acked))
        try:
            await lane.keep(delivery)
        except SpoolFull:
            await lane.on_disk(lane.file.reserve.release)  # what is said now needs it
            return False
        return True

    async def _unsaid(self, lane: Lane, gap: list[Record]) -> list[Record]:
        """Say what there is to say of a gap; return what found no room."""
        if gap:
            try:
                await lane.keep_records(gap, reserved=True)
            except SpoolFull as error:
                self.log.warning("gap record finds no room", reason=str(error))
                return gap
        return []

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._lane_of(name)
            self._later = (*self._later, *self._carrying(self._tasks, lane))
        return lane

    async def _report(self) -> None:
        while True:
            heartbeat.touch()
            await self._beat()
            for lane in self._lanes.values():
                await lane.on_disk(partial(self._trim, lane))
                if lane.link_up:
                    try:
                        await lane.link.publish(await lane.on_disk(partial(self._status, lane)))
                    except LinkLost as error:
                        self.log.debug("status not published", reason=str(error))
            await self._follow_mapping()
            await asyncio.sleep(STATUS_EVERY_S)

    async def _follow_mapping(self) -> None:
        """Change to the mapping that the core wants, between two deliveries; or say why not."""
        follower, live = self._follower, self._live
        if follower is None or not live.link_up:
            return
        if self._trial is not None:
            await self._settle(follower, self._trial)
            return
        try:
            wanted = await live.link.wanted_mapping()
        except LinkLost as error:
            self.log.debug("wanted mapping not read", reason=str(error))
            return
        mapping = follower.wants(wanted)
        if mapping is not None and wanted is not None:
            self._trial = Trial(wanted, mapping)
            await self._change(mapping)
            follower.tries()

    async def _settle(self, follower: Follower, trial: Trial) -> None:
        """Keep a new mapping once it has named something; go back where it failed."""
        if failed := self._live.change_failed:
            self._trial, self._live.change_failed = None, ""
            follower.refuse(trial.wanted, failed)
            await self._change(follower.current)
        elif self._live.is_proven or trial.is_old:
            self._trial = None
            try:
                await asyncio.to_thread(follower.use, trial.mapping, trial.wanted.document)
            except OSError as error:
                follower.refuse(trial.wanted, f"it cannot be kept on disk: {error}")
                await self._change(follower.current)

    async def _change(self, mapping: Mapping) -> None:
        for lane in self._lanes.values():
            await lane.on_disk(partial(lane.change, mapping))

    async def _last_words(self) -> None:
        """Say how it ended, so that an orderly end is not taken for silence."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                for lane in self._lanes.values():
                    if lane.link_up:
                        await lane.link.publish(await lane.on_disk(partial(self._status, lane)))
        except (LinkLost, SpoolFailed, TimeoutError) as error:
            self.log.debug("last words not heard", reason=str(error))

    async def _beat(self) -> None:
        """The connector's own series: a hole in it is an outage of the edge (R20)."""
        if self._live.sender.is_fenced or self._live.full:
            return
        beat = Delivery(readings=[Reading(HEARTBEAT, 1.0, source_time_us=clock_us())])
        try:
            await self._live.beat(beat)
        except SpoolFull as error:
            self.log.debug("no room for the heartbeat", reason=str(error))

    def _trim(self, lane: Lane) -> None:
        try:
            while lane.spool.trim(lane.sender.acked, retention_us=self._retention_us):
                pass
        except SpoolFull as error:
            self.log.warning("no room to trim", reason=str(error))

    def _status(self, lane: Lane) -> Status:
        source, spool, sender = self._connector.status, lane.spool, lane.sender
        oldest_us = spool.oldest_at_us(sender.acked)
        return Status(
            state="fenced" if sender.is_fenced else source.state,
            detail=sender.alarm or source.detail,
            protocol=self._protocol,
            backlog=max(0, spool.last_seq - sender.acked),
            lag_s=0.0 if oldest_us is None else max(0, clock_us() - oldest_us) / 1e6,
            last_good_us=source.last_good_us,
            epoch=sender.epoch,
            acked=sender.acked,
            last_seq=spool.last_seq,
            spool_id=str(spool.spool_id),
            spool_bytes=spool.bytes_used,
            pid=os.getpid(),
            version=version("werknetz"),
            rss_bytes=_rss_bytes(),
            at_us=clock_us(),
            details=dict(source.details)
            | ({"raw_dropped": str(lane.raw.dropped)} if lane.raw.dropped else {}),
            mapping=lane.normalizer.mapping.label,
            mapping_state=self._follower.state if self._follower else "own",
            mapping_detail=self._follower.detail if self._follower else "",
        )

    async def _close_source(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connector.close()
        except (ConnectionLost, OSError, TimeoutError) as error:
            self.log.warning("source not closed cleanly", reason=str(error))


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  read every 5 s, no path needed
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # not Linux: the status says that it is not known
