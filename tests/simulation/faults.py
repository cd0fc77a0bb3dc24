"""Faults drawn from the seed: crashes, stalls, wipes, restores, roll-backs, clones."""

import sqlite3
from typing import TYPE_CHECKING, Any
from uuid import UUID

from werknetz.link.wire import Welcome, decode_to_edge

if TYPE_CHECKING:
    from simulation.edge import Edge
    from simulation.world import World

RATE = 0.035
RESTART = 0.05
RESTORE_AFTER_WELCOME = 0.6  # of the few steps at which it can happen
CLOCK_OFFSETS_S = (0.0, -10_800.0, -3600.0, -40.0, 40.0, 3600.0, 10_800.0)


class FaultInjector:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.database_before = [world.database.tables.copy()]
        self.link_before = world.link.snapshot()
        self.disk_before: dict[int, tuple[bytes, set[int]]] = {}
        self.stalls: list[tuple[int, Any, Any]] = []
        self.steps = 0

    def step(self) -> None:
        world, random = self.world, self.world.random
        self.steps += 1
        for stall in [stall for stall in self.stalls if stall[0] <= self.steps]:
            self.stalls.remove(stall)
            if stall[1].steps is None:
                stall[1].steps = stall[2]
        for process in world.processes:
            if (
                process.steps is None
                and not self._is_stalled(process)
                and random.random() < RESTART
            ):
                process.start()
        if random.random() < RESTORE_AFTER_WELCOME:
            self.restore_after_welcome()
        if random.random() < RATE:
            random.choice(self.ALL)(self)

    def _is_stalled(self, process: Any) -> bool:
        return any(stall[1] is process for stall in self.stalls)

    def _crash(self, process: Any) -> None:
        self.stalls = [stall for stall in self.stalls if stall[1] is not process]
        process.crash()

    def crash_edge(self) -> None:
        self._crash(self.world.random.choice(self.world.edges))

    def crash_writer(self) -> None:
        self._crash(self.world.random.choice(self.world.writers))

    def stall(self) -> None:
        world = self.world
        process = world.random.choice(world.processes)
        if process.steps is not None:
            self.stalls.append((self.steps + world.random.randint(5, 200), process, process.steps))
            process.steps = None

    def crash_database(self) -> None:
        self.world.database.crash()

    def snapshot_database(self) -> None:
        self.database_before.append(self.world.database.tables.copy())
        del self.database_before[:-3]

    def restore_database(self) -> None:
        if self.world.random.random() < 0.3:
            self.world.restore(self.world.random.choice(self.database_before))

    def restore_after_welcome(self) -> None:
        """Restore the database while a welcome is on its way: both databases answer the hello.

        The spool is new, and the one that it has replaced had trimmed batches.
        """
        world = self.world
        for edge in world.edges:
            if edge.steps is None or edge.spool.base_seq or not edge.spool.has_trimmed:
                continue
            replies = world.link.read(f"out {edge.connector}", edge.position)
            if edge.sender.state == "handshaking" and any(
                isinstance(decode_to_edge(fields), Welcome) for _, fields in replies
            ):
                world.restore(self.database_before[0])
                return

    def flush_link(self) -> None:
        self.world.link.flush()

    def snapshot_link(self) -> None:
        self.link_before = self.world.link.snapshot()

    def restore_link(self) -> None:
        self.world.link.restore(self.link_before)

    def advance_clock(self) -> None:
        self.world.now_s += self.world.random.choice([1.0, 6.0, 35.0, 130.0])

    def jump_clock(self) -> None:
        """Set the wall clock of an edge ahead or back, or right again."""
        random = self.world.random
        edge = random.choice(self.world.edges)
        edge.clock_offset_us = int(random.choice(CLOCK_OFFSETS_S) * 1e6)

    def copy_disk(self) -> None:
        for n, edge in enumerate(self.world.edges):
            pages = edge.disk.execute("PRAGMA page_count").fetchone()[0]
            if pages and not edge.disk.in_transaction and self.world.random.random() < 0.5:
                self.disk_before[n] = (edge.disk.serialize(), set(edge.appended))

    def roll_disk_back(self) -> None:
        world = self.world
        candidates = [n for n in self.disk_before if not self._is_stalled(world.edges[n])]
        if not candidates or world.random.random() > 0.3:
            return
        n = world.random.choice(candidates)
        edge = world.edges[n]
        self._crash(edge)
        self._replace_disk(edge, *self.disk_before[n])

    def wipe_disk(self) -> None:
        world = self.world
        if world.random.random() > 0.15:
            return
        edge = world.random.choice(world.edges)
        self._crash(edge)
        # An empty disk does not know since when it is empty, nor what it had trimmed.
        world.vanished |= edge.appended | (world.rolled_back & edge.source.accepted)
        edge.appended = set()
        edge.was_set_back = True
        edge.disk = sqlite3.connect(":memory:", isolation_level=None)
        edge.unsynced = None

    def clone(self) -> None:
        from simulation.edge import Edge

        world = self.world
        if len(world.edges) > 3 or not self.disk_before or world.random.random() > 0.3:
            return
        if world.database.is_from_files:
            return
        n = world.random.choice(list(self.disk_before))
        twin = Edge(world, world.edges[n].connector, self.disk_before[n][0])
        twin.appended = set(self.disk_before[n][1])
        world.edges.append(twin)
        twin.start()

    def clone_during_handshake(self) -> None:
        """Copy a disk whose lease is requested but not granted yet: both copies will get it."""
        from simulation.edge import Edge

        world = self.world
        handshaking = [
            edge
            for edge in world.edges
            if edge.steps is not None
            and edge.spool.epoch > edge.spool.base_epoch
            and not edge.disk.in_transaction
        ]
        if len(world.edges) > 3 or not handshaking or world.database.is_from_files:
            return
        edge = world.random.choice(handshaking)
        twin = Edge(world, edge.connector, edge.disk.serialize())
        twin.appended = set(edge.appended)
        world.edges.append(twin)
        twin.start()

    def _replace_disk(self, edge: "Edge", disk: bytes, appended: set[int]) -> None:
        world = self.world
        edge.disk = sqlite3.connect(":memory:", isolation_level=None)
        edge.disk.deserialize(disk)
        edge.unsynced = None
        edge.was_set_back = True
        lost = edge.appended - appended
        edge.appended = set(appended)
        spool, last, base, requested = edge.disk.execute(
            "SELECT spool_id, last_seq, base_epoch, epoch FROM spool"
        ).fetchone()
        row = world.database.watermark(edge.connector, UUID(bytes=spool))
        # A copy made while the lease in force was requested looks like a disk after a crash.
        lease = row.connector_epoch
        is_detectable = row.last_seq > last or (lease > base and lease != requested)
        (world.rolled_back if is_detectable else world.vanished).update(lost)

    ALL = (
        crash_edge, crash_edge, crash_writer, crash_writer, stall, crash_database,
        snapshot_database, snapshot_database, restore_database,
        flush_link, snapshot_link,
        restore_link, advance_clock, advance_clock, copy_disk, copy_disk, roll_disk_back,
        wipe_disk, clone, jump_clock, jump_clock,
        clone_during_handshake, clone_during_handshake,
    )  # fmt: skip
