"""A platform with ninety days of the group's supply, and what really happened."""

from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from plumbing.group_messages import (
    BATCH,
    CONNECTORS,
    Message,
    MessageStream,
    call_offs_of,
    current_documents,
    receipts_of,
    send_messages,
    shuffle_messages,
)
from werknetz.domain.bucket import instant_of
from werknetz_simulator.partners.expected import ExpectedLine, due_lines, effective_call_offs
from werknetz_simulator.partners.messages.message_writer import BOOKING
from werknetz_simulator.partners.partners import RELATIONS, STARVING_RELATION, SupplyRelation
from werknetz_simulator.partners.timeline import GoodsReceipt, PartnerEvent, RelationTimeline
from werknetz_simulator.plants.machine import ENTERPRISE
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, ZWICK_2
from werknetz_worker.projection.projector import project
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

START = us_of(datetime(2026, 8, 20, tzinfo=UTC))  # over the night of 25 hours
DAYS = 90
END = START + DAYS * DAY_US + 10 * HOUR_US
MIDDLE = START + 45 * DAY_US + 12 * HOUR_US
NOBODY = WatermarkPublisher(None)


def _chosen() -> tuple[SupplyRelation, ...]:
    """The one that starves a line, and of each habit some, in every warehouse."""
    relations = [STARVING_RELATION]
    for habit, count in (
        ("bad", 3),
        ("short", 2),
        ("announces late", 2),
        ("steady", 2),
        ("good", 2),
    ):
        relations += [relation for relation in RELATIONS[1:] if relation.firm.habit == habit][
            :count
        ]
    relations += [relation for relation in RELATIONS if relation.firm.form == "csv"][:1]
    return tuple(relations)


CHOSEN = _chosen()


@dataclass
class GroupSupply:
    """A platform that received the history, and the history itself."""

    pool: asyncpg.Pool
    seed: str
    truth: dict[SupplyRelation, list[PartnerEvent]]
    stream: MessageStream
    middle_at: datetime  # the platform's time after the first half
    middle: dict[SupplyRelation, tuple[float, ...]]
    gap: tuple[int, int]

    @property
    def received(self) -> dict[SupplyRelation, list[PartnerEvent]]:
        """The history without the lost receipt, in the order of arrival."""
        return current_documents(self.stream.messages)

    def lines(self, relation: SupplyRelation) -> list[ExpectedLine]:
        """Return the due lines as they follow from the received documents."""
        return self._due_lines(relation, receipts_of(self.received[relation]))

    def doubtful(self, relation: SupplyRelation) -> list[bool]:
        """Return of each line whether nobody can be sure of it.

        Something was lost in its window, or a receipt that was lost judges it otherwise.
        """
        real = self._due_lines(relation, receipts_of(self.truth[relation]))
        return [
            line.may_be_wrong([self.gap]) or _verdict(line) != _verdict(other)
            for line, other in zip(self.lines(relation), real, strict=True)
        ]

    def _due_lines(self, relation: SupplyRelation, came: list[GoodsReceipt]) -> list[ExpectedLine]:
        called = effective_call_offs(call_offs_of(self.received[relation]))
        zone = PLANTS[relation.warehouse.plant].plan.time_zone
        return [line for line in due_lines(called, came, END, zone) if line.is_over]


def _verdict(line: ExpectedLine) -> tuple[bool, bool, int | None]:
    is_late = line.filled_us is not None and line.filled_us >= line.window[1]
    return line.on_time, line.in_full, line.filled_us if is_late else None


async def run_group_supply(pool: asyncpg.Pool, seed: str) -> GroupSupply:
    truth = {
        relation: RelationTimeline(relation, since_us=START, seed=seed).events_between(START, END)
        for relation in CHOSEN
    }
    losing_relation = CHOSEN[-1]
    lost = next(
        receipt
        for receipt in receipts_of(truth[losing_relation])
        if receipt.at_us > START + 30 * DAY_US
    )
    sent = [(relation, event) for relation, events in truth.items() for event in events]
    stream = shuffle_messages(sent, (losing_relation, lost), seed)
    gap = lost.at_us - 20 * MINUTE_US, lost.at_us + 20 * MINUTE_US
    await _plants(pool)
    await _send(pool, stream.until(MIDDLE))
    await _reconcile(pool, MIDDLE)
    middle = await cumulatives(pool)
    middle_at = await pool.fetchval("SELECT clock_timestamp()")
    await pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause) "
        "VALUES (gen_random_uuid(), $1, 's', '{}', $2, $3, 'source_silent')",
        BOOKING, instant_of(gap[0]), instant_of(gap[1]),
    )  # fmt: skip
    await _send(pool, stream.since(MIDDLE))
    await _reconcile(pool, END)
    return GroupSupply(pool, seed, truth, stream, middle_at, middle, gap)


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


async def _send(pool: asyncpg.Pool, messages: list[Message]) -> None:
    for first in range(0, len(messages), BATCH):
        await send_messages(pool, messages[first : first + BATCH])
        await project(pool)
    for relation in CHOSEN:
        await pool.execute(
            "UPDATE sites SET equipment_id = e.id FROM site_identities i, equipment e "
            "WHERE i.site_id = sites.id AND i.value = $1 AND e.path = $2",
            relation.site, relation.warehouse.path,
        )  # fmt: skip
        await pool.execute(
            "UPDATE warehouses SET equipment_id = e.id FROM equipment e "
            "WHERE code = $1 AND e.path = $2",
            relation.warehouse.code, relation.warehouse.path,
        )  # fmt: skip


async def _reconcile(pool: asyncpg.Pool, now_us: int) -> None:
    await reconcile_dirty_relations(pool, NOBODY, now_us=now_us, seconds_max=600)
    await reconcile_dirty_stock(pool, NOBODY, now_us=now_us, seconds_max=600)
    for table in ("events_to_project", "dirty_relations", "dirty_stock"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def cumulatives(pool: asyncpg.Pool) -> dict[SupplyRelation, tuple[float, ...]]:
    rows = await pool.fetch(
        "SELECT m.number, c.demanded, c.received, c.in_transit FROM cumulatives c "
        "JOIN supply_relations r ON r.id = c.relation_id JOIN materials m ON m.id = r.material_id"
    )
    by_number = {relation.material: relation for relation in CHOSEN}
    assert len(rows) == len(CHOSEN)
    return {by_number[row[0]]: tuple(row)[1:] for row in rows}
