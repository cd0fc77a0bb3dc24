"""Replaces the fact rows of events, closes those of deleted ones, marks what depends on them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from werknetz.store import dirty
from werknetz.store.projection import fact_rows as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.columns import OF_KIND, TABLES
from werknetz_worker.projection.event_revisions import Told
from werknetz_worker.projection.facts import Facts

_SUBJECT: Final = {
    "call_off_entries": "relation_id",
    "shipment_lines": "relation_id",
    "receipt_lines": "relation_id",
    "stock_counts": "stock_item_id",
    "stock_movements": "stock_item_id",
    "consumptions": "NULL::int",
}


@dataclass
class Dirt:
    """Relations and stock items that must be computed anew, items from an instant on."""

    relations: set[int] = field(default_factory=set)
    items: dict[int, datetime] = field(default_factory=dict)

    def add(self, table: str, subject: int | None, at: datetime) -> None:
        if subject is None:
            return
        if _SUBJECT[table] == "relation_id":
            self.relations.add(subject)
        else:
            self.items[subject] = min(at, self.items.get(subject, at))

    def __or__(self, other: "Dirt") -> "Dirt":
        both = Dirt(self.relations | other.relations, dict(self.items))
        for item, at in other.items.items():
            both.items[item] = min(at, both.items.get(item, at))
        return both

    def __ior__(self, other: "Dirt") -> Self:
        united = self | other
        self.relations, self.items = united.relations, united.items
        return self


async def close(connection: WriteConnection, gone: Sequence[UUID]) -> Dirt:
    """Let nobody believe any more what deleted events said."""
    dirt = Dirt()
    if gone:
        for table, subject in _SUBJECT.items():
            statement = statements.CLOSE_FACT_ROWS.format(table=table, subject=subject)
            for row in await connection.fetch(statement, gone):
                dirt.add(table, row[0], row[1])
    return dirt


async def write(connection: WriteConnection, told: Sequence[Told], facts: Facts) -> Dirt:
    dirt = Dirt()
    events: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        for table in OF_KIND.get(one.kind, ()):
            events[table].append(one)
    for table, these in events.items():
        await _make_room(connection, table, these, dirt)
        rows = facts.rows[table]
        if rows:
            await connection.copy_records_to_table(table, records=rows, columns=TABLES[table])
            _see(dirt, table, rows)
    return dirt


async def _make_room(
    connection: WriteConnection, table: str, told: Sequence[Told], dirt: Dirt
) -> None:
    since: dict[UUID, datetime] = {}
    for one in told:
        since[one.event_id] = min(one.known_from, since.get(one.event_id, one.known_from))
    await connection.execute(
        statements.RENUMBER_CLOSED_ROWS.format(table=table), [*since], [*since.values()]
    )
    statement = statements.DELETE_FACT_ROWS.format(table=table, subject=_SUBJECT[table])
    for row in await connection.fetch(statement, [one.event_id for one in told]):
        dirt.add(table, row[0], row[1])


def _see(dirt: Dirt, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    names = TABLES[table]
    if _SUBJECT[table] not in names:
        return
    subject, at = names.index(_SUBJECT[table]), names.index("at")
    for row in rows:
        dirt.add(table, row[subject], row[at])


async def mark(connection: WriteConnection, dirt: Dirt) -> None:
    if dirt.relations:
        await connection.execute(dirty.MARK_RELATIONS, sorted(dirt.relations))
    if dirt.items:
        items = sorted(dirt.items)
        await connection.execute(dirty.MARK_STOCK, items, [dirt.items[item] for item in items])
