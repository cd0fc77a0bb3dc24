"""A seeded world: the production sender, receiver, watermark and spool under faults.

Processes are generators; each `yield` is a point at which they may be killed or stalled.
"""

import sqlite3
import struct
from collections.abc import Iterator
from random import Random
from uuid import UUID

from simulation.bugs import Bugs
from simulation.model import Aborted, BadLink, Database, Faults, Source, Violation
from werknetz.events.batch import GapClosed, GapOpened, Record, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.sender import STALL_MAX_S
from werknetz.link.watermark import Watermark, answer_hello
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Forked,
    Hello,
    ResendRequest,
    ToEdge,
    Welcome,
    decode_to_core,
    decode_to_edge,
    encode_message,
)
from werknetz_edge.spool.spool import Spool, SpoolFull

RETENTION_S = 120.0
START_S = 1_000_000.0


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
    """One connector process and its disk; clones share a `connector`."""

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
        self.steps: Iterator[None] | None = None

    def start(self) -> None:
        world = self.world
        self.spool = world.bugs.spool(
            self.disk, self.connector, clock_us=world.now_us, new_id=self._new_id, bytes_max=400_000
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
        records: list[Record] = [samples_of(new)] if new else []
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


class Writer:
    """One ingest process; several share the connectors."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.steps: Iterator[None] | None = None

    def start(self) -> None:
        self.positions: dict[str, int] = {}
        self.receivers: dict[str, Receiver] = {}
        self.steps = self._run()

    def crash(self) -> None:
        self.steps = None
        self.world.database.unlock(self)

    def _run(self) -> Iterator[None]:
        run_id = self.world.link.run_id
        while True:
            if self.world.link.run_id != run_id:
                run_id = self.world.link.run_id
                self.positions.clear()
            for connector in self.world.connectors:
                yield
                try:
                    yield from self._serve(connector)
                except Aborted:
                    self.positions.pop(connector, None)
                    self.receivers.clear()
                finally:
                    self.world.database.unlock(self)

    def _receiver(self, connector: str) -> Receiver:
        incarnation = self.world.database.incarnation
        receiver = self.receivers.get(connector)
        if receiver is None or receiver.incarnation != incarnation:
            receiver = self.receivers[connector] = Receiver(connector, incarnation)
        return receiver

    def _serve(self, connector: str) -> Iterator[None]:
        link, world = self.world.link, self.world
        entries = link.read(f"in {connector}", self.positions.get(connector, 0))[:20]
        batches: dict[UUID, list[BatchEnvelope]] = {}
        for _, fields in entries:
            message = decode_to_core(fields)
            if isinstance(message, Hello):
                yield from self._answer_hello(message)
            else:
                batches.setdefault(message.spool_id, []).append(message)
        for spool_id, envelopes in batches.items():
            yield from self._apply(connector, spool_id, envelopes)
        if entries:
            self.positions[connector] = entries[-1][0]
            if world.random.random() < 0.2:
                link.trim(f"in {connector}", entries[-1][0])
        for answer in self._receiver(connector).repeat_acks(world.now_s):
            if isinstance(answer, Ack):
                self._send_reply(connector, answer)

    def _answer_hello(self, hello: Hello) -> Iterator[None]:
        database = self.world.database
        while not database.lock(hello.connector, self):
            yield
        run = database.run
        row = database.watermark(hello.connector, hello.spool_id)
        answer = answer_hello(row, hello, database.incarnation)
        yield
        if isinstance(answer, Welcome):
            database.commit_epoch(run, hello.connector, answer.epoch)
        database.unlock(self)
        yield
        self.world.link.add(f"out {hello.connector}", encode_message(answer))

    def _apply(self, connector: str, spool_id: UUID, batch: list[BatchEnvelope]) -> Iterator[None]:
        database, bugs, world = self.world.database, self.world.bugs, self.world
        while not (bugs.no_lock or database.lock(connector, self)):
            yield
        run = database.run
        receiver = self._receiver(connector)
        row = database.watermark(connector, spool_id)
        plan = bugs.plan(receiver, row, batch, world.now_s)
        check_plan(plan, row, batch)
        yield
        if bugs.ack_before_store:
            for answer in plan.replies:
                self._send_reply(connector, answer)
            yield
        if plan.run:
            database.commit_rows(run, plan.run, overlap_as_live=bugs.overlap_as_live)
            if bugs.two_transactions:
                yield
            database.commit_mark(run, plan.watermark)
            if world.random.random() < world.link.faults.cut:
                raise Aborted("the connection was lost in COMMIT")
        database.unlock(self)
        yield
        for answer in plan.replies:
            self._send_reply(connector, answer)

    def _send_reply(self, connector: str, answer: object) -> None:
        if isinstance(answer, Ack):
            durable = self.world.database.durable.get((answer.incarnation, answer.spool_id), 0)
            if answer.last_seq > durable:
                raise Violation(f"ack of {answer.last_seq}, but only {durable} is durable")
        self.world.link.add(f"out {connector}", encode_message(answer))  # type: ignore[arg-type]  # an answer of a plan


def check_plan(plan: ApplyPlan, row: Watermark, batch: list[BatchEnvelope]) -> None:
    """Raise a Violation if a reply contradicts what the plan stores."""
    last_seq, last_hash = plan.watermark.last_seq, plan.watermark.last_hash
    is_forked = any(isinstance(reply, Forked) for reply in plan.replies)
    for envelope in batch:
        is_last = envelope.epoch == row.connector_epoch and envelope.seq == last_seq
        if is_last and envelope.hash != last_hash and not is_forked:
            raise Violation(f"batch {last_seq} has two contents, and the fork is not reported")
    for reply in plan.replies:
        if isinstance(reply, ResendRequest) and reply.from_seq <= last_seq:
            raise Violation(f"batch {reply.from_seq} is requested again, but was committed")


class World:
    """All processes, the link and the database of one seed."""

    def __init__(self, seed: int, bugs: Bugs | None = None) -> None:
        self.random = Random(seed)
        self.bugs = bugs or Bugs()
        self.now_s = START_S
        self.database = Database(self.random)
        self.link = BadLink(self.random)
        self.connectors = ["press", "oven"]
        self.edges = [Edge(self, connector) for connector in self.connectors]
        self.writers = [Writer(self), Writer(self)]
        self.appended_us: dict[int, int] = {}
        self.trimmed: set[int] = set()
        self.rolled_back: set[int] = (
            set()
        )  # on a disk that was rolled back: a gap record must exist
        self.vanished: set[int] = set()  # the same, where the loss cannot be detected
        self._event = 0

    @property
    def processes(self) -> list["Edge | Writer"]:
        return [*self.edges, *self.writers]

    def now_us(self) -> int:
        return int(self.now_s * 1_000_000)

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def record_appended(self, events: list[int]) -> None:
        for event in events:
            self.appended_us[event] = self.now_us()

    def trim(self, edge: Edge) -> None:
        rows = edge.disk.execute("SELECT seq, at_us, payload FROM batches").fetchall()
        durable = max(
            (
                seq
                for (_, spool), seq in self.database.durable.items()
                if spool == edge.spool.spool_id
            ),
            default=0,
        )
        self.bugs.trim(edge, RETENTION_S)
        for seq, at_us, payload in rows:
            if seq > edge.spool.base_seq:
                continue
            if seq > durable:
                raise Violation(f"batch {seq} trimmed, but only {durable} was ever durable")
            if at_us > self.now_us() - RETENTION_S * 1e6:
                raise Violation(f"batch {seq} trimmed before its retention time")
            self.trimmed.update(events_in(payload))

    def run(self, steps: int = 1500) -> None:
        from simulation.faults import FaultInjector

        self.link.faults = Faults(lose=0.03, repeat=0.05, swap=0.05, cut=0.01, damage=0.02)
        injector = FaultInjector(self)
        for process in self.processes:
            process.start()
        for n in range(steps):
            if n % 500 < 350 and self.random.random() < 0.35:  # machines pause, and spools drain
                self.generate(self.random.choice(self.edges))
            injector.step()
            self.step()
        for edge in self._single_edges() if self.random.random() < 0.5 else []:
            self.link.faults = Faults()
            if edge.steps is not None and not edge.sender.is_fenced:
                self._rest(400.0)  # long pause: everything is acknowledged, old and trimmed
                self.trim(edge)
                self.generate(edge)
                self._rest(20.0)
        if self.random.random() < 0.3:
            self.database.restore(self.random.choice(injector.database_before))
            self.vanished |= self.rolled_back
        self.settle()

    def generate(self, edge: Edge) -> None:
        for _ in range(self.random.randint(1, 3)):
            self._event += 1
            edge.source.generate(self._event, self.now_us())

    def step(self) -> None:
        self.now_s += self.random.random() * 0.2
        alive = [process for process in self.processes if process.steps is not None]
        if alive:
            process = self.random.choice(alive)
            if process.steps is not None:
                next(process.steps)

    def settle(self) -> None:
        """Run without faults. Single connectors continue; copies run one after the other."""
        self.link.faults = Faults()
        for writer in self.writers:
            if writer.steps is None:
                writer.crash()
                writer.start()
        single = self._single_edges()
        for edge in self.edges:
            if edge not in single:
                edge.crash()
        for edge in single:
            if edge.steps is None:
                edge.crash()
                edge.start()
        self._rest(STALL_MAX_S * 2)
        for edge in [*single, *(edge for edge in self.edges if edge not in single)]:
            if edge.steps is None:
                edge.start()
            self._drain(edge)
            if edge not in single:
                edge.crash()

    def _single_edges(self) -> list[Edge]:
        names = [edge.connector for edge in self.edges]
        return [edge for edge in self.edges if names.count(edge.connector) == 1]

    def _rest(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 5.0
            for _ in range(10):
                self.step()

    def _drain(self, edge: Edge) -> None:
        for n in range(12_000):
            if n % 50 == 0:
                self.now_s += 2.0
            if edge.drained:
                return
            self.step()
        raise Violation(
            f"{edge.connector} is stuck: {edge.sender.state}, acked {edge.sender.acked} of "
            f"{edge.spool.last_seq}"
        )


__all__ = ["Edge", "Spool", "World", "Writer"]
