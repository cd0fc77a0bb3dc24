"""Looks up everything that a batch of events names: ids, units and sources of consumption."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.domain.measure import base_unit_of, factor_between, unit_of
from werknetz.store.projection import materials as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection import master_data
from werknetz_worker.projection.columns import Measure
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.machines.lookup import Lifetime, find_at_time, load_moved
from werknetz_worker.projection.material_numbers import (
    MaterialLookup,
    load_materials,
)

SUPPLY: Final = frozenset({"delivery_called_off", "shipment_announced", "goods_received"})


@dataclass
class BatchNames:
    """The ids of all names and numbers in the batch."""

    partners: dict[str, int]
    sites: dict[str, int]
    warehouses: dict[str, int]
    equipment: dict[str, int]
    materials: MaterialLookup
    locations: dict[tuple[int, str], int] = field(default_factory=dict)
    items: dict[master_data.StockPlace, int] = field(default_factory=dict)
    units: dict[int, dict[str, float]] = field(default_factory=dict)
    bases: dict[int, str] = field(default_factory=dict)
    consumed_from: dict[tuple[int | str, int], int] = field(default_factory=dict)
    moved: dict[int, Lifetime] = field(default_factory=dict)
    _material_of: dict[int, int | None] = field(default_factory=dict)  # by the id() of the event

    def partner(self, event: EventRevision) -> int | None:
        return self.partners.get(event.text("supplier") or "")

    def machine(self, event: EventRevision) -> int | None:
        """Return the equipment that the event is about at its time: it may have moved."""
        found_id = self.equipment.get(event.text("equipment") or "")
        return None if found_id is None else find_at_time(self.moved, found_id, event.at)

    def consumer(self, event: EventRevision) -> int | str:
        """Return what consumes: the machine of that time, else the path that is reported."""
        return self.machine(event) or event.text("equipment") or ""

    def material(self, event: EventRevision) -> int | None:
        key = id(event)
        if key not in self._material_of:
            self._material_of[key] = self.materials.find(event, self.partner(event))
        return self._material_of[key]

    def warehouse(self, event: EventRevision) -> int | None:
        if event.kind == "material_consumed":
            material = self.material(event)
            return material and self.consumed_from.get((self.consumer(event), material))
        return self.warehouses.get(warehouse_name(event) or "")

    def item(self, event: EventRevision, location: str | None) -> int | None:
        warehouse, material = self.warehouse(event), self.material(event)
        if warehouse is None or material is None:
            return None
        place = self.locations.get((warehouse, location)) if location else None
        return self.items.get((warehouse, place, material))

    def measure(self, event: EventRevision) -> Measure:
        material, unit_name = self.material(event), event.text("unit")
        if material is None:
            return Measure(unit_name, None)
        base = self.bases.get(material)
        if unit_name is None or base is None:
            return Measure(unit_name, 1.0)
        unit = unit_of(unit_name)
        factor = self.units.get(material, {}).get(unit)
        return Measure(unit_name, factor if factor is not None else factor_between(unit, base))


async def load_names(connection: WriteConnection, events: Sequence[EventRevision]) -> BatchNames:
    partners = await master_data.resolve_names(
        connection, "partners", (event.text("supplier") for event in events if event.kind in SUPPLY)
    )
    names = BatchNames(
        partners,
        await master_data.resolve_names(
            connection, "sites", (event.text("ship_to") for event in events if event.kind in SUPPLY)
        ),
        await master_data.resolve_names(connection, "warehouses", map(warehouse_name, events)),
        await master_data.find_equipment(connection, (event.text("equipment") for event in events)),
        await load_materials(connection, events, partners),
    )
    if names.equipment:
        names.moved = await load_moved(connection)
    await _add_units(connection, names, events)
    await _add_consumption(connection, names, events)
    await _add_stock_items(connection, names, events)
    return names


async def _add_units(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    """Read the units of materials; without a base unit, the first reported unit becomes it."""
    materials = sorted(
        {material_id for event in events if (material_id := names.material(event)) is not None}
    )
    for material, base, unit, factor in await connection.fetch(
        statements.FIND_MATERIAL_UNITS, materials
    ):
        if base is not None:
            names.bases[material] = unit_of(base)
        if unit is not None:
            names.units.setdefault(material, {})[unit_of(unit)] = factor
    first: dict[int, str] = {}
    for event in events:
        material, unit_name = names.material(event), event.text("unit")
        if material is not None and unit_name is not None and material not in names.bases:
            first.setdefault(material, base_unit_of(unit_of(unit_name)))
    if first:
        await connection.execute(
            statements.SET_BASE_UNITS,
            sorted(first),
            [first[material_id] for material_id in sorted(first)],
        )
        names.bases |= first


async def _add_consumption(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    """Find from which warehouse a machine takes a material: by its own entry or one above it."""
    used = [event for event in events if event.kind == "material_consumed"]
    if not used:
        return
    materials = sorted(
        {material_id for event in used if (material_id := names.material(event)) is not None}
    )
    rows = await connection.fetch(statements.FIND_CONSUMPTION_WAREHOUSES, materials)
    by_place = {(row[0], row[1]): row[2] for row in rows}
    consumers = {names.consumer(event) for event in used}
    machines = sorted(consumer for consumer in consumers if isinstance(consumer, int))
    rows = await connection.fetch(statements.EQUIPMENT_PATHS, machines)
    paths: dict[int | str, str] = {row["id"]: row["path"] for row in rows}
    above = {consumer: _ancestors(paths.get(consumer, str(consumer))) for consumer in consumers}
    ids = await master_data.find_equipment(
        connection, (material_id for paths_above in above.values() for material_id in paths_above)
    )
    for event in used:
        where, material_id = names.consumer(event), names.material(event)
        for path in above[where]:
            warehouse = by_place.get((ids.get(path, 0), material_id or 0))
            if warehouse is not None and material_id is not None:
                names.consumed_from[where, material_id] = warehouse
                break


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


async def _add_stock_items(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    stock_places: set[tuple[int, str | None, int]] = set()
    for event in events:
        warehouse, material = names.warehouse(event), names.material(event)
        if warehouse is None or material is None:
            continue
        places = {event.text("location")}
        if event.kind == "stock_moved" and (target := event.text("to_location")):
            places.add(target)
        if event.kind == "material_consumed":
            places = {None}
        stock_places |= {(warehouse, place, material) for place in places}
    names.locations = await master_data.resolve_locations(
        connection, ((warehouse, place) for warehouse, place, _ in stock_places if place)
    )
    names.items = await master_data.resolve_stock_items(
        connection,
        (
            (warehouse, names.locations[warehouse, place] if place else None, material)
            for warehouse, place, material in stock_places
        ),
    )


def warehouse_name(event: EventRevision) -> str | None:
    if event.kind in {"stock_counted", "stock_moved"}:
        return event.text("warehouse") or event.text("keeper")
    return event.text("warehouse") if event.kind == "goods_received" else None
