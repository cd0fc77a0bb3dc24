"""A company's supply, generated: suppliers, call-offs, receipts, stock, lines that starve.

Seeded: the same size and instant make the same events, byte for byte. At full size 1,500 suppliers,
30,000 locations and 200,000 open call-off lines; all other numbers go with them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.state import MachineState

CONNECTOR: Final = "bench"
PLANTS: Final = 5
LINES_OF_PLANT: Final = 12
MACHINES_OF_LINE: Final = 3
MATERIALS_OF_LINE: Final = 20
LOCATIONS_OF_MATERIAL: Final = 3
WEEKS: Final = 20  # of call-off lines, four of them past
PAST_WEEKS: Final = 4
SCARCE_SHARE: Final = 0.1  # of what lines need: nothing was there for a while
STARVED_DAYS: Final = 7
_ENCODE: Final = msgspec.json.Encoder().encode
_CALENDAR: Final = (
    '{"time_zone": "Europe/Berlin", "cycle_days": 7, "anchor": "2026-01-05", "shifts": ['
    '{"name": "early", "days": [0,1,2,3,4], "start": "06:00", "end": "14:00", "breaks": []},'
    '{"name": "late", "days": [0,1,2,3,4], "start": "14:00", "end": "22:00"}]}'
)


class Row(NamedTuple):
    """A business event as it is kept."""

    event_id: UUID
    kind: str
    seq: int
    source: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Size:
    suppliers: int = 1_500
    locations: int = 30_000
    call_off_lines: int = 200_000

    def times(self, share: float) -> "Size":
        return Size(
            round(self.suppliers * share),
            round(self.locations * share),
            round(self.call_off_lines * share),
        )

    @property
    def materials(self) -> int:
        return self.locations // LOCATIONS_OF_MATERIAL

    @property
    def relations(self) -> int:
        return self.call_off_lines // WEEKS


class SupplySet:
    """`now`: what is due before it should be there."""

    def __init__(self, size: Size, now: datetime, *, seed: int = 4) -> None:
        self.size = size
        self.now = now.replace(minute=0, second=0, microsecond=0)
        self._seed = seed
        self._seq = 0
        self._random = random.Random(seed)
        chance = random.Random(seed + 1)
        # What a line needs lies in its plant's warehouse; the scarce of it ran out at some hour.
        self.needs: dict[str, list[int]] = {}
        self.ran_out: dict[int, datetime] = {}
        for number in range(PLANTS * LINES_OF_PLANT):
            plant = number % PLANTS
            own = range(plant, size.materials, PLANTS)
            needed = sorted(chance.sample(own, min(MATERIALS_OF_LINE, len(own))))
            self.needs[self.line(number)] = needed
            for material in needed:
                if chance.random() < SCARCE_SHARE:
                    hours = chance.randrange(6, STARVED_DAYS * 24)
                    self.ran_out[material] = self.now - timedelta(hours=hours)

    def line(self, number: int) -> str:
        return f"bench/plant-{number % PLANTS}/hall/line-{number // PLANTS}"

    def rows(self) -> Iterator[Row]:
        """Yield all events, in an order in which they could have come."""
        self._seq, self._random = 0, random.Random(self._seed)
        for relation in range(self.size.relations):
            yield from self._deliveries(relation)
        for material in range(self.size.materials):
            yield from self._stock(material)

    def _row(self, kind: str, at: datetime, **body: Any) -> Row:
        self._seq += 1
        event_id = UUID(int=self._random.getrandbits(128), version=4)
        source = f"bench/{kind}"
        return Row(event_id, kind, self._seq, source, at, _ENCODE(body).decode())

    def _deliveries(self, relation: int) -> Iterator[Row]:
        """A schedule of twenty weeks; of the past four, most came, some late, some not at all."""
        material = relation % self.size.materials
        who = {
            "supplier": f"S{relation % self.size.suppliers:05}", "material": f"M{material:06}",
            "ship_to": f"SITE-{material % PLANTS}", "unloading_point": "D1", "unit": "PCE",
        }  # fmt: skip
        issued = self.now - timedelta(days=7 * PAST_WEEKS + 5, minutes=relation % 600)
        document = f"C{relation:06}"
        is_late = material in self.ran_out
        for week in range(WEEKS):
            due = self.now + timedelta(days=7 * (week - PAST_WEEKS) + relation % 5 - 2)
            quantity = float(self._random.randrange(5, 60) * 10)
            due_us = microseconds_of(due)
            yield self._row(
                "delivery_called_off", issued, **who, document=document, line=str(week),
                document_us=microseconds_of(issued), due_from_us=due_us, quantity=quantity,
                due_until_us=due_us + 86_400_000_000, commitment="firm",
            )  # fmt: skip
            if week >= PAST_WEEKS or (is_late and week == PAST_WEEKS - 1):
                continue
            yield from self._arrival(who, f"{document}-{week}", due, quantity)

    def _arrival(
        self, who: dict[str, str], document: str, due: datetime, quantity: float
    ) -> Iterator[Row]:
        came = due + timedelta(hours=self._random.choice((1, 2, 4, 8, 8, 8, 60)))
        if came >= self.now:
            return
        sent = due - timedelta(days=2)
        if self._random.random() < 0.5:
            yield self._row(
                "shipment_announced", sent, **who, document=f"A{document}", quantity=quantity,
                delivery_note=f"D{document}", despatched_us=microseconds_of(sent),
                arrives_us=microseconds_of(due), handling_unit=f"H{document}",
            )  # fmt: skip
        yield self._row(
            "goods_received", came, **who, document=f"R{document}", quantity=quantity,
            accepted_quantity=quantity, received_us=microseconds_of(came),
            delivery_note=f"D{document}",
        )  # fmt: skip

    def _stock(self, material: int) -> Iterator[Row]:
        """A count a location, then withdrawals; of what ran out, all of it for some hours."""
        counted = self.now - timedelta(days=10)
        out_at = self.ran_out.get(material)
        for place in range(LOCATIONS_OF_MATERIAL):
            quantity = float(self._random.randrange(100, 900))
            where = {
                "material": f"M{material:06}", "unit": "PCE", "warehouse": f"W{material % PLANTS}",
                "location": f"L{material:06}-{place}",
            }  # fmt: skip
            yield self._row("stock_counted", counted, **where, quantity=quantity, document="INV")
            used = quantity if out_at is not None else float(self._random.randrange(10, 90))
            numbers_used = out_at or self.now - timedelta(hours=self._random.randrange(1, 200))
            yield self._row("stock_moved", numbers_used, **where, quantity=-used, document="OUT")
            if place == 0:
                hours = self._random.randrange(4, 30)
                yield self._row(
                    "stock_moved", numbers_used + timedelta(hours=hours), **where, document="IN",
                    quantity=float(self._random.randrange(50, 200)),
                )  # fmt: skip

    async def prepare(self, database: asyncpg.Connection) -> None:
        """Write what no message contains: connector, equipment, calendars, sites, warehouses."""
        await database.execute("INSERT INTO connectors (id) VALUES ($1)", CONNECTOR)
        for number in range(PLANTS):
            plant = f"bench/plant-{number}"
            equipment = await _equipment(database, plant, "plant", "Europe/Berlin")
            await database.execute(
                "INSERT INTO shift_calendars (equipment_id, valid_from, document)"
                " VALUES ($1, '2020-01-01Z', $2)", equipment, _CALENDAR,
            )  # fmt: skip
            site = await database.fetchval(
                "INSERT INTO sites (key, name, equipment_id) VALUES ($1, $1, $2) RETURNING id",
                f"site-{number}", equipment,
            )  # fmt: skip
            await database.execute(
                "INSERT INTO site_identities (value, site_id, discovered) VALUES ($1, $2, false)",
                f"SITE-{number}", site,
            )  # fmt: skip
            await database.execute(
                "INSERT INTO warehouses (key, name, code, site_id, equipment_id)"
                " VALUES ($1, $1, $2, $3, $4)",
                f"warehouse-{number}", f"W{number}", site, equipment,
            )  # fmt: skip

    async def line_up(self, database: asyncpg.Connection) -> None:
        """Write what lines need, once materials are known, and how long machines starved."""
        materials = {r[0]: r[1] for r in await database.fetch("SELECT number, id FROM materials")}
        warehouses = {r[0]: r[1] for r in await database.fetch("SELECT code, id FROM warehouses")}
        chance, pieces = random.Random(self._seed + 2), []
        for path, needed in self.needs.items():
            line = await _equipment(database, path, "line")
            await database.executemany(
                "INSERT INTO line_materials (equipment_id, material_id, warehouse_id,"
                " quantity_per_item, items_per_hour) VALUES ($1, $2, $3, 1, $4)",
                [(line, materials[f"M{m:06}"], warehouses[f"W{m % PLANTS}"],
                  float(chance.randrange(1, 5))) for m in needed],
            )  # fmt: skip
            await database.execute(
                "INSERT INTO line_rates (equipment_id, currency, per_hour) VALUES ($1, 'EUR', $2)",
                line, float(chance.randrange(500, 3000)),
            )  # fmt: skip
            for number in range(MACHINES_OF_LINE):
                machine = await _equipment(database, f"{path}/m-{number}", "machine")
                pieces += self._pieces(machine, needed, chance)
        await database.copy_records_to_table(
            "state_pieces", columns=("equipment_id", "start_at", "end_at", "state", "category"),
            records=pieces,
        )  # fmt: skip

    def _pieces(
        self, machine: int, needed: list[int], chance: random.Random
    ) -> Iterator[tuple[int, datetime, datetime, int, str]]:
        """Cut at quarters of an hour, as the worker does: starving where something had run out."""
        outs = [self.ran_out[m] for m in needed if m in self.ran_out]
        quarter = timedelta(minutes=15)
        at = self.now - timedelta(days=STARVED_DAYS)
        while at < self.now:
            short = any(out <= at < out + timedelta(hours=4) for out in outs)
            starved = chance.random() < (0.8 if short else 0.02)
            state = MachineState.STARVED if starved else MachineState.PRODUCING
            yield machine, at, at + quarter, int(state), "adet" if starved else "apt"
            at += quarter


async def _equipment(
    database: asyncpg.Connection, path: str, level: str, zone: str | None = None
) -> int:
    """Make it, with whatever it is in."""
    above = path.rpartition("/")[0]
    levels = {"plant": "enterprise", "line": "area", "area": "plant", "machine": "line"}
    ids = await database.fetchval("SELECT id FROM equipment WHERE path = $1", path)
    if ids is not None:
        return int(ids)
    parent = await _equipment(database, above, levels[level]) if above else None
    created = await database.fetchval(
        "INSERT INTO equipment (path, level, name, parent_id, time_zone)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        path, level, path.rpartition("/")[2], parent, zone,
    )  # fmt: skip
    return int(created)
