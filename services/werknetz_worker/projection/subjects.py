"""Records of which relations, warehouses and machines a connector delivers facts.

From them follows which plants a connector serves, and so whose keys see it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from werknetz.store.projection import connector_subjects as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.columns import TABLES
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.facts import FactRows
from werknetz_worker.projection.machines.reports import JOBS, REPORTS
from werknetz_worker.projection.names import BatchNames

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
            rows = await connection.fetch(statements.MACHINES_OF_EVENTS, about_machines)
            self._subjects |= {
                (self._connectors[row["event_id"]], 0, 0, row["equipment_id"]) for row in rows
            }
        if self._subjects:
            columns = [[subject[n] or None for subject in self._subjects] for n in range(4)]
            await connection.execute(statements.ADD_SUBJECTS, *columns)
