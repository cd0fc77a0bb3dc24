"""A platform that was told ninety days of the group's supply, and what really happened."""

from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from plumbing.grouptold import (
    BATCH,
    CONNECTORS,
    Gossip,
    Message,
    believed,
    calls,
    gossip,
    receipts,
    tell,
)
from werknetz.domain.bucket import instant_of
from werknetz_simulator.partners.expected import Line, in_force, lines
from werknetz_simulator.partners.message_writer import BOOKING
from werknetz_simulator.partners.partners import PLANTED, RELATIONS, Relation
from werknetz_simulator.partners.timeline import Receipt, Story, Told
from werknetz_simulator.plants.machine import ENTERPRISE
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, ZWICK_2
from werknetz_worker.projection.projector import project
from werknetz_worker.stock.reconcile import dirty_stock
from werknetz_worker.supply.reconcile import dirty_relations
from werknetz_worker.watermarks import Watermarks

START = us_of(datetime(2026, 8, 20, tzinfo=UTC))  # over the night of 25 hours
DAYS = 90
END = START + DAYS * DAY_US + 10 * HOUR_US
MIDDLE = START + 45 * DAY_US + 12 * HOUR_US
NOBODY = Watermarks(None)


def _chosen() -> tuple[Relation, ...]:
    """The one that starves a line, and of each habit some, in every warehouse."""
    found = [PLANTED]
    for habit, count in (("bad", 3), ("short", 2), ("tells late", 2), ("steady", 2), ("good", 2)):
        found += [one for one in RELATIONS[1:] if one.firm.habit == habit][:count]
    found += [one for one in RELATIONS if one.firm.speaks == "csv"][:1]
    return tuple(found)


CHOSEN = _chosen()


@dataclass
class Supply:
    """A platform that was told the story, and the story."""

    pool: asyncpg.Pool
    seed: str
    truth: dict[Relation, list[Told]]
    told: Gossip
    middle_at: datetime  # the platform's time, when the first half was told
    middle: dict[Relation, tuple[float, ...]]
    gap: tuple[int, int]

    @property
    def heard(self) -> dict[Relation, list[Told]]:
        """All of the truth but the receipt that was lost, in the order in which it was heard."""
        return believed(self.told.messages)

    def lines(self, relation: Relation) -> list[Line]:
        """Return what is judged, as it must be by what was heard."""
        return self._judged(relation, receipts(self.heard[relation]))

    def doubtful(self, relation: Relation) -> list[bool]:
        """Return of each line whether nobody can be sure of it.

        Something was lost in its window, or a receipt that was lost judges it otherwise.
        """
        real = self._judged(relation, receipts(self.truth[relation]))
        return [
            line.may_be_wrong([self.gap]) or _verdict(line) != _verdict(other)
            for line, other in zip(self.lines(relation), real, strict=True)
        ]

    def _judged(self, relation: Relation, came: list[Receipt]) -> list[Line]:
        called = in_force(calls(self.heard[relation]))
        zone = PLANTS[relation.warehouse.plant].plan.time_zone
        return [line for line in lines(called, came, END, zone) if line.is_over]


def _verdict(line: Line) -> tuple[bool, bool, int | None]:
    is_late = line.filled_us is not None and line.filled_us >= line.window[1]
    return line.on_time, line.in_full, line.filled_us if is_late else None


async def lived(pool: asyncpg.Pool, seed: str) -> Supply:
    truth = {one: Story(one, since_us=START, seed=seed).told(START, END) for one in CHOSEN}
    loser = CHOSEN[-1]
    lost = next(one for one in receipts(truth[loser]) if one.at_us > START + 30 * DAY_US)
    told = gossip([(one, each) for one, said in truth.items() for each in said],
                  (loser, lost), seed)  # fmt: skip
    gap = lost.at_us - 20 * MINUTE_US, lost.at_us + 20 * MINUTE_US
    await _plants(pool)
    await _hear(pool, told.until(MIDDLE))
    await _reconcile(pool, MIDDLE)
    middle = await cumulatives(pool)
    middle_at = await pool.fetchval("SELECT clock_timestamp()")
    await pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause) "
        "VALUES (gen_random_uuid(), $1, 's', '{}', $2, $3, 'source_silent')",
        BOOKING, instant_of(gap[0]), instant_of(gap[1]),
    )  # fmt: skip
    await _hear(pool, told.since(MIDDLE))
    await _reconcile(pool, END)
    return Supply(pool, seed, truth, told, middle_at, middle, gap)


async def _plants(pool: asyncpg.Pool) -> None:
    for connector in CONNECTORS:
        await pool.execute("INSERT INTO connectors (id) VALUES ($1)", connector)
    paths = {ENTERPRISE: None} | {plant.path: plant.plan.time_zone for plant in PLANTS.values()}
    for machine in (*EMDEN_1.machines, *ZWICK_2.machines):
        parts = machine.path.split("/")
        paths |= {"/".join(parts[:n]): None for n in range(3, len(parts) + 1)}
    for path, zone in paths.items():
        await pool.execute(
            "INSERT INTO equipment (path, level, name, parent_id, time_zone) VALUES "
            "($1, $2, $3, (SELECT id FROM equipment WHERE path = $4), $5)",
            path, ("enterprise", "plant", "area", "line", "machine")[path.count("/")],
            path.rpartition("/")[2], path.rpartition("/")[0], zone,
        )  # fmt: skip


async def _hear(pool: asyncpg.Pool, messages: list[Message]) -> None:
    for first in range(0, len(messages), BATCH):
        await tell(pool, messages[first : first + BATCH])
        await project(pool)
    for one in CHOSEN:
        await pool.execute(
            "UPDATE sites SET equipment_id = e.id FROM site_identities i, equipment e "
            "WHERE i.site_id = sites.id AND i.value = $1 AND e.path = $2",
            one.site, one.warehouse.path,
        )  # fmt: skip
        await pool.execute(
            "UPDATE warehouses SET equipment_id = e.id FROM equipment e "
            "WHERE code = $1 AND e.path = $2",
            one.warehouse.code, one.warehouse.path,
        )  # fmt: skip


async def _reconcile(pool: asyncpg.Pool, now_us: int) -> None:
    await dirty_relations(pool, NOBODY, now_us=now_us, seconds_max=60)
    await dirty_stock(pool, NOBODY, now_us=now_us, seconds_max=60)
    for table in ("events_to_project", "dirty_relations", "dirty_stock"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def cumulatives(pool: asyncpg.Pool) -> dict[Relation, tuple[float, ...]]:
    rows = await pool.fetch(
        "SELECT m.number, c.demanded, c.received, c.in_transit FROM cumulatives c "
        "JOIN supply_relations r ON r.id = c.relation_id JOIN materials m ON m.id = r.material_id"
    )
    by_number = {one.material: one for one in CHOSEN}
    assert len(rows) == len(CHOSEN)
    return {by_number[row[0]]: tuple(row)[1:] for row in rows}
