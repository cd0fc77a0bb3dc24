"""A seeded world: the production sender, receiver, watermark and spool, and all that goes wrong.

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
from werknetz.link.receiver import Receiver
from werknetz.link.sender import STALL_MAX_S
from werknetz.link.watermark import answer_hello
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Hello,
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
    """One connector process and its disk; `connector` may have several: clones."""

    def __init__(self, world: "World", connector: str, disk: bytes | None = None) -> None:
        self.world = world
        self.connector = connector
        self.source = Source()
        self.disk = sqlite3.connect(":memory:", isolation_level=None)
        if disk is not None:
            self.disk.deserialize(disk)
        self.unsynced: bytes | None = None  # the disk before the last commit, for one bug
        self.wiped_id: UUID | None = None
        self.appended: set[int] = set()  # every event that this disk, as it is, has seen
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
        seen = {int.from_bytes(mark, "big") for mark in self.spool.checkpoints()}
        while True:
            yield
            if not self.sender.is_fenced:
                yield from self._accept(seen)
            yield from self._talk()
            if self.world.random.random() < 0.1:
                yield
                self.world.trim(self)

    def _accept(self, seen: set[int]) -> Iterator[None]:
        random = self.world.random
        events = self.source.waiting[: random.randint(1, 4)]
        overflow = self.source.overflow
        if not events and overflow is None:
            return
        new = [event for event in events if event not in seen]
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
            self.world.committed(new)
            self.appended.update(new)
            seen.update(new)
        yield
        self.source.acknowledge(events, overflow)

    def _talk(self) -> Iterator[None]:
        world, link = self.world, self.world.link
        if link.run_id != self.run_id:
            self.run_id, self.position = link.run_id, 0
            self.sender.on_link_changed(world.now_s)
        for position, fields in link.read(f"out {self.connector}", self.position):
            self.position = position
            self.sender.on_message(decode_to_edge(fields), world.now_s)
        yield
        for message in self.sender.poll(world.now_s):
            try:
                link.add(f"in {self.connector}", encode_message(message))
            except Aborted:
                yield
                self.sender.on_link_changed(world.now_s)
                return
        yield


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
                yield from self._greet(message)
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
                self._say(connector, answer)

    def _greet(self, hello: Hello) -> Iterator[None]:
        database = self.world.database
        while not database.lock(hello.connector, self):
            yield
        life = database.life
        row = database.watermark(hello.connector, hello.spool_id)
        answer = answer_hello(row, hello, database.incarnation)
        yield
        if isinstance(answer, Welcome):
            database.commit_epoch(life, hello.connector, answer.epoch)
        database.unlock(self)
        yield
        self.world.link.add(f"out {hello.connector}", encode_message(answer))

    def _apply(self, connector: str, spool_id: UUID, batch: list[BatchEnvelope]) -> Iterator[None]:
        database, bugs, world = self.world.database, self.world.bugs, self.world
        while not (bugs.no_lock or database.lock(connector, self)):
            yield
        life = database.life
        receiver = self._receiver(connector)
        plan = bugs.plan(receiver, database.watermark(connector, spool_id), batch, world.now_s)
        yield
        if bugs.ack_before_store:
            for answer in plan.replies:
                self._say(connector, answer)
            yield
        if plan.run:
            database.commit_rows(life, plan.run, overlap_as_live=bugs.overlap_as_live)
            if bugs.two_transactions:
                yield
            database.commit_mark(life, plan.watermark)
            if world.random.random() < world.link.faults.cut:
                raise Aborted("the connection was lost in COMMIT")
        database.unlock(self)
        yield
        for answer in plan.replies:
            self._say(connector, answer)

    def _say(self, connector: str, answer: object) -> None:
        if isinstance(answer, Ack):
            durable = self.world.database.durable.get((answer.incarnation, answer.spool_id), 0)
            if answer.last_seq > durable:
                raise Violation(f"ack of {answer.last_seq}, but only {durable} is durable")
        self.world.link.add(f"out {connector}", encode_message(answer))  # type: ignore[arg-type]  # an answer of a plan


class World:
    """One run is one seed."""

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
        self.rolled_back: set[int] = set()  # on a disk that was taken back: a gap must tell
        self.vanished: set[int] = set()  # and where nobody can know of it
        self._event = 0

    @property
    def processes(self) -> list["Edge | Writer"]:
        return [*self.edges, *self.writers]

    def now_us(self) -> int:
        return int(self.now_s * 1_000_000)

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def committed(self, events: list[int]) -> None:
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
        from simulation.faults import Mischief

        self.link.faults = Faults(lose=0.03, repeat=0.05, swap=0.05, cut=0.01)
        mischief = Mischief(self)
        for thing in self.processes:
            thing.start()
        for n in range(steps):
            if n % 500 < 350 and self.random.random() < 0.35:  # machines rest, and spools empty
                self.generate(self.random.choice(self.edges))
            mischief.step()
            self.step()
        for edge in self._alone() if self.random.random() < 0.5 else []:
            self.link.faults = Faults()
            if edge.steps is not None and not edge.sender.is_fenced:
                self._rest(400.0)  # long quiet: everything acknowledged, old and dropped
                self.trim(edge)
                self.generate(edge)
                self._rest(20.0)
        if self.random.random() < 0.3:
            self.database.restore(self.random.choice(mischief.database_before))
            self.vanished |= self.rolled_back
        self.settle()

    def generate(self, edge: Edge) -> None:
        for _ in range(self.random.randint(1, 3)):
            self._event += 1
            edge.source.generate(self._event, self.now_us())

    def step(self) -> None:
        self.now_s += self.random.random() * 0.2
        alive = [thing for thing in self.processes if thing.steps is not None]
        if alive:
            thing = self.random.choice(alive)
            if thing.steps is not None:
                next(thing.steps)

    def settle(self) -> None:
        """No more faults. Who is alone goes on as it is; copies have their turn, each alone."""
        self.link.faults = Faults()
        for writer in self.writers:
            if writer.steps is None:
                writer.crash()
                writer.start()
        alone = self._alone()
        for edge in self.edges:
            if edge not in alone:
                edge.crash()
        for edge in alone:
            if edge.steps is None:
                edge.crash()
                edge.start()
        self._rest(STALL_MAX_S * 2)
        for edge in [*alone, *(edge for edge in self.edges if edge not in alone)]:
            if edge.steps is None:
                edge.start()
            self._drain(edge)
            if edge not in alone:
                edge.crash()

    def _alone(self) -> list[Edge]:
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
