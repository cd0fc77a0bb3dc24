"""Restricts supply data to the sites and warehouses of the plants of a key.

Data that belongs to no known plant is visible only to keys for all plants.
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
from werknetz.texts.sentence import Sentence
from werknetz_core.access.equipment_scope import path_visible
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem

_CANDIDATES_MAX: Final = 2000  # names that are compared to suggest one
Ids = sa.ColumnElement[Any]
Names = list[str]
SupplierFilter = Annotated[
    Names, Query(alias="supplier", description="Key or number. Repeated: any of them.")
]
MaterialFilter = Annotated[
    Names, Query(alias="material", description="Number or alias. Repeated: any of them.")
]
SiteFilter = Annotated[
    Names, Query(alias="site", description="Key or code. Repeated: any of them.")
]
WarehouseFilter = Annotated[
    Names, Query(alias="warehouse", description="Key or code. Repeated: any of them.")
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
    site, plant = sites.alias(), equipment.alias()
    query = sa.select(site.c.id).join(plant, plant.c.id == site.c.equipment_id)
    return site_id.in_(query.where(path_visible(plant.c.path, principal)))


def warehouse_visible(principal: Principal, warehouse_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    warehouse = PLANT_OF_WAREHOUSE.alias()
    return warehouse_id.in_(
        sa.select(warehouse.c.warehouse_id).where(path_visible(warehouse.c.path, principal))
    )


def relation_visible(principal: Principal, relation_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    relation = supply_relations.alias()
    return relation_id.in_(
        sa.select(relation.c.id).where(site_visible(principal, relation.c.site_id))
    )


def supplier_visible(principal: Principal, partner_id: Ids) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        return sa.true()
    relation = supply_relations.alias()
    return partner_id.in_(
        sa.select(relation.c.supplier_id).where(site_visible(principal, relation.c.site_id))
    )


def material_visible(principal: Principal, material_id: Ids) -> sa.ColumnElement[bool]:
    """Return the condition that a material is delivered to, stored or used in the key's plants."""
    if principal.plants is None:
        return sa.true()
    relation, item, line = supply_relations.alias(), stock_items.alias(), line_materials.alias()
    machine = equipment.alias()
    used = sa.select(line.c.material_id).join(machine, machine.c.id == line.c.equipment_id)
    return sa.or_(
        material_id.in_(
            sa.select(relation.c.material_id).where(site_visible(principal, relation.c.site_id))
        ),
        material_id.in_(
            sa.select(item.c.material_id).where(warehouse_visible(principal, item.c.warehouse_id))
        ),
        material_id.in_(used.where(path_visible(machine.c.path, principal))),
    )


@dataclass(frozen=True, slots=True)
class MasterDataKind:
    """A kind of master data: how its objects are named, and which of them a key may see."""

    label: str
    id: Ids
    name: Ids
    aliases: sa.Select[Any]  # of (id, name): further names, such as those in messages
    visible: Callable[[Principal, Ids], sa.ColumnElement[bool]]
    collection: str  # route that lists them


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
    """Return the ids of all visible objects with one of the names; raise 404 for an unknown name.

    A name is a key or an alias; several objects may have the same alias.
    """
    ids = await _ids_by_key(kind, names, session, principal)
    alias_id, alias = kind.aliases.selected_columns
    query = kind.aliases.where(alias.in_(names), kind.visible(principal, alias_id))
    for object_id, name in await session.execute(query):
        ids.setdefault(name, set()).add(object_id)
    for name in names:
        if name not in ids:
            raise await _unknown_name(kind, name, session, principal)
    return sorted(set().union(*ids.values()))


async def resolve_id(
    kind: MasterDataKind, name: str, session: ReadSession, principal: Principal
) -> int:
    """Return the id of the object with the name: a key before an alias; 409 if ambiguous."""
    by_key = await _ids_by_key(kind, [name], session, principal)
    ids = [*by_key[name]] if by_key else await resolve_ids(kind, [name], session, principal)
    if len(ids) > 1:
        query = sa.select(kind.name).where(kind.id.in_(ids)).order_by(kind.name)
        keys = ", ".join((await session.scalars(query)).all())
        raise Problem(
            409,
            f"ambiguous_{kind.label}",
            Sentence("supply.ambiguous_name", name=name, label=kind.label),
            Sentence("supply.use_a_key", keys=keys),
        )
    return ids[0]


async def name_condition(
    kind: MasterDataKind,
    names: Sequence[str],
    column: Ids,
    session: ReadSession,
    principal: Principal,
) -> sa.ColumnElement[bool]:
    """Return the condition that a column is the id of one of the names; no names: any id."""
    return column.in_(await resolve_ids(kind, names, session, principal)) if names else sa.true()


async def _ids_by_key(
    kind: MasterDataKind, names: Sequence[str], session: ReadSession, principal: Principal
) -> dict[str, set[int]]:
    query = sa.select(kind.name, kind.id).where(kind.name.in_(names))
    rows = await session.execute(query.where(kind.visible(principal, kind.id)))
    return {name: {object_id} for name, object_id in rows}


async def _unknown_name(
    kind: MasterDataKind, name: str, session: ReadSession, principal: Principal
) -> Problem:
    query = sa.select(kind.name).where(kind.visible(principal, kind.id)).limit(_CANDIDATES_MAX)
    candidates = (await session.scalars(query)).all()
    near = difflib.get_close_matches(name, candidates, n=3, cutoff=0.5)
    return Problem(
        404,
        f"unknown_{kind.label}",
        Sentence("supply.unknown_name", label=kind.label, name=name),
        Sentence("requests.did_you_mean", near=[*near])
        if near
        else Sentence("supply.collection_lists_them", collection=kind.collection),
    )
