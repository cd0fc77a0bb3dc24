"""Equipment filters of lists: the requested equipment, restricted to the plants of the key."""

from collections.abc import Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import Query

from werknetz.store.tables import (
    connector_subjects,
    connectors,
    equipment,
    signals,
    sites,
    supply_relations,
    warehouses,
)
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext

EquipmentFilter = Annotated[
    list[str],
    Query(description="Equipment path: this equipment and all below it. Repeated: any of them."),
]


def path_within(path: sa.ColumnElement[str], roots: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a path is one of the roots or below one."""
    below = (sa.or_(path == at, path.startswith(f"{at}/", autoescape=True)) for at in roots)
    return sa.or_(sa.false(), *below)


def path_visible(path: sa.ColumnElement[str], principal: Principal) -> sa.ColumnElement[bool]:
    return sa.true() if principal.plants is None else path_within(path, principal.plants)


async def equipment_condition(
    under: Sequence[str], context: AppContext, principal: Principal
) -> sa.ColumnElement[bool]:
    """Return the condition on `equipment.path`; raise if an equipment is unknown or not allowed."""
    for path in under:
        await context.tree.find_node(path, principal)
    allowed = path_visible(equipment.c.path, principal)
    return sa.and_(allowed, path_within(equipment.c.path, under)) if under else allowed


def connector_visible(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the condition that a connector serves only plants of the key.

    It serves the plants of its signals and of the relations, warehouses and machines that its
    events are about. A connector of several plants would show the data of other plants, for
    example in gaps.
    """
    if principal.plants is None:
        return sa.true()
    served = _served_paths()
    visible = path_visible(served.c.path, principal)
    of_connector = served.c.connector_id == connectors.c.id
    return sa.and_(
        sa.exists(sa.select(1).select_from(served).where(of_connector, visible)),
        ~sa.exists(sa.select(1).select_from(served).where(of_connector, ~visible)),
    )


def _served_paths() -> sa.Subquery:
    """Return (connector_id, path); an empty path: it belongs to no known plant."""
    of_signals = sa.select(signals.c.connector_id, equipment.c.path).join(
        equipment, equipment.c.id == signals.c.equipment_id
    )
    subject, site = connector_subjects.c, sites.alias()
    storage_site = sites.alias()
    place = sa.func.coalesce(
        subject.equipment_id, site.c.equipment_id, warehouses.c.equipment_id,
        storage_site.c.equipment_id,
    )  # fmt: skip
    of_events = (
        sa.select(subject.connector_id, sa.func.coalesce(equipment.c.path, "").label("path"))
        .outerjoin(supply_relations, supply_relations.c.id == subject.relation_id)
        .outerjoin(site, site.c.id == supply_relations.c.site_id)
        .outerjoin(warehouses, warehouses.c.id == subject.warehouse_id)
        .outerjoin(storage_site, storage_site.c.id == warehouses.c.site_id)
        .outerjoin(equipment, equipment.c.id == place)
    )
    return sa.union_all(of_signals, of_events).subquery("served")
