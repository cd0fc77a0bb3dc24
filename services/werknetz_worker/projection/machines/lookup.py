"""Finds the machine of an event by path and time: also by a former path, and over a move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from werknetz.domain.path import EquipmentPath
from werknetz.store.ingest.points import ADD_EQUIPMENT
from werknetz.store.projection import machine_reports as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.event_revisions import EventRevision


@dataclass(frozen=True, slots=True)
class Lifetime:
    valid_from: datetime
    valid_to: datetime | None
    moved_from: int | None
    moved_to: int | None


@dataclass
class MachineLookup:
    ids: dict[str, int]
    parents: set[int]  # equipment with other equipment below it
    moved: dict[int, Lifetime] = field(default_factory=dict)

    def find(self, event: EventRevision) -> int | None:
        """Return the machine that the event is about at its time; None: there is none."""
        machine = self.ids.get(event.text("equipment") or "")
        return None if machine is None else find_at_time(self.moved, machine, event.at)

    def ids_of(self, events: Iterable[EventRevision]) -> set[int]:
        return {machine for event in events if (machine := self.find(event)) is not None}


def find_at_time(moved: Mapping[int, Lifetime], machine: int, at: datetime) -> int:
    """Return the row of the same equipment that holds at an instant."""
    visited = {machine}
    while (life := moved.get(machine)) is not None:
        if life.moved_to is not None and life.valid_to is not None and at >= life.valid_to:
            other = life.moved_to
        elif life.moved_from is not None and at < life.valid_from:
            other = life.moved_from
        else:
            break
        if other in visited:
            break
        machine = other
        visited.add(machine)
    return machine


async def load_moved(connection: WriteConnection) -> dict[int, Lifetime]:
    """Return the lifetimes of all equipment that has moved."""
    rows = await connection.fetch(statements.MOVED_EQUIPMENT)
    return {row["id"]: Lifetime(*tuple(row)[1:]) for row in rows}


async def load_machines(
    connection: WriteConnection, events: Sequence[EventRevision]
) -> MachineLookup:
    """Look up the machines of the events; one of a known plant that is new is added."""
    paths = sorted({path for event in events if (path := event.text("equipment"))})
    rows = await connection.fetch(statements.MACHINES_BY_PATH, paths)
    new = {path for path in paths if path not in {row["path"] for row in rows}}
    if new and await _add_machines(connection, new):
        rows = await connection.fetch(statements.MACHINES_BY_PATH, paths)
    return MachineLookup(
        {row["path"]: row["id"] for row in rows},
        {row["id"] for row in rows if row["has_children"]},
        await load_moved(connection),
    )


async def _add_machines(connection: WriteConnection, new: Iterable[str]) -> bool:
    """Add machines of plants that exist; return whether there are such."""
    parsed = [path for text in new if (path := _parse(text)) is not None]
    plants = await connection.fetch(statements.PLANTS, [str(path.plant) for path in parsed])
    plant_paths = {row["path"] for row in plants}
    chosen = [path for path in parsed if str(path.plant) in plant_paths]
    above = {node for path in chosen for node in path.ancestors()}
    for depth in sorted({len(node.segments) for node in above}):
        level = sorted(node for node in above if len(node.segments) == depth)
        await connection.execute(
            ADD_EQUIPMENT,
            [str(node) for node in level],
            [node.level for node in level],
            [node.name for node in level],
            [str(node.parent) if node.parent else None for node in level],
        )
    return bool(chosen)


def _parse(text: str) -> EquipmentPath | None:
    try:
        path = EquipmentPath.parse(text)
    except ValueError:
        return None
    return path if path.level == "machine" else None
