"""One connector process of the simulation: the production spool and sender, and a source.

A generator; each `yield` is a point at which the process may be killed or stalled.
"""

import sqlite3
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from simulation.model import Aborted, Source, Violation
from werknetz.events.batch import GapClosed, GapOpened, Record, Samples, Tally
from werknetz.events.codec import columns_of, decode
from werknetz.link.wire import BatchEnvelope, ToEdge, Welcome, decode_to_edge, encode_message
from werknetz_edge.spool.errors import SpoolFull

if TYPE_CHECKING:
    from simulation.world import World


def samples_of(events: list[int]) -> Samples:
    n = len(events)
    return Samples(
        point=bytes(4 * n),
        time=struct.pack(f"<{n}q", *events),
        value=bytes(8 * n),
        status=bytes(4 * n),
    )


def events_in(payload: bytes) -> list[int]:
    return [
        event
        for record in decode(payload).records
        if isinstance(record, Samples)
        for event in columns_of(record).time.tolist()
    ]


class Edge:
    """One connector process and its disk; clones share a `connector`.

    An event is its own source time in µs, which no two events share.
    """

    def __init__(self, world: "World", connector: str, disk: bytes | None = None) -> None:
        self.world = world
        self.connector = connector
        self.source = Source()
        self.disk = sqlite3.connect(":memory:", isolation_level=None)
        if disk is not None:
            self.disk.deserialize(disk)
        self.unsynced: bytes | None = None  # the disk before the last commit, for a planted bug
        self.wiped_id: UUID | None = None
        self.appended: set[int] = set()  # every event that this disk has stored
        self.machine_id = str(world.new_id())  # a clone runs on another machine
        self.was_set_back = False  # whether its disk was rolled back or wiped
        self.clock_offset_us = 0  # how far its wall clock is ahead of the true time
        self.steps: Iterator[None] | None = None

    def start(self) -> None:
        world = self.world
        self.spool = world.bugs.spool(
            self.disk,
            self.connector,
            clock_us=self._clock_us,
            uptime_us=world.now_us,
            boot_id=self.machine_id,
            new_id=self._new_id,
            bytes_max=400_000,
        )
        self.sender = world.bugs.sender(
            self.connector,
            self.spool,
            random=world.random.random,
            nonce=world.new_id,
            window_bytes=2000,
        )
        self.sent: dict[UUID, int] = {}  # by spool: the highest sent, or stored before we began
        self.position = 0
        self.run_id = 0
        self.steps = self._run()

    def _clock_us(self) -> int:
        return self.world.now_us() + self.clock_offset_us

    def _new_id(self) -> UUID:
        return self.world.bugs.spool_id(self, self.world.new_id())

    def crash(self) -> None:
        self.steps = None
        if self.disk.in_transaction:
            self.disk.rollback()
        if self.world.bugs.no_sync and self.unsynced is not None:
            self.disk.deserialize(self.unsynced)

    @property
    def drained(self) -> bool:
        return (
            self.steps is not None
            and self.sender.state == "running"
            and self.sender.acked == self.spool.last_seq
            and not self.source.waiting
            and self.source.overflow is None
        )

    def _run(self) -> Iterator[None]:
        stored_events = {int.from_bytes(mark, "big") for mark in self.spool.checkpoints()}
        while True:
            yield
            if not self.sender.is_fenced:
                yield from self._accept(stored_events)
            yield from self._exchange()
            if self.world.random.random() < 0.1:
                yield
                self.world.trim(self)

    def _accept(self, stored_events: set[int]) -> Iterator[None]:
        random = self.world.random
        events = self.source.waiting[: random.randint(1, 4)]
        overflow = self.source.overflow
        if not events and overflow is None:
            return
        new = [event for event in events if event not in stored_events]
        records: list[Record] = [samples_of(new), Tally(len(new))] if new else []
        if overflow is not None:
            gap_id = self.world.new_id()
            records += [
                GapOpened(gap_id, self.connector, [], overflow[0], "queue_overflow"),
                GapClosed(gap_id, overflow[1]),
            ]
        if self.world.bugs.ack_before_commit:
            self.source.acknowledge(events, overflow)
        yield
        if records:
            if self.world.bugs.no_sync and random.random() < 0.3:
                self.unsynced = self.disk.serialize()
            try:
                self.spool.append(records, [event.to_bytes(16, "big") for event in new])
            except SpoolFull:
                return
            self.world.record_appended(new)
            self.appended.update(new)
            stored_events.update(new)
        yield
        self.source.acknowledge(events, overflow)

    def _exchange(self) -> Iterator[None]:
        world, link = self.world, self.world.link
        if link.run_id != self.run_id:
            self.run_id, self.position = link.run_id, 0
            self.sender.on_link_changed(world.now_s)
        for position, fields in link.read(f"out {self.connector}", self.position):
            self.position = position
            self._receive(decode_to_edge(fields))
        yield
        messages = self.sender.poll(world.now_s)
        for message in messages:
            if isinstance(message, BatchEnvelope):
                self._note_sent(message.spool_id, message.seq)
        for message in messages:
            try:
                link.add(f"in {self.connector}", encode_message(message))
            except Aborted:
                yield
                self.sender.on_link_changed(world.now_s)
                return
        yield

    def _receive(self, message: ToEdge) -> None:
        self.sender.on_message(message, self.world.now_s)
        spool_id, acked = self.spool.spool_id, self.sender.acked
        if isinstance(message, Welcome):
            self._note_sent(spool_id, acked)
        if acked > self.sent.get(spool_id, 0):
            raise Violation(f"batch {acked} counts as acknowledged before it was sent")

    def _note_sent(self, spool_id: UUID, seq: int) -> None:
        self.sent[spool_id] = max(self.sent.get(spool_id, 0), seq)
