"""Which material a message means: our number, else the supplier's, else the EAN; never a guess.

A supplier's number is looked up with the supplier, since two may use the same. Where the supplier
is not told, the number must be one supplier's alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from werknetz.store.projection import materials as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection import master_data
from werknetz_worker.projection.event_revisions import Told

Number = tuple[str, int | None, str]  # kind, partner, number


@dataclass
class Materials:
    """What a batch's numbers mean."""

    own: dict[str, int] = field(default_factory=dict)
    known: dict[Number, int] = field(default_factory=dict)
    by_number: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    shared: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Supplier's numbers that mean several materials, with the events that say them."""
    learnt: list[str] = field(default_factory=list)

    def of(self, told: Told, partner_id: int | None) -> int | None:
        """Return the material; None: it is not named, not known, or could be one of several."""
        if number := told.text("material"):
            return self.own.get(number) or self.known.get(("own", None, number))
        if number := told.text("supplier_material"):
            if partner_id is not None:
                found = self.known.get(("supplier", partner_id, number))
                if found is not None:
                    return found
            elif len(self.by_number[number]) == 1:
                return next(iter(self.by_number[number]))
        if number := told.text("ean"):
            return self.known.get(("ean", None, number))
        return None


def names_material(told: Told) -> str | None:
    """Return the number by which the event names its material, for a finding."""
    return told.text("material") or told.text("supplier_material") or told.text("ean")


async def materials_of(
    connection: WriteConnection, events: Sequence[Told], partners: dict[str, int]
) -> Materials:
    """Look up all numbers of the events; learn what they say belongs together."""
    found = Materials()
    aliases = await _known(connection, events)
    own = {told.text("material") for told in events} - {
        number for kind, partner, number in aliases if kind == "own" and partner is None
    }
    found.own = await master_data.identities(connection, "materials", own)
    found.known = aliases
    lessons: dict[Number, int] = {}
    descriptions: dict[int, str] = {}
    for told in events:
        own_number = told.text("material") or ""
        material = found.own.get(own_number) or aliases.get(("own", None, own_number))
        if material is None:
            continue
        supplier = partners.get(told.text("supplier") or "")
        if (theirs := told.text("supplier_material")) and supplier is not None:
            lessons.setdefault(("supplier", supplier, theirs), material)
        if ean := told.text("ean"):
            lessons.setdefault(("ean", None, ean), material)
        if text := told.text("description"):
            descriptions.setdefault(material, text)
    await master_data.describe(connection, descriptions)
    new = sorted((key for key in lessons if key not in found.known), key=str)
    if new:
        await connection.execute(
            statements.ADD_MATERIAL_NUMBERS,
            [lessons[key] for key in new], [key[1] for key in new],
            [key[0] for key in new], [key[2] for key in new],
        )  # fmt: skip
        found.known = await _known(connection, events)
        found.learnt = [key[2] for key in new]
    _see_shared(found, events, partners)
    return found


async def _known(connection: WriteConnection, events: Sequence[Told]) -> dict[Number, int]:
    names = ("material", "supplier_material", "ean")
    said = sorted({text for told in events for name in names if (text := told.text(name))})
    rows = await connection.fetch(statements.FIND_MATERIAL_NUMBERS, said) if said else []
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _see_shared(found: Materials, events: Sequence[Told], partners: dict[str, int]) -> None:
    for (kind, _, known), material in found.known.items():
        if kind == "supplier":
            found.by_number[known].add(material)
    for told in events:
        number = told.text("supplier_material")
        if number and told.known_to is None:
            key = ("supplier", partners.get(told.text("supplier") or ""), number)
            meant = found.of(told, key[1])
            if len(found.by_number[number]) > 1 or found.known.get(key, meant) != meant:
                found.shared[number].add(told.event_id)
