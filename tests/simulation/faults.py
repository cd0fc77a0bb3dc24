"""What goes wrong, drawn from the seed: crashes, stalls, wipes, restores, roll-backs, clones."""

import sqlite3
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from simulation.world import Edge, World

RATE = 0.035
RESTART = 0.05


class Mischief:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.database_before = [world.database.tables.copy()]
        self.link_before = world.link.snapshot()
        self.disk_before: dict[int, tuple[bytes, set[int]]] = {}
        self.stalled: list[tuple[int, Any, Any]] = []
        self.steps = 0

    def step(self) -> None:
        world, random = self.world, self.world.random
        self.steps += 1
        for stall in [stall for stall in self.stalled if stall[0] <= self.steps]:
            self.stalled.remove(stall)
            if stall[1].steps is None:
                stall[1].steps = stall[2]
        for thing in world.processes:
            if thing.steps is None and not self._is_stalled(thing) and random.random() < RESTART:
                thing.start()
        if random.random() < RATE:
            random.choice(self.ALL)(self)

    def _is_stalled(self, thing: Any) -> bool:
        return any(stall[1] is thing for stall in self.stalled)

    def _crash(self, thing: Any) -> None:
        self.stalled = [stall for stall in self.stalled if stall[1] is not thing]
        thing.crash()

    def crash_edge(self) -> None:
        self._crash(self.world.random.choice(self.world.edges))

    def crash_writer(self) -> None:
        self._crash(self.world.random.choice(self.world.writers))

    def stall(self) -> None:
        world = self.world
        thing = world.random.choice(world.processes)
        if thing.steps is not None:
            self.stalled.append((self.steps + world.random.randint(5, 200), thing, thing.steps))
            thing.steps = None

    def crash_database(self) -> None:
        self.world.database.crash()

    def keep_database(self) -> None:
        self.database_before.append(self.world.database.tables.copy())
        del self.database_before[:-3]

    def restore_database(self) -> None:
        if self.world.random.random() < 0.3:
            self.world.database.restore(self.world.random.choice(self.database_before))
            # Both sides were taken back: it may be that neither remembers now.
            self.world.vanished |= self.world.rolled_back

    def flush_link(self) -> None:
        self.world.link.forget()

    def keep_link(self) -> None:
        self.link_before = self.world.link.snapshot()

    def restore_link(self) -> None:
        self.world.link.restore(self.link_before)

    def leap(self) -> None:
        self.world.now_s += self.world.random.choice([1.0, 6.0, 35.0, 130.0])

    def keep_disk(self) -> None:
        for n, edge in enumerate(self.world.edges):
            made = edge.disk.execute("PRAGMA page_count").fetchone()[0]
            if made and not edge.disk.in_transaction and self.world.random.random() < 0.5:
                self.disk_before[n] = (edge.disk.serialize(), set(edge.appended))

    def roll_disk_back(self) -> None:
        world = self.world
        known = [n for n in self.disk_before if not self._is_stalled(world.edges[n])]
        if not known or world.random.random() > 0.3:
            return
        n = world.random.choice(known)
        edge = world.edges[n]
        self._crash(edge)
        self._replace_disk(edge, *self.disk_before[n])

    def wipe_disk(self) -> None:
        world = self.world
        if world.random.random() > 0.15:
            return
        edge = world.random.choice(world.edges)
        self._crash(edge)
        # An empty disk cannot say since when it is empty, nor what it had trimmed.
        world.vanished |= edge.appended | (world.rolled_back & edge.source.accepted)
        edge.appended = set()
        edge.disk = sqlite3.connect(":memory:", isolation_level=None)
        edge.unsynced = None

    def clone(self) -> None:
        from simulation.world import Edge

        world = self.world
        if len(world.edges) > 3 or not self.disk_before or world.random.random() > 0.3:
            return
        n = world.random.choice(list(self.disk_before))
        twin = Edge(world, world.edges[n].connector, self.disk_before[n][0])
        twin.appended = set(self.disk_before[n][1])
        world.edges.append(twin)
        twin.start()

    def _replace_disk(self, edge: "Edge", disk: bytes, appended: set[int]) -> None:
        world = self.world
        edge.disk = sqlite3.connect(":memory:", isolation_level=None)
        edge.disk.deserialize(disk)
        edge.unsynced = None
        lost = edge.appended - appended
        edge.appended = set(appended)
        spool, last, base, asked = edge.disk.execute(
            "SELECT spool_id, last_seq, base_epoch, epoch FROM spool"
        ).fetchone()
        row = world.database.watermark(edge.connector, UUID(bytes=spool))
        # A disk as it was while it asked for the lease in force looks like one that has crashed.
        lease = row.connector_epoch
        known = row.last_seq > last or (lease > base and lease != asked)
        (world.rolled_back if known else world.vanished).update(lost)

    ALL = (
        crash_edge, crash_edge, crash_writer, crash_writer, stall, crash_database, keep_database,
        keep_database, restore_database, flush_link, keep_link, restore_link, leap, leap,
        keep_disk, keep_disk, roll_disk_back, wipe_disk, clone,
    )  # fmt: skip
