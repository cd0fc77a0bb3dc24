"""Resolves the material of a message: by our number, the supplier's number, or the EAN.

A supplier's number is looked up together with the supplier, because two suppliers may use the
same. Without a supplier, the number must belong to exactly one material.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from werknetz.store.projection import materials as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection import master_data
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.master_data import MasterData

Number = tuple[str, int | None, str]  # kind, partner, number


@dataclass
class MaterialLookup:
    """The materials of the numbers in a batch."""

    by_own_number: dict[str, int] = field(default_factory=dict)
    by_alias: dict[Number, int] = field(default_factory=dict)
    by_supplier_number: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    events_by_shared_number: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Supplier's numbers that mean several materials, with the events that use them."""
    new_numbers: list[str] = field(default_factory=list)

    def find(self, event: EventRevision, partner_id: int | None) -> int | None:
        """Return the material; None if it is not named, unknown or ambiguous."""
        named = event.named
        if number := named.material:
            return self.by_own_number.get(number) or self.by_alias.get(("own", None, number))
        if number := named.supplier_material:
            if partner_id is not None:
                material_id = self.by_alias.get(("supplier", partner_id, number))
                if material_id is not None:
                    return material_id
            elif len(self.by_supplier_number[number]) == 1:
                return next(iter(self.by_supplier_number[number]))
        if number := named.ean:
            return self.by_alias.get(("ean", None, number))
        return None


def material_number_of(event: EventRevision) -> str | None:
    """Return the number by which the event names its material, for a finding."""
    return event.named.material or event.named.supplier_material or event.named.ean


async def load_materials(
    master: MasterData, events: Sequence[EventRevision], partners: dict[str, int]
) -> MaterialLookup:
    """Look up all numbers of the events; store new aliases that they contain."""
    lookup = MaterialLookup()
    aliases = await _load_aliases(master.connection, events)
    own = {event.named.material for event in events} - {
        number for kind, partner, number in aliases if kind == "own" and partner is None
    }
    lookup.by_own_number = await master_data.resolve_names(master, "materials", own)
    lookup.by_alias = aliases
    new_aliases: dict[Number, int] = {}
    descriptions: dict[int, str] = {}
    for event in events:
        named = event.named
        number_of_supplier, ean, text = named.supplier_material, named.ean, named.description
        if not (number_of_supplier or ean or text):
            continue
        own_number = named.material or ""
        material = lookup.by_own_number.get(own_number) or aliases.get(("own", None, own_number))
        if material is None:
            continue
        supplier = partners.get(named.supplier or "")
        if number_of_supplier and supplier is not None:
            new_aliases.setdefault(("supplier", supplier, number_of_supplier), material)
        if ean:
            new_aliases.setdefault(("ean", None, ean), material)
        if text:
            descriptions.setdefault(material, text)
    await master_data.add_descriptions(master, descriptions)
    new = sorted((key for key in new_aliases if key not in lookup.by_alias), key=str)
    if new:
        async with master.adding() as connection:
            await connection.execute(
                statements.ADD_MATERIAL_NUMBERS,
                [new_aliases[key] for key in new], [key[1] for key in new],
                [key[0] for key in new], [key[2] for key in new],
            )  # fmt: skip
        lookup.by_alias = await _load_aliases(master.connection, events)
        lookup.new_numbers = [key[2] for key in new]
    _collect_shared(lookup, events, partners)
    return lookup


async def _load_aliases(
    connection: WriteConnection, events: Sequence[EventRevision]
) -> dict[Number, int]:
    texts = {event.named.material for event in events}
    texts |= {event.named.supplier_material for event in events}
    texts |= {event.named.ean for event in events}
    numbers = sorted(text for text in texts if text)
    rows = await connection.fetch(statements.FIND_MATERIAL_NUMBERS, numbers) if numbers else []
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _collect_shared(
    lookup: MaterialLookup, events: Sequence[EventRevision], partners: dict[str, int]
) -> None:
    for (kind, _, number_of_supplier), material in lookup.by_alias.items():
        if kind == "supplier":
            lookup.by_supplier_number[number_of_supplier].add(material)
    for event in events:
        number = event.named.supplier_material
        if number and event.known_to is None:
            key = ("supplier", partners.get(event.named.supplier or ""), number)
            material_id = lookup.find(event, key[1])
            if (
                len(lookup.by_supplier_number[number]) > 1
                or lookup.by_alias.get(key, material_id) != material_id
            ):
                lookup.events_by_shared_number[number].add(event.event_id)
