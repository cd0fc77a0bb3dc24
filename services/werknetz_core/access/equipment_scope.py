"""Which equipment a list may show: what was asked for, within the plants of the key."""

from collections.abc import Sequence
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Query

from werknetz.store.tables import connectors, equipment, signals
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext

EquipmentFilter = Annotated[
    list[str],
    Query(description="Equipment path; it and everything below. Repeated: any of them."),
]
NOTHING: Final = sa.false()


def path_within(path: sa.ColumnElement[str], above: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return whether a path is one of those or below."""
    return sa.or_(
        NOTHING, *(sa.or_(path == at, path.startswith(f"{at}/", autoescape=True)) for at in above)
    )


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
    """A key for plants sees the connectors that serve these alone: gaps name foreign signals."""
    if principal.plants is None:
        return sa.true()
    serving = (
        sa.select(signals.c.connector_id, equipment.c.path)
        .join(equipment, equipment.c.id == signals.c.equipment_id)
        .subquery()
    )
    own = path_visible(serving.c.path, principal)
    here = serving.c.connector_id == connectors.c.id
    return sa.and_(
        sa.exists(sa.select(1).select_from(serving).where(here, own)),
        ~sa.exists(sa.select(1).select_from(serving).where(here, ~own)),
    )
