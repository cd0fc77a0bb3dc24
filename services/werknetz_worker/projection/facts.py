"""A batch of events → fact rows, with everything that they name looked up."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from werknetz.domain.measure import base_unit_of, factor_between, unit_of
from werknetz.store.projection import materials as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection import master_data, relations
from werknetz_worker.projection.columns import TABLES, Measure, row_of
from werknetz_worker.projection.event_revisions import Told
from werknetz_worker.projection.findings import Finding, of_event
from werknetz_worker.projection.material_numbers import Materials, materials_of, names_material

SUPPLY: Final = frozenset({"delivery_called_off", "shipment_announced", "goods_received"})


@dataclass
class Names:
    """What the batch's names and numbers mean: ids by what was said."""

    partners: dict[str, int]
    sites: dict[str, int]
    warehouses: dict[str, int]
    equipment: dict[str, int]
    materials: Materials
    locations: dict[tuple[int, str], int] = field(default_factory=dict)
    items: dict[master_data.Place, int] = field(default_factory=dict)
    units: dict[int, dict[str, float]] = field(default_factory=dict)
    bases: dict[int, str] = field(default_factory=dict)
    consumed_from: dict[tuple[str, int], int] = field(default_factory=dict)
    _meant: dict[int, int | None] = field(default_factory=dict)  # materials, by the event's id()

    def partner(self, told: Told) -> int | None:
        return self.partners.get(told.text("supplier") or "")

    def material(self, told: Told) -> int | None:
        key = id(told)
        if key not in self._meant:
            self._meant[key] = self.materials.of(told, self.partner(told))
        return self._meant[key]

    def warehouse(self, told: Told) -> int | None:
        if told.kind == "material_consumed":
            material = self.material(told)
            return material and self.consumed_from.get((told.text("equipment") or "", material))
        return self.warehouses.get(_place_name(told) or "")

    def item(self, told: Told, location: str | None) -> int | None:
        warehouse, material = self.warehouse(told), self.material(told)
        if warehouse is None or material is None:
            return None
        place = self.locations.get((warehouse, location)) if location else None
        return self.items.get((warehouse, place, material))

    def measure(self, told: Told) -> Measure:
        material, said = self.material(told), told.text("unit")
        if material is None:
            return Measure(said, None)
        base = self.bases.get(material)
        if said is None or base is None:
            return Measure(said, 1.0)
        unit = unit_of(said)
        factor = self.units.get(material, {}).get(unit)
        return Measure(said, factor if factor is not None else factor_between(unit, base))


@dataclass
class Facts:
    """Rows by table, and what could not be made sense of."""

    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )
    findings: list[Finding] = field(default_factory=list)
    called: set[int] = field(default_factory=set)  # relations that call-offs name
    notes: set[str] = field(default_factory=set)  # of despatch advices


async def names_of(connection: WriteConnection, events: Sequence[Told]) -> Names:
    partners = await master_data.identities(
        connection, "partners", (told.text("supplier") for told in events if told.kind in SUPPLY)
    )
    names = Names(
        partners,
        await master_data.identities(
            connection, "sites", (told.text("ship_to") for told in events if told.kind in SUPPLY)
        ),
        await master_data.identities(connection, "warehouses", map(_place_name, events)),
        await master_data.equipment(connection, (told.text("equipment") for told in events)),
        await materials_of(connection, events, partners),
    )
    await _add_units(connection, names, events)
    await _add_consumption(connection, names, events)
    await _add_places(connection, names, events)
    return names


async def facts_of(connection: WriteConnection, names: Names, events: Sequence[Told]) -> Facts:
    facts = Facts()
    exact = {id(told): one for told in events if (one := _relation(names, told))}
    calls = [told for told in events if told.kind == "delivery_called_off"]
    ids = await relations.entered(
        connection, (exact[id(told)] for told in calls if id(told) in exact)
    )
    for told in calls:
        number = ids.get(exact[id(told)]) if id(told) in exact else None
        _add(facts, names, told, "call_off_entries", _call_off(told, names, number))
        if number is not None:
            facts.called.add(number)
    return facts if len(calls) == len(events) else await _others(connection, names, events, facts)


async def _others(
    connection: WriteConnection, names: Names, events: Sequence[Told], facts: Facts
) -> Facts:
    """Add what is no call-off. Call-offs of the same batch are not in their table yet."""
    others = [told for told in events if told.kind in SUPPLY and told.kind != "delivery_called_off"]
    exact = {id(told): one for told in others if (one := _relation(names, told))}
    candidates = await relations.called(connection, ((one[0], one[1]) for one in exact.values()))
    chosen = {
        key: number
        for key, one in exact.items()
        if (number := relations.fitting(one, candidates[one[0], one[1]])) is not None
    }
    ids = await relations.entered(
        connection, (one for key, one in exact.items() if key not in chosen)
    )
    chosen |= {key: ids[one] for key, one in exact.items() if key not in chosen}
    notes = await relations.by_note(
        connection,
        (
            note
            for told in others
            if told.kind == "goods_received" and id(told) not in exact
            for note in (told.text("delivery_note"), told.text("shipment"))
        ),
    )
    for told in events:
        if told.kind != "delivery_called_off":
            _one(facts, names, told, chosen.get(id(told)) or _by_note(names, told, notes))
    return facts


def _one(facts: Facts, names: Names, told: Told, relation: int | None) -> None:
    measure = names.measure(told)
    match told.kind:
        case "shipment_announced":
            facts.notes |= {n for f in ("delivery_note", "document") if (n := told.text(f))}
            said = {
                "relation_id": relation,
                "supplier_id": names.partner(told),
                "announced_at": told.instant("document_us") or told.at,
                "cumulative_quantity": measure.base(told.number("cumulative_quantity")),
            }
            _add(facts, names, told, "shipment_lines", said)
        case "goods_received":
            _receipt(facts, names, told, relation)
        case "stock_counted":
            _stock(facts, names, told, "stock_counts", told.text("location"))
        case "stock_moved":
            target = told.text("to_location")
            # From place to place the sign says nothing: it leaves the one and comes to the other.
            quantity = told.number("quantity") or 0.0
            sign = 1.0 if target is None or quantity < 0 else -1.0
            _stock(facts, names, told, "stock_movements", told.text("location"), sign=sign)
            if target is not None:
                _stock(facts, names, told, "stock_movements", target, leg=1, sign=-sign)
        case "material_consumed":
            said = {
                "equipment_id": names.equipment.get(told.text("equipment") or ""),
                "material_id": names.material(told),
            }
            _add(facts, names, told, "consumptions", said)
            if names.warehouse(told) is not None:
                _stock(facts, names, told, "stock_movements", None, sign=-1.0)


def _call_off(told: Told, names: Names, relation: int | None) -> dict[str, Any]:
    measure = names.measure(told)
    cumulative = ("cumulative_quantity", "cumulative_received", "last_receipt_quantity")
    return {
        "relation_id": relation,
        "issued_at": told.instant("document_us") or told.at,
        **{name: measure.base(told.number(name)) for name in cumulative},
    }


def _receipt(facts: Facts, names: Names, told: Told, relation: int | None) -> None:
    measure = names.measure(told)
    rejected = told.number("rejected_quantity")
    accepted = told.number("accepted_quantity")
    if accepted is None and (received := told.number("quantity")) is not None:
        accepted = received - (rejected or 0.0)
    item = names.item(told, told.text("location"))
    said = {
        "relation_id": relation,
        "supplier_id": names.partner(told),
        "received_at": told.instant("received_us") or told.at,
        "accepted_quantity": measure.base(accepted),
        "rejected_quantity": measure.base(rejected),
        "warehouse_id": names.warehouse(told),
        "stock_item_id": item,
    }
    _add(facts, names, told, "receipt_lines", said)
    if item is not None and accepted is not None:
        moved = {
            "leg": 0,
            "kind": told.kind,
            "stock_item_id": item,
            "at": said["received_at"],
            "quantity": accepted,
            "base_quantity": measure.base(accepted),
        }
        facts.rows["stock_movements"].append(row_of("stock_movements", told, measure, moved))


def _stock(
    facts: Facts, names: Names, told: Told, table: str, location: str | None, *,
    leg: int = 0, sign: float = 1.0,
) -> None:  # fmt: skip
    item = names.item(told, location)
    measure = names.measure(told)
    if item is None:
        if leg == 0:
            facts.findings.append(
                of_event("unknown_place", told, "It names no warehouse: map one, or a keeper.")
                if names.material(told)
                else _unknown(told)
            )
        return
    quantity = told.number("quantity")
    signed = None if quantity is None else sign * quantity
    said: dict[str, Any] = {
        "stock_item_id": item, "quantity": signed, "base_quantity": measure.base(signed),
    }  # fmt: skip
    if table == "stock_movements":
        said |= {"leg": leg, "kind": told.kind}
    facts.rows[table].append(row_of(table, told, measure, said))
    _doubt_unit(facts, names, told, measure)


def _add(facts: Facts, names: Names, told: Told, table: str, said: dict[str, Any]) -> None:
    measure = names.measure(told)
    facts.rows[table].append(row_of(table, told, measure, said))
    if names.material(told) is None:
        facts.findings.append(_unknown(told))
    else:
        _doubt_unit(facts, names, told, measure)


def _doubt_unit(facts: Facts, names: Names, told: Told, measure: Measure) -> None:
    if measure.factor is None and told.known_to is None:
        material = names.material(told)
        base = names.bases.get(material or 0)
        detail = (
            f"{told.body.get('quantity')} {measure.unit} does not fit the base unit {base} of the "
            f"material, so it is not counted. Give the material a factor for {measure.unit} "
            "(PUT /api/v1/materials/{number})."
        )
        facts.findings.append(of_event("unit_mismatch", told, detail, material_id=material))


def _unknown(told: Told) -> Finding:
    number = names_material(told)
    if number is None:
        return of_event("ambiguous_material", told, "It names no material: map one.")
    detail = (
        f"No material is known by {number!r} alone: nobody has said whose number it is, or several "
        "have it. Give a material this number (PUT /api/v1/materials/{number})."
    )
    return of_event("ambiguous_material", told, detail)


def _relation(names: Names, told: Told) -> relations.Relation | None:
    supplier, material = names.partner(told), names.material(told)
    if supplier is None or material is None:
        return None
    site = names.sites.get(told.text("ship_to") or "")
    return supplier, material, site, told.text("unloading_point") or ""


def _by_note(names: Names, told: Told, notes: dict[str, list[tuple[int, int]]]) -> int | None:
    if told.kind != "goods_received":
        return None
    material = names.material(told)
    for name in ("delivery_note", "shipment"):
        for found, relation in notes.get(told.text(name) or "", ()):
            if found == material:
                return relation
    return None


def _place_name(told: Told) -> str | None:
    if told.kind in {"stock_counted", "stock_moved"}:
        return told.text("warehouse") or told.text("keeper")
    return told.text("warehouse") if told.kind == "goods_received" else None


async def _add_units(connection: WriteConnection, names: Names, events: Sequence[Told]) -> None:
    """Read the materials' units; the first that is ever said is the base where nobody set one."""
    materials = sorted({found for told in events if (found := names.material(told)) is not None})
    for material, base, unit, factor in await connection.fetch(
        statements.FIND_MATERIAL_UNITS, materials
    ):
        if base is not None:
            names.bases[material] = unit_of(base)
        if unit is not None:
            names.units.setdefault(material, {})[unit_of(unit)] = factor
    first: dict[int, str] = {}
    for told in events:
        material, said = names.material(told), told.text("unit")
        if material is not None and said is not None and material not in names.bases:
            first.setdefault(material, base_unit_of(unit_of(said)))
    if first:
        await connection.execute(
            statements.SET_BASE_UNITS, sorted(first), [first[one] for one in sorted(first)]
        )
        names.bases |= first


async def _add_consumption(
    connection: WriteConnection, names: Names, events: Sequence[Told]
) -> None:
    """Find from which warehouse a machine takes a material: by its entry, or one above it."""
    used = [told for told in events if told.kind == "material_consumed"]
    if not used:
        return
    materials = sorted({one for told in used if (one := names.material(told)) is not None})
    rows = await connection.fetch(statements.FIND_CONSUMPTION_WAREHOUSES, materials)
    by_place = {(row[0], row[1]): row[2] for row in rows}
    paths = {told.text("equipment") or "" for told in used}
    above = {path: _ancestors(path) for path in paths}
    ids = await master_data.equipment(
        connection, (one for found in above.values() for one in found)
    )
    for told in used:
        where, material_id = told.text("equipment") or "", names.material(told)
        for path in above[where]:
            warehouse = by_place.get((ids.get(path, 0), material_id or 0))
            if warehouse is not None and material_id is not None:
                names.consumed_from[where, material_id] = warehouse
                break


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


async def _add_places(connection: WriteConnection, names: Names, events: Sequence[Told]) -> None:
    wanted: set[tuple[int, str | None, int]] = set()
    for told in events:
        warehouse, material = names.warehouse(told), names.material(told)
        if warehouse is None or material is None:
            continue
        places = {told.text("location")}
        if told.kind == "stock_moved" and (target := told.text("to_location")):
            places.add(target)
        if told.kind == "material_consumed":
            places = {None}
        wanted |= {(warehouse, place, material) for place in places}
    names.locations = await master_data.locations(
        connection, ((warehouse, place) for warehouse, place, _ in wanted if place)
    )
    names.items = await master_data.stock_items(
        connection,
        (
            (warehouse, names.locations[warehouse, place] if place else None, material)
            for warehouse, place, material in wanted
        ),
    )


def by_event(rows: Sequence[tuple[Any, ...]]) -> dict[UUID, list[tuple[Any, ...]]]:
    """Group rows by their event: the first column of every table."""
    found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found
