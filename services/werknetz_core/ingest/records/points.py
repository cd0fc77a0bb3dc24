"""The meaning of a spool's point numbers: signals and equipment, added where they are new.

Only committed numbers are cached; those of a failed transaction are dropped with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import TIME_MAX_US
from werknetz.domain.path import EquipmentPath
from werknetz.domain.role import Role
from werknetz.events.batch import MappingUsed, PointDefinition
from werknetz.store.ingest import points as naming

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NUMBER_MAX: Final = 4_000_000


class InvalidPointDefinition(ValueError):
    """A definition that cannot be stored; the reason is shown in the quarantine."""


@dataclass(slots=True)
class PointMap:
    """Columns by point number; 0 for an unknown point, or one that marks no bucket."""

    signal_id: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    marked_equipment_id: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    mapping_id: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    latest_us: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """The latest instant that was written of each point; TIME_MAX_US: unknown. Too late an instant
    is harmless (a transaction that was rolled back): see `sample_rows`."""

    def with_points(
        self, points: Iterable[tuple[int, int, int | None, str, int | None]]
    ) -> "PointMap":
        """Return a map with these points added: (number, signal, equipment, role, mapping)."""
        new = list(points)
        size = max(len(self.signal_id), 1 + max((number for number, *_ in new), default=-1))
        signal_id, marked, mapping_id = (np.zeros(size, np.int32) for _ in range(3))
        signal_id[: len(self.signal_id)] = self.signal_id
        marked[: len(self.marked_equipment_id)] = self.marked_equipment_id
        mapping_id[: len(self.mapping_id)] = self.mapping_id
        latest_us = np.full(size, TIME_MAX_US, np.int64)
        latest_us[: len(self.latest_us)] = self.latest_us
        for number, signal, equipment, role, mapping in new:
            signal_id[number] = signal
            moves = role in _KPI_ROLES
            marked[number] = equipment if moves and equipment is not None else 0
            mapping_id[number] = mapping or 0
        return PointMap(signal_id, marked, mapping_id, latest_us)


_KPI_ROLES: Final = frozenset(role.value for role in Role if role.affects_kpis)


def check_definition(definition: PointDefinition) -> None:
    """Raise `InvalidPointDefinition` for what PostgreSQL or the model cannot store."""
    if not 0 <= definition.number < NUMBER_MAX:
        raise InvalidPointDefinition(
            f"point number {definition.number} is not in 0 … {NUMBER_MAX - 1}"
        )
    texts = [v for v in _fields(definition) if isinstance(v, str)]
    if any("\0" in text for text in texts):
        raise InvalidPointDefinition("the definition of the point contains a NUL")
    if definition.role not in {role.value for role in Role}:
        raise InvalidPointDefinition(f"role {definition.role!r} is not known: {', '.join(Role)}")
    if definition.equipment is not None:
        try:
            EquipmentPath.parse(definition.equipment)
        except ValueError as error:
            raise InvalidPointDefinition(str(error)) from error


async def load_points(connection: "Connection", spool: int) -> PointMap:
    rows = await connection.fetch(naming.POINTS_OF_SPOOL, spool)
    return PointMap().with_points(
        (r["number"], r["id"], r["equipment_id"], r["role"], r["mapping_id"]) for r in rows
    )


async def add_points(
    connection: "Connection",
    spool: int,
    connector_id: str,
    definitions: Sequence[PointDefinition],
    points: PointMap,
) -> PointMap:
    """Give equipment, signals and points their numbers; return the map with them."""
    last = {definition.number: definition for definition in definitions}  # the last one holds
    new = await resolve_points(connection, connector_id, last)
    numbers = [number for number, *_ in new]
    ids, versions = [signal for _, signal, *_ in new], [version for *_, version in new]
    await connection.execute(naming.ADD_POINTS, spool, numbers, ids, versions)
    return points.with_points(new)


async def resolve_points(
    connection: "Connection", connector_id: str, definitions: Mapping[int, PointDefinition]
) -> list[tuple[int, int, int | None, str, int]]:
    """Add new equipment and signals; return the arguments of `with_points`."""
    equipment = await _add_equipment(connection, list(definitions.values()))
    signals = await _add_signals(connection, connector_id, list(definitions.values()), equipment)
    mappings = await _mapping_ids(connection, {d.mapping for d in definitions.values()})
    return [
        (n, signals[d.key], equipment.get(d.equipment or ""), d.role, mappings[d.mapping])
        for n, d in sorted(definitions.items())
    ]


async def _mapping_ids(connection: "Connection", labels: set[str]) -> dict[str, int]:
    """Find the versions; one without a `MappingUsed` record gets a row without a document."""
    rows = await connection.fetch(naming.MAPPING_IDS, sorted(labels))
    ids = {row["label"]: int(row["id"]) for row in rows}
    for label in sorted(labels - ids.keys()):
        name, _, version = label.rpartition("@")
        ids[label] = await connection.fetchval(
            naming.ADD_UNKNOWN_MAPPING, name, int(version) if version.isdigit() else 0
        )
    return ids


async def add_mapping(connection: "Connection", connector_id: str, used: MappingUsed) -> None:
    """Store the document of the mapping that the following records use."""
    number = await connection.fetchval(
        naming.ADD_MAPPING, used.name, used.version, used.digest, used.document
    )
    await connection.execute(naming.SET_MAPPING_OF_CONNECTOR, connector_id, number)


async def _add_equipment(
    connection: "Connection", definitions: Sequence[PointDefinition]
) -> dict[str, int]:
    leaves = {EquipmentPath.parse(d.equipment) for d in definitions if d.equipment is not None}
    paths = sorted({path for leaf in leaves for path in leaf.ancestors()})
    ids = await _equipment_ids(connection, paths)
    new = [path for path in paths if str(path) not in ids]
    for depth in sorted({len(path.segments) for path in new}):
        level = [path for path in new if len(path.segments) == depth]
        await connection.execute(
            naming.ADD_EQUIPMENT,
            [str(path) for path in level],
            [path.level for path in level],
            [path.name for path in level],
            [str(path.parent) if path.parent else None for path in level],
        )
    zones: dict[str, str] = {}
    for definition in definitions:
        if definition.time_zone and definition.equipment:
            plant = EquipmentPath.parse(definition.equipment).plant
            zones |= {str(plant): definition.time_zone} if plant else {}
    if zones:
        await connection.execute(
            naming.SET_TIME_ZONES, sorted(zones), [zones[p] for p in sorted(zones)]
        )
    return await _equipment_ids(connection, paths) if new else ids


async def _equipment_ids(
    connection: "Connection", paths: Sequence[EquipmentPath]
) -> dict[str, int]:
    rows = await connection.fetch(naming.EQUIPMENT_IDS, [str(path) for path in paths])
    return {row["path"]: row["id"] for row in rows}


async def _add_signals(
    connection: "Connection",
    connector_id: str,
    definitions: Sequence[PointDefinition],
    equipment: dict[str, int],
) -> dict[str, int]:
    by_key = {definition.key: definition for definition in definitions}
    new = [by_key[key] for key in sorted(by_key)]
    rows = await connection.fetch(
        naming.ADD_SIGNALS,
        [d.key for d in new],
        [equipment[d.equipment] if d.equipment is not None else None for d in new],
        [connector_id for _ in new],
        [d.signal for d in new],
        [d.role for d in new],
        [d.unit for d in new],
        [d.datatype for d in new],
        [d.source for d in new],
        [d.mapping for d in new],
        [d.counter_reset for d in new],
        [d.counter_modulus for d in new],
        [d.counter_kind for d in new],
        [d.counter_interpolate for d in new],
        [d.counter_max_increment for d in new],
        [d.counter_max_speed for d in new],
        [d.carrier for d in new],
    )
    return {row["key"]: row["id"] for row in rows}


def _fields(definition: PointDefinition) -> Iterable[object]:
    return (getattr(definition, name) for name in definition.__struct_fields__)
