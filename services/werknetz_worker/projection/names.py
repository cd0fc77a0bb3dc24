"""Looks up everything that a batch of events names: ids, units and sources of consumption."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.domain.measure import base_unit_of, factor_between, unit_of
from werknetz.store.projection import materials as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection import master_data
from werknetz_worker.projection.bodies import Measure, StockBody
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.machines.lookup import Lifetime, find_at_time, load_moved
from werknetz_worker.projection.master_data import MasterData
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
    shards: dict[int, int] = field(default_factory=dict)  # of materials
    consumed_from: dict[tuple[int | str, int], int] = field(default_factory=dict)
    moved: dict[int, Lifetime] = field(default_factory=dict)
    _measures: dict[tuple[int | None, str | None], Measure] = field(default_factory=dict)

    def machine(self, event: EventRevision) -> int | None:
        """Return the equipment that the event is about at its time: it may have moved."""
        found_id = self.equipment.get(event.named.equipment or "")
        return None if found_id is None else find_at_time(self.moved, found_id, event.at)

    def consumer(self, event: EventRevision) -> int | str:
        """Return what consumes: the machine of that time, else the path that is reported."""
        return self.machine(event) or event.named.equipment or ""

    def warehouse(self, event: EventRevision) -> int | None:
        if event.kind == "material_consumed":
            material = event.material_id
            return material and self.consumed_from.get((self.consumer(event), material))
        return self.warehouses.get(warehouse_name(event) or "")

    def item(self, event: EventRevision, location: str | None) -> int | None:
        warehouse, material = self.warehouse(event), event.material_id
        if warehouse is None or material is None:
            return None
        place = self.locations.get((warehouse, location)) if location else None
        return self.items.get((warehouse, place, material))

    def measure(self, material: int | None, unit_name: str | None) -> Measure:
        key = (material, unit_name)
        if key not in self._measures:
            self._measures[key] = self._find_measure(*key)
        return self._measures[key]

    def _find_measure(self, material: int | None, unit_name: str | None) -> Measure:
        if material is None:
            return Measure(unit_name, None)
        base = self.bases.get(material)
        if unit_name is None or base is None:
            return Measure(unit_name, 1.0)
        unit = unit_of(unit_name)
        factor = self.units.get(material, {}).get(unit)
        return Measure(unit_name, factor if factor is not None else factor_between(unit, base))


async def load_names(master: MasterData, events: Sequence[EventRevision]) -> BatchNames:
    """Look up the names of the events, and set what they mean in each event."""
    of_supply = [event.named for event in events if event.kind in SUPPLY]
    partners = await master_data.resolve_names(
        master, "partners", {named.supplier for named in of_supply}
    )
    connection = master.connection
    names = BatchNames(
        partners,
        await master_data.resolve_names(master, "sites", {named.ship_to for named in of_supply}),
        await master_data.resolve_names(master, "warehouses", set(map(warehouse_name, events))),
        await master_data.find_equipment(connection, {event.named.equipment for event in events}),
        await load_materials(master, events, partners),
    )
    if names.equipment:
        names.moved = await load_moved(connection)
    for event in events:
        event.supplier_id = partners.get(event.named.supplier or "")
        event.material_id = names.materials.find(event, event.supplier_id)
    await _add_units(master, names, events)
    for event in events:
        event.measure = names.measure(event.material_id, event.named.unit)
    await _add_consumption(connection, names, events)
    await _add_stock_items(master, names, events)
    return names


async def _add_units(
    master: MasterData, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    """Read the units of materials; without a base unit, the first reported unit becomes it."""
    await _load_units(master, names, sorted(_materials_of(events)))
    first: dict[int, str] = {}
    for event in events:
        material_id, unit_name = event.material_id, event.named.unit
        if material_id is not None and unit_name is not None and material_id not in names.bases:
            first.setdefault(material_id, base_unit_of(unit_of(unit_name)))
    if first:
        ids = sorted(first)
        async with master.adding() as connection:
            await connection.execute(
                statements.SET_BASE_UNITS, ids, [first[material_id] for material_id in ids]
            )
        await _load_units(master, names, ids)  # another worker may have been the first


async def _load_units(master: MasterData, names: BatchNames, materials: Sequence[int]) -> None:
    for material, base, unit, factor, shard in await master.connection.fetch(
        statements.FIND_MATERIAL_UNITS, materials
    ):
        names.shards[material] = shard
        if base is not None:
            names.bases[material] = unit_of(base)
        if unit is not None:
            names.units.setdefault(material, {})[unit_of(unit)] = factor


async def _add_consumption(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    """Find from which warehouse a machine takes a material: by its own entry or one above it."""
    used = [event for event in events if event.kind == "material_consumed"]
    if not used:
        return
    materials = sorted(_materials_of(used))
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
        where, material_id = names.consumer(event), event.material_id
        for path in above[where]:
            warehouse = by_place.get((ids.get(path, 0), material_id or 0))
            if warehouse is not None and material_id is not None:
                names.consumed_from[where, material_id] = warehouse
                break


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


async def _add_stock_items(
    master: MasterData, names: BatchNames, events: Sequence[EventRevision]
) -> None:
    stock_places: set[tuple[int, str | None, int]] = set()
    for event in events:
        warehouse, material = names.warehouse(event), event.material_id
        if warehouse is None or material is None:
            continue
        if event.kind == "material_consumed":
            stock_places.add((warehouse, None, material))
            continue
        named = event.named
        stock_places.add((warehouse, named.location, material))
        if isinstance(named, StockBody) and named.to_location and event.kind == "stock_moved":
            stock_places.add((warehouse, named.to_location, material))
    names.locations = await master_data.resolve_locations(
        master, ((warehouse, place) for warehouse, place, _ in stock_places if place)
    )
    names.items = await master_data.resolve_stock_items(
        master.connection,
        (
            (warehouse, names.locations[warehouse, place] if place else None, material)
            for warehouse, place, material in stock_places
        ),
    )


def warehouse_name(event: EventRevision) -> str | None:
    if event.kind in {"stock_counted", "stock_moved"}:
        return event.named.warehouse or event.named.keeper
    return event.named.warehouse if event.kind == "goods_received" else None


def _materials_of(events: Sequence[EventRevision]) -> set[int]:
    return {event.material_id for event in events if event.material_id is not None}
