"""One ingest process of the simulation: the production receiver over a database with transactions.

A generator, as the edge is; several writers share the connectors.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from simulation.model import Aborted, Violation
from werknetz.events.codec import chain_hash
from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.watermark import Watermark, answer_hello, is_set_back
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Forked,
    Hello,
    ResendRequest,
    Welcome,
    decode_to_core,
    encode_message,
)

if TYPE_CHECKING:
    from simulation.world import World


TOGETHER_SHARE = 0.5  # of the rounds
REFUSED_SHARE = 0.1  # of the transactions of several connectors


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
        run_id, self.session = self.world.link.run_id, -1
        while True:
            if self.world.link.run_id != run_id:
                run_id = self.world.link.run_id
                self.positions.clear()
            if self.world.database.session != self.session:
                self._connect()
            if self.world.random_rounds.random() < TOGETHER_SHARE:
                try:
                    yield from self._serve_together()
                except Aborted:
                    self.positions.clear()
                    self.receivers.clear()
                finally:
                    self.world.database.unlock(self)
            for connector in self.world.connectors:
                yield
                try:
                    yield from self._serve(connector)
                except Aborted:
                    self.positions.pop(connector, None)
                    self.receivers.clear()
                finally:
                    self.world.database.unlock(self)

    def _connect(self) -> None:
        """Open a new connection: read all again."""
        self.session = self.world.database.session
        self.incarnation = self.world.database.connect()
        self.positions.clear()
        self.receivers.clear()

    def _receiver(self, connector: str) -> Receiver:
        if connector not in self.receivers:
            self.receivers[connector] = Receiver(connector, self.incarnation)
        return self.receivers[connector]

    def _read(self, connector: str, spool_id: UUID) -> Watermark:
        """Read the watermark under the lock of its rows, if the database is the one we know."""
        self._check_incarnation()
        return self.world.database.watermark(connector, spool_id)

    def _check_incarnation(self) -> None:
        if not self.world.database.is_current(self.incarnation):
            self.session = -1
            raise Aborted("the database has another incarnation")

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
        if not world.bugs.trust_when_idle:
            self._check_incarnation()
        for answer in self._receiver(connector).repeat_acks(world.now_s):
            if isinstance(answer, Ack):
                self._send_reply(connector, answer)

    def _serve_together(self) -> Iterator[None]:
        """Apply for all connectors in one transaction, where each has batches of one spool."""
        database, world = self.world.database, self.world
        parts = {name: part for name in sorted(world.connectors) if (part := self._plain(name))}
        if len(parts) < 2:
            return
        run = database.run  # a server that restarts while we wait has released the first locks
        for connector in parts:
            while not (world.bugs.no_lock or database.lock(connector, self)):
                yield
        plans = yield from self._plan_together(parts)
        if world.random_rounds.random() < REFUSED_SHARE:
            if world.bugs.part_of_refused:
                run_of_first = next(iter(plans.values())).run
                database.commit_rows(run, run_of_first, overlap_as_live=False)
            raise Aborted("one of them is refused: each is applied alone")
        for plan in plans.values():
            yield from self._commit(run, plan)
        if world.random_rounds.random() < world.link.faults.cut:
            raise Aborted("the connection was lost in COMMIT")
        database.unlock(self)
        yield
        for connector, plan in plans.items():
            for answer in plan.replies:
                self._send_reply(connector, answer)
            self.positions[connector] = parts[connector][0]

    def _plan_together(
        self, parts: dict[str, tuple[int, list[BatchEnvelope]]]
    ) -> Generator[None, None, dict[str, ApplyPlan]]:
        plans: dict[str, ApplyPlan] = {}
        for connector, (_, batch) in parts.items():
            receiver = self._receiver(connector)
            row = self._read(connector, batch[0].spool_id)
            plans[connector] = self.world.bugs.plan(receiver, row, batch, self.world.now_s)
            current = [b for b in batch if b.incarnation in (None, receiver.incarnation)]
            check_plan(plans[connector], row, current)
            yield
        return plans

    def _commit(self, run: int, plan: ApplyPlan) -> Iterator[None]:
        database, bugs = self.world.database, self.world.bugs
        if plan.run:
            database.commit_rows(run, plan.run, overlap_as_live=bugs.overlap_as_live)
            if bugs.two_transactions:
                yield
            database.commit_mark(run, plan.watermark)

    def _plain(self, connector: str) -> tuple[int, list[BatchEnvelope]] | None:
        """Return the last position and the batches, where nothing else waits."""
        entries = self.world.link.read(f"in {connector}", self.positions.get(connector, 0))[:20]
        messages = [decode_to_core(fields) for _, fields in entries]
        batches = [m for m in messages if isinstance(m, BatchEnvelope)]
        if len(batches) < len(messages) or len({batch.spool_id for batch in batches}) != 1:
            return None
        return entries[-1][0], batches

    def _answer_hello(self, hello: Hello) -> Iterator[None]:
        database = self.world.database
        while not database.lock(hello.connector, self):
            yield
        run = database.run
        row = self._read(hello.connector, hello.spool_id)
        if is_set_back(row, hello, self.incarnation):
            database.begin_incarnation()
            self.session = -1
            raise Aborted("the database was set back")
        answer = answer_hello(row, hello, self.incarnation, self.world.now_us())
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
        row = self._read(connector, spool_id)
        plan = bugs.plan(receiver, row, batch, world.now_s)
        check_plan(plan, row, [b for b in batch if b.incarnation in (None, receiver.incarnation)])
        yield
        if bugs.ack_before_store:
            for answer in plan.replies:
                self._send_reply(connector, answer)
            yield
        if plan.run:
            yield from self._commit(run, plan)
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
        is_intact = chain_hash(envelope.prev_hash, envelope.payload) == envelope.hash
        is_last = envelope.epoch == row.connector_epoch and envelope.seq == last_seq
        if is_intact and is_last and envelope.hash != last_hash and not is_forked:
            raise Violation(f"batch {last_seq} has two contents, and the fork is not reported")
    for reply in plan.replies:
        if isinstance(reply, ResendRequest) and reply.from_seq <= last_seq:
            raise Violation(f"batch {reply.from_seq} is requested again, but was committed")
