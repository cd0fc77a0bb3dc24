"""Which supply a key may see: that of its plants' sites and warehouses, and nothing else.

What belongs to no plant that is known is only for keys of all plants.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import Query

from werknetz.store.session import ReadSession
from werknetz.store.tables import equipment
from werknetz.store.tables.stock import line_materials, stock_items, warehouses
from werknetz.store.tables.supply import (
    material_numbers,
    materials,
    partner_identities,
    partners,
    site_identities,
    sites,
    supply_relations,
)
from werknetz_core.access.equipment_scope import path_visible
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem

_NEAR_OF: Final = 2000
Ids = sa.ColumnElement[Any]
Names = list[str]
SupplierFilter = Annotated[
    Names, Query(alias="supplier", description="Key or number. Repeated: any.")
]
MaterialFilter = Annotated[
    Names, Query(alias="material", description="Any number of it. Repeated: any.")
]
SiteFilter = Annotated[Names, Query(alias="site", description="Key or code. Repeated: any.")]
WarehouseFilter = Annotated[
    Names, Query(alias="warehouse", description="Key or code. Repeated: any.")
]

RELATIONS: Final = (
    supply_relations.join(partners, partners.c.id == supply_relations.c.supplier_id)
    .join(materials, materials.c.id == supply_relations.c.material_id)
    .outerjoin(sites, sites.c.id == supply_relations.c.site_id)
)
RELATION_NAMES: Final = (
    partners.c.key.label("supplier"), materials.c.number.label("material"),
    sites.c.key.label("site"), supply_relations.c.dock,
)  # fmt: skip
PLANT_OF_WAREHOUSE: Final = (
    sa.select(warehouses.c.id.label("warehouse_id"), equipment.c.path)
    .select_from(
        warehouses.outerjoin(sites, sites.c.id == warehouses.c.site_id).join(
            equipment,
            equipment.c.id == sa.func.coalesce(warehouses.c.equipment_id, sites.c.equipment_id),
        )
    )
    .subquery("plant_of_warehouse")
)


def site_visible(principal: Principal, site_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    own, plant = sites.alias(), equipment.alias()
    query = sa.select(own.c.id).join(plant, plant.c.id == own.c.equipment_id)
    return site_id.in_(query.where(path_visible(plant.c.path, principal)))


def warehouse_visible(principal: Principal, warehouse_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    own = PLANT_OF_WAREHOUSE.alias()
    return warehouse_id.in_(
        sa.select(own.c.warehouse_id).where(path_visible(own.c.path, principal))
    )


def relation_visible(principal: Principal, relation_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    own = supply_relations.alias()
    return relation_id.in_(sa.select(own.c.id).where(site_visible(principal, own.c.site_id)))


def supplier_visible(principal: Principal, partner_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    own = supply_relations.alias()
    return partner_id.in_(
        sa.select(own.c.supplier_id).where(site_visible(principal, own.c.site_id))
    )


def material_visible(principal: Principal, material_id: Ids) -> sa.ColumnElement[bool]:
    """A material that is delivered to, kept or used in the key's plants."""
    if principal.plants is None:
        return sa.true()
    relation, item, line = supply_relations.alias(), stock_items.alias(), line_materials.alias()
    place = equipment.alias()
    used = sa.select(line.c.material_id).join(place, place.c.id == line.c.equipment_id)
    return sa.or_(
        material_id.in_(
            sa.select(relation.c.material_id).where(site_visible(principal, relation.c.site_id))
        ),
        material_id.in_(
            sa.select(item.c.material_id).where(warehouse_visible(principal, item.c.warehouse_id))
        ),
        material_id.in_(used.where(path_visible(place.c.path, principal))),
    )


@dataclass(frozen=True, slots=True)
class MasterDataKind:
    """How things of a kind are named, and which of them a key sees."""

    label: str
    id: Ids
    name: Ids
    aliases: sa.Select[Any]  # of (id, name): what they are called besides
    visible: Callable[[Principal, Ids], sa.ColumnElement[bool]]
    collection: str  # where they are listed


SUPPLIER: Final = MasterDataKind(
    "supplier", partners.c.id, partners.c.key,
    sa.select(partner_identities.c.partner_id, partner_identities.c.value), supplier_visible,
    "suppliers",
)  # fmt: skip
SITE: Final = MasterDataKind(
    "site", sites.c.id, sites.c.key,
    sa.select(site_identities.c.site_id, site_identities.c.value), site_visible,
    "suppliers",
)  # fmt: skip
MATERIAL: Final = MasterDataKind(
    "material", materials.c.id, materials.c.number,
    sa.select(material_numbers.c.material_id, material_numbers.c.number), material_visible,
    "materials",
)  # fmt: skip
WAREHOUSE: Final = MasterDataKind(
    "warehouse", warehouses.c.id, warehouses.c.key,
    sa.select(warehouses.c.id, warehouses.c.code), warehouse_visible,
    "warehouses",
)  # fmt: skip


async def resolve_ids(
    kind: MasterDataKind, names: Sequence[str], session: ReadSession, principal: Principal
) -> list[int]:
    """Return all that is named so and may be seen; raise 404 for a name that nothing has."""
    found = await _own(kind, names, session, principal)
    number, value = kind.aliases.selected_columns
    other = kind.aliases.where(value.in_(names), kind.visible(principal, number))
    for one, name in await session.execute(other):
        found.setdefault(name, set()).add(one)
    for name in names:
        if name not in found:
            raise await _unknown(kind, name, session, principal)
    return sorted({number for numbers in found.values() for number in numbers})


async def resolve_id(
    kind: MasterDataKind, name: str, session: ReadSession, principal: Principal
) -> int:
    """Return the one thing of this name: its own before those that messages use; several: 409."""
    own = await _own(kind, [name], session, principal)
    found = [*own[name]] if own else await resolve_ids(kind, [name], session, principal)
    if len(found) > 1:
        query = sa.select(kind.name).where(kind.id.in_(found)).order_by(kind.name)
        known = ", ".join((await session.scalars(query)).all())
        raise Problem(
            409, f"ambiguous_{kind.label}", f"{name!r} is the name of more than one {kind.label}.",
            f"Write one of {known}.",
        )  # fmt: skip
    return found[0]


async def _own(
    kind: MasterDataKind, names: Sequence[str], session: ReadSession, principal: Principal
) -> dict[str, set[int]]:
    own = sa.select(kind.name, kind.id).where(kind.name.in_(names))
    rows = await session.execute(own.where(kind.visible(principal, kind.id)))
    return {name: {number} for name, number in rows}


async def name_condition(
    kind: MasterDataKind,
    names: Sequence[str],
    column: Ids,
    session: ReadSession,
    principal: Principal,
) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of what was named; nothing named: anything."""
    return column.in_(await resolve_ids(kind, names, session, principal)) if names else sa.true()


async def _unknown(
    kind: MasterDataKind, name: str, session: ReadSession, principal: Principal
) -> Problem:
    known = sa.select(kind.name).where(kind.visible(principal, kind.id)).limit(_NEAR_OF)
    near = difflib.get_close_matches(name, (await session.scalars(known)).all(), n=3, cutoff=0.5)
    listed = f"GET /api/v1/{kind.collection} lists them."
    return Problem(
        404, f"unknown_{kind.label}", f"There is no {kind.label} {name!r} that this key may see.",
        f"Did you mean {', '.join(near)}?" if near else listed,
    )  # fmt: skip
