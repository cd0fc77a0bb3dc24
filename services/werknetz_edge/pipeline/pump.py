"""Runs one connector: read, normalize, store, acknowledge, forward, report the status."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import HEARTBEAT, Connector, Delivery, Reading
from werknetz.connector.mapping.mapping import Mapping
from werknetz.events.batch import GapClosed, GapOpened, Record
from werknetz.link.redis import LinkLost
from werknetz.link.wire import Status
from werknetz.runtime import heartbeat
from werknetz.runtime.background import end_if_cancelled
from werknetz.runtime.log import get_logger
from werknetz.runtime.moment import current_moment, span_of
from werknetz_edge.pipeline.exploration import Explorations
from werknetz_edge.pipeline.lane import FULL_RETRY_S, Lane
from werknetz_edge.pipeline.mapping_rollout import MappingRollout, MappingTrial
from werknetz_edge.pipeline.reporter import Reporter
from werknetz_edge.pipeline.source import Create, Source
from werknetz_edge.pipeline.supervise import must_propagate, run_supervised
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.spool_file import clock_us

STATUS_EVERY_S: Final = 5.0
FINAL_STATUS_S: Final = 1.0


class Pump:
    """One connector, its live lane and, when a delivery needs it, its backfill lane."""

    def __init__(
        self,
        connector: Connector,
        open_lane: Callable[[str], Lane],
        *,
        protocol: str,
        retention_us: int,
        rollout: MappingRollout | None = None,
        create: Create | None = None,
        reporter: Reporter | None = None,
        explorations: Explorations | None = None,
    ) -> None:
        """`create` makes a new instance after a defect; without it the connector is used again."""
        self._rollout = rollout
        self._reporter = reporter or Reporter()
        self._explorations = explorations
        self._open_lane = open_lane
        self._protocol = protocol
        self._retention_us = retention_us
        self._live = open_lane("live")
        self._lanes = {"live": self._live}
        self._tasks = asyncio.TaskGroup()
        self._transfer_tasks: tuple[asyncio.Task[None], ...] = ()  # of lanes opened later
        self._trial: MappingTrial | None = None  # a mapping in use, not yet stored
        self.log = get_logger("edge.pump").bind(connector=self._live.name)
        self._source = Source(connector, self._store, self._load_checkpoints, self.log, create)

    @property
    def _connector(self) -> Connector:
        return self._source.connector

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, or until the spool fails: then the error ends the process (R1)."""
        try:
            async with self._tasks as tasks:
                running = [
                    tasks.create_task(self._source.run(), name="source"),
                    tasks.create_task(
                        run_supervised("status", self._report_status, self.log), name="status"
                    ),
                    *self._start_transfer(tasks, self._live),
                    *self._start_explorations(tasks),
                ]
                tasks.create_task(self._cancel_on(stop, running), name="stop")
        finally:
            await self._close("source", self._source.close)
            if self._explorations is not None:
                await self._close("explorations", self._explorations.close)
            if self._connector.status.state != "finished":
                self._connector.status.state = "stopped"
            if stop.is_set():
                await self._publish_final_status()
            for lane in self._lanes.values():
                await self._close(f"lane {lane.name}", lane.close)

    async def _close(self, name: str, close: Callable[[], Awaitable[None]]) -> None:
        """Close one part; an error must neither hide a first one nor leave the others open."""
        try:
            await close()
        except BaseException as error:
            if must_propagate(error):
                raise
            self.log.exception("not closed cleanly", part=name)

    def _start_transfer(self, tasks: asyncio.TaskGroup, lane: Lane) -> list[asyncio.Task[None]]:
        return [
            tasks.create_task(
                run_supervised(name, run, self.log.bind(lane=lane.name), on_error=lane.drop_link),
                name=f"{name} {lane.name}",
            )
            for name, run in (("send", lane.send), ("receive", lane.receive))
        ]

    def _start_explorations(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        if self._explorations is None:
            return []
        run = run_supervised("explore", self._explorations.run, self.log)
        return [tasks.create_task(run, name="explore")]

    async def _cancel_on(self, stop: asyncio.Event, running: list[asyncio.Task[None]]) -> None:
        await stop.wait()
        for task in [*running, *self._transfer_tasks]:
            task.cancel()

    async def _load_checkpoints(self) -> Sequence[bytes]:
        return await self._live.on_disk(self._live.spool.checkpoints)

    async def _store(self, delivery: Delivery) -> None:
        """Store a delivery: on return it may be acknowledged to the source (R1)."""
        lane = self._lane_for(delivery.lane)
        await self._wait_while_fenced(lane)
        try:
            await lane.store(delivery)
        except SpoolFull as error:
            await self._store_when_room(lane, delivery, str(error))
        self._reporter.note_stored(delivery)

    async def _wait_while_fenced(self, lane: Lane) -> None:
        while lane.sender.is_fenced:
            # Reading on would make the source drop what the other process must receive (R4).
            self._connector.status.detail = lane.sender.alarm
            await asyncio.sleep(FULL_RETRY_S)

    async def _store_when_room(self, lane: Lane, delivery: Delivery, reason: str) -> None:
        """Free what can be freed; if that is not enough, wait for room and record a gap."""
        if await self._free_and_store(lane, delivery):
            return
        gap_id, began = uuid4(), current_moment()
        status = self._connector.status
        status.detail = f"{reason}; input waits until the core has acknowledged batches"
        self.log.error("spool full", reason=reason)
        unstored: list[Record] = [
            GapOpened(gap_id, lane.name, [], began.wall_us, "spool_full", reason)
        ]
        lane.is_full = True
        while True:
            unstored = await self._try_append_gap(lane, unstored)
            if await self._free_and_store(lane, delivery):
                break
            await asyncio.sleep(FULL_RETRY_S)
        lane.is_full = False
        unstored.append(GapClosed(gap_id, span_of(began, current_moment())[1]))
        while unstored := await self._try_append_gap(lane, unstored):
            await lane.on_disk(lambda: lane.file.free_room(lane.sender.acked))
            await asyncio.sleep(FULL_RETRY_S)
        status.detail = ""

    async def _free_and_store(self, lane: Lane, delivery: Delivery) -> bool:
        await lane.on_disk(lambda: lane.file.free_room(lane.sender.acked))
        try:
            await lane.store(delivery)
        except SpoolFull:
            await lane.on_disk(lane.file.reserve.release)  # the gap record needs it
            return False
        return True

    async def _try_append_gap(self, lane: Lane, gap: list[Record]) -> list[Record]:
        """Append gap records; return those that found no room."""
        if gap:
            try:
                await lane.store_records(gap, reserved=True)
            except SpoolFull as error:
                self.log.warning("gap record not stored, spool full", reason=str(error))
                return gap
        return []

    def _lane_for(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._open_lane(name)
            self._transfer_tasks = (*self._transfer_tasks, *self._start_transfer(self._tasks, lane))
        return lane

    async def _report_status(self) -> None:
        while True:
            end_if_cancelled()
            heartbeat.touch()
            self._reporter.observe(self._connector.status, clock_us())
            await self._append_heartbeat()
            for lane in self._lanes.values():
                await lane.on_disk(partial(self._trim, lane))
                if lane.link_up:
                    await self._publish_status(lane)
            await self._update_mapping()
            await asyncio.sleep(STATUS_EVERY_S)

    async def _publish_status(self, lane: Lane) -> None:
        try:
            await lane.link.publish_status(await lane.on_disk(partial(self._status_of, lane)))
        except LinkLost as error:
            self.log.debug("status not published", reason=str(error))
        except SpoolFailed:
            raise
        except Exception:
            self.log.exception("status not published")

    async def _update_mapping(self) -> None:
        """Change to the mapping that the core wants, between two deliveries, or report why not."""
        rollout, live = self._rollout, self._live
        if rollout is None or not live.link_up:
            return
        if self._trial is not None:
            await self._conclude_trial(rollout, self._trial)
            return
        try:
            desired = await live.link.read_desired_mapping()
        except LinkLost as error:
            self.log.debug("desired mapping not read", reason=str(error))
            return
        mapping = rollout.decide(desired)
        if mapping is not None and desired is not None:
            self._trial = MappingTrial(desired, mapping)
            await self._change_mapping(mapping)
            rollout.trial()

    async def _conclude_trial(self, rollout: MappingRollout, trial: MappingTrial) -> None:
        """Store a new mapping once it has normalized a delivery; roll back if it failed."""
        if failure := self._live.mapping_failure:
            self._trial, self._live.mapping_failure = None, ""
            rollout.reject(trial.desired, failure)
            await self._change_mapping(rollout.current)
        elif self._live.is_mapping_proven or trial.is_over:
            self._trial = None
            try:
                await asyncio.to_thread(rollout.commit, trial.mapping, trial.desired.document)
            except OSError as error:
                rollout.reject(trial.desired, f"it cannot be stored on disk: {error}")
                await self._change_mapping(rollout.current)

    async def _change_mapping(self, mapping: Mapping) -> None:
        for lane in self._lanes.values():
            await lane.on_disk(partial(lane.change_mapping, mapping))

    async def _publish_final_status(self) -> None:
        """Publish the terminal state, so that an orderly stop is not taken for an outage."""
        try:
            async with asyncio.timeout(FINAL_STATUS_S):
                for lane in self._lanes.values():
                    if lane.link_up:
                        await lane.link.publish_status(
                            await lane.on_disk(partial(self._status_of, lane))
                        )
        except (LinkLost, SpoolFailed, TimeoutError) as error:
            self.log.debug("final status not published", reason=str(error))
        except Exception:
            self.log.exception("final status not published")

    async def _append_heartbeat(self) -> None:
        """Append the heartbeat: a gap in this series is an outage of the edge (R20)."""
        if self._live.sender.is_fenced or self._live.is_full:
            return
        delivery = Delivery(readings=[Reading(HEARTBEAT, 1.0, source_time_us=clock_us())])
        try:
            await self._live.append_heartbeat(delivery)
        except SpoolFull as error:
            self.log.debug("heartbeat not stored, spool full", reason=str(error))

    def _trim(self, lane: Lane) -> None:
        try:
            while lane.spool.trim(lane.sender.acked, retention_us=self._retention_us):
                pass
        except SpoolFull as error:
            self.log.warning("spool not trimmed, disk full", reason=str(error))

    def _status_of(self, lane: Lane) -> Status:
        source, spool, sender = self._connector.status, lane.spool, lane.sender
        oldest_us, at_us = spool.oldest_at_us(sender.acked), clock_us()
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
            at_us=at_us,
            details={str(name): str(text) for name, text in source.details.items()}
            | ({"step": source.step} if source.step and source.state == "connecting" else {})
            | ({"raw_dropped": str(lane.raw.dropped)} if lane.raw.dropped else {})
            | lane.clock.details(),
            mapping=lane.normalizer.mapping.label,
            mapping_state=self._rollout.state if self._rollout else "own",
            mapping_detail=self._rollout.detail if self._rollout else "",
            findings=source.findings | lane.clock.findings.texts(at_us),
            report=self._reporter.report(
                source, at_us, lane.normalizer.mapping.digest, lane.clock.offset_s
            ),
        )


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  read every 5 s, no path needed
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # not Linux: the status says that it is not known
