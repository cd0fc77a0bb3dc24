"""Replaces the fact rows of events, closes those of deleted events, and collects dirty marks.

From what the rows are about follows which plants a connector serves, and so whose keys see it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from werknetz.store import dirty
from werknetz.store.encoding.insert_rows import insert_rows
from werknetz.store.projection import connector_subjects
from werknetz.store.projection import fact_rows as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.columns import OF_KIND, TABLES
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.facts import FactRows
from werknetz_worker.projection.machines.reports import JOBS, REPORTS
from werknetz_worker.projection.names import BatchNames

_SUBJECT: Final = {
    "call_off_entries": "relation_id",
    "shipment_lines": "relation_id",
    "receipt_lines": "relation_id",
    "stock_counts": "stock_item_id",
    "stock_movements": "stock_item_id",
    "consumptions": "NULL::int",
    "inspections": "NULL::int",
}


@dataclass
class DirtyMarks:
    """Relations and stock items to compute again; items from an instant on."""

    relations: set[int] = field(default_factory=set)
    items: dict[int, datetime] = field(default_factory=dict)

    def add(self, table: str, subject: int | None, at: datetime) -> None:
        if subject is None:
            return
        if _SUBJECT[table] == "relation_id":
            self.relations.add(subject)
        else:
            self.items[subject] = min(at, self.items.get(subject, at))

    def __or__(self, other: "DirtyMarks") -> "DirtyMarks":
        both = DirtyMarks(self.relations | other.relations, dict(self.items))
        for item, at in other.items.items():
            both.items[item] = min(at, both.items.get(item, at))
        return both

    def __ior__(self, other: "DirtyMarks") -> Self:
        united = self | other
        self.relations, self.items = united.relations, united.items
        return self


async def close_rows(connection: WriteConnection, gone: Sequence[UUID]) -> DirtyMarks:
    """Close the rows of deleted events: they are no longer current."""
    dirt = DirtyMarks()
    if gone:
        for table, subject in _SUBJECT.items():
            statement = statements.CLOSE_FACT_ROWS.format(table=table, subject=subject)
            for row in await connection.fetch(statement, gone):
                dirt.add(table, row[0], row[1])
    return dirt


async def replace_rows(
    connection: WriteConnection, events: Sequence[EventRevision], facts: FactRows
) -> DirtyMarks:
    dirt = DirtyMarks()
    by_table: dict[str, list[EventRevision]] = defaultdict(list)
    for event in events:
        for table in OF_KIND.get(event.kind, ()):
            by_table[table].append(event)
    for table, revisions in by_table.items():
        await _delete_rows(connection, table, revisions, dirt)
        rows = facts.rows[table]
        if rows:
            await insert_rows(connection, table, TABLES[table], rows)
            _collect_dirty(dirt, table, rows)
    return dirt


async def _delete_rows(
    connection: WriteConnection, table: str, events: Sequence[EventRevision], dirt: DirtyMarks
) -> None:
    since: dict[UUID, datetime] = {}
    for event in events:
        since[event.event_id] = min(event.known_from, since.get(event.event_id, event.known_from))
    # New events, the usual case, have no row yet.
    there = await connection.fetch(statements.EVENTS_WITH_ROWS.format(table=table), [*since])
    if not there:
        return
    ids = [row[0] for row in there]
    await connection.execute(
        statements.RENUMBER_CLOSED_ROWS.format(table=table), ids, [since[key] for key in ids]
    )
    statement = statements.DELETE_FACT_ROWS.format(table=table, subject=_SUBJECT[table])
    for row in await connection.fetch(statement, ids):
        dirt.add(table, row[0], row[1])


def _collect_dirty(dirt: DirtyMarks, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    names = TABLES[table]
    if _SUBJECT[table] not in names:
        return
    subject, at = names.index(_SUBJECT[table]), names.index("at")
    if _SUBJECT[table] == "relation_id":
        dirt.relations |= {row[subject] for row in rows if row[subject] is not None}
        return
    for row in rows:
        dirt.add(table, row[subject], row[at])


async def mark_dirty(connection: WriteConnection, dirt: DirtyMarks) -> None:
    if dirt.relations:
        await connection.execute(dirty.MARK_RELATIONS, sorted(dirt.relations))
    if dirt.items:
        items = sorted(dirt.items)
        await connection.execute(dirty.MARK_STOCK, items, [dirt.items[item] for item in items])


Subject = tuple[str, int, int, int]
"""Connector, relation, warehouse and equipment; 0: none."""

_NAMES: Final = ("relation_id", "warehouse_id", "equipment_id")


class ConnectorSubjects:
    """Collects the subjects of a batch."""

    def __init__(self, revisions: Iterable[EventRevision], names: BatchNames) -> None:
        self._connectors = {event.event_id: event.connector_id for event in revisions}
        self._warehouses = {item: place[0] for place, item in names.items.items()}
        self._subjects: set[Subject] = set()

    def add_facts(self, facts: FactRows) -> None:
        for table, rows in facts.rows.items():
            for name in _NAMES:
                if name in TABLES[table]:
                    self._add_column(name, rows, TABLES[table].index(name))
            if "stock_item_id" in TABLES[table]:
                index = TABLES[table].index("stock_item_id")
                self._subjects |= {
                    (self._connectors[row[0]], 0, self._warehouses[row[index]], 0)
                    for row in rows
                    if row[index] is not None
                }

    def _add_column(self, name: str, rows: Iterable[tuple[Any, ...]], index: int) -> None:
        for connector, number in {(self._connectors[row[0]], row[index]) for row in rows}:
            if number is not None:
                relation, warehouse, equipment = (number if name == n else 0 for n in _NAMES)
                self._subjects.add((connector, relation, warehouse, equipment))

    async def write(self, connection: WriteConnection, revisions: Sequence[EventRevision]) -> None:
        """Write the subjects, with the machines of reports that are written before."""
        about_machines: list[UUID] = sorted(
            {event.event_id for event in revisions if event.kind in REPORTS | JOBS}
        )
        if about_machines:
            rows = await connection.fetch(connector_subjects.MACHINES_OF_EVENTS, about_machines)
            self._subjects |= {
                (self._connectors[row["event_id"]], 0, 0, row["equipment_id"]) for row in rows
            }
        if self._subjects:
            columns = [[subject[n] or None for subject in self._subjects] for n in range(4)]
            await connection.execute(connector_subjects.ADD_SUBJECTS, *columns)
