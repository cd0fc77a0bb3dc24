"""A seeded world: the production sender, receiver, watermark and spool under faults.

Edges and writers are generators; the world lets one of them take a step at a time.
"""

from random import Random
from uuid import UUID

from simulation.bugs import Bugs
from simulation.edge import Edge, events_in
from simulation.model import BadLink, Database, Faults, Restore, Tables, Violation
from simulation.writer import Writer
from werknetz.link.sender import STALL_MAX_S

RETENTION_S = 120.0
START_S = 1_000_000.0


class World:
    """All processes, the link and the database of one seed."""

    def __init__(self, seed: int, bugs: Bugs | None = None) -> None:
        self.random = Random(seed)
        self.random_ways = Random(seed)  # of its own: the rest of a seed stays as it is
        self.random_rounds = Random(f"rounds {seed}")
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
    def has_copies(self) -> bool:
        return len(self.edges) > len(self.connectors)

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
        rows = edge.disk.execute("SELECT seq, payload FROM batches").fetchall()
        durable = max(
            (
                seq
                for (_, spool), seq in self.database.durable.items()
                if spool == edge.spool.spool_id
            ),
            default=0,
        )
        self.bugs.trim(edge, RETENTION_S)
        for seq, payload in rows:
            if seq > edge.spool.base_seq:
                continue
            if seq > durable:
                raise Violation(f"batch {seq} trimmed, but only {durable} was ever durable")
            events = events_in(payload)
            if any(self.appended_us[e] > self.now_us() - RETENTION_S * 1e6 for e in events):
                raise Violation(f"batch {seq} trimmed before its retention time")
            self.trimmed.update(events)

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
            self.restore(self.random.choice(injector.database_before))
        self.settle()

    def restore(self, tables: Tables) -> None:
        """Restore the database in one of the ways that there are.

        Files that come back without a recovery show only in leases and watermarks. An older copy of
        a spool can then take the lease first, so that nothing shows: not with copies.
        """
        how = self.random_ways.choice(list(Restore))
        if how is Restore.FILES and self.has_copies:
            how = Restore.DUMP
        self.database.restore(tables, how)
        # Both sides may have been rolled back: possibly neither knows of the loss.
        self.vanished |= self.rolled_back

    def generate(self, edge: Edge) -> None:
        for _ in range(self.random.randint(1, 3)):
            self._event = max(self._event + 1, self.now_us())
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
        """Run until everything of the edge is acknowledged.

        Files put back can hold a lease that the edge had before its disk was set back. It
        looks like that of another process: the alarm says so, and a person restarts the edge.
        """
        may_restart = edge.was_set_back and self.database.is_from_files
        for n in range(12_000):
            if n % 50 == 0:
                self.now_s += 2.0
            if edge.drained:
                return
            if edge.sender.is_fenced and may_restart:
                may_restart = False
                edge.crash()
                edge.start()
            self.step()
        raise Violation(
            f"{edge.connector} is stuck: {edge.sender.state}, acked {edge.sender.acked} of "
            f"{edge.spool.last_seq}"
        )
