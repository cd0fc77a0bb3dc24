"""Suppliers: who delivers what, what of it is open, late or does not fit together."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import logger
from werknetz.store.finding import findings
from werknetz.store.master_data import ALONE
from werknetz.store.supply import (
    due_lines,
    partner_identities,
    partners,
    sites,
    supply_relations,
)
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import SUPPLIER
from werknetz_core.context.app_context import Core, Engineer, Platform, Reading, Viewer, Writing
from werknetz_core.context.collection import paged
from werknetz_core.http import pagination
from werknetz_core.http.key_format import checked_key
from werknetz_core.http.list_params import Asked
from werknetz_core.http.sorting import Key, Sorting
from werknetz_core.suppliers import identities
from werknetz_core.suppliers.policies import policy_of
from werknetz_core.suppliers.schemas import (
    IdentityView,
    SupplierChange,
    SupplierDetailView,
    SupplierView,
)

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "key",
    tie=Key(partners.c.key),
    keys={"key": Key(partners.c.key), "name": Key(partners.c.name)},
)
_log: Final = logger("core.supply")


@router.get("/suppliers")
async def list_suppliers(
    request: Request, core: Core, reading: Reading, principal: Viewer, asked: Asked
) -> pagination.Page[SupplierView]:
    """List suppliers with what is open, overdue and does not fit together. Sort: key, name."""
    query = _shown(core, principal)
    return await paged(request, reading, asked, query, _SORTING, SupplierView)


@router.get("/suppliers/{key}")
async def show_supplier(
    key: str, core: Core, reading: Reading, principal: Viewer
) -> SupplierDetailView:
    """Show a supplier by its key or any of its numbers, with the policy that its KPIs follow."""
    number = await supply_scope.id_of(SUPPLIER, key, reading, principal)
    return await _detail(number, core, reading, principal)


@router.put("/suppliers/{key}")
async def set_supplier(
    key: str, change: SupplierChange, core: Core, writing: Writing, principal: Engineer
) -> SupplierDetailView:
    """Make or change a supplier. A number that another had moves here, with all its messages."""
    principal.demand_all_plants()
    if change.identities is not None:
        await writing.execute(sa.text(ALONE))
    found = sa.select(partners.c.id).where(partners.c.key == key)
    number = await writing.scalar(found.with_for_update())
    if number is None:
        new = sa.insert(partners).values(
            key=checked_key(key, "supplier"), name=change.name or key, roles=["supplier"]
        )
        number = await writing.scalar(new.returning(partners.c.id))
    elif change.name is not None:
        await writing.execute(
            sa.update(partners).where(partners.c.id == number).values(name=change.name)
        )
    if change.identities is not None:
        await identities.give(writing, "partner_id", number, change.identities)
    _log.info("supplier changed", supplier=key, by=principal.name)
    return await _detail(number, core, writing, principal)


async def _detail(
    number: int, core: Platform, reading: AsyncConnection, principal: Principal
) -> SupplierDetailView:
    query = _shown(core, principal, only=partners.c.id == number)
    row = (await reading.execute(query)).mappings().one()
    values = (
        sa.select(partner_identities)
        .where(partner_identities.c.partner_id == number)
        .order_by(partner_identities.c.value)
    )
    told = (await reading.execute(values)).mappings().all()
    return SupplierDetailView(
        **row,
        identities=[IdentityView(**each) for each in told],
        policy=await policy_of(reading, number, core),
    )


def _shown(
    core: Platform, principal: Principal, only: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    """Count what the key may see: of a supplier to two plants, each sees its own lines."""
    r, d, f = supply_relations.c, due_lines.c, findings.c
    own = sa.and_(r.supplier_id == partners.c.id, supply_scope.site_visible(principal, r.site_id))
    lines = due_lines.join(supply_relations, r.id == d.relation_id)
    now = sa.literal(instant_of(core.now_us()), d.window_until.type)
    is_open = sa.and_(own, d.open_quantity > 0)
    to = (
        sa.select(sa.func.array_agg(sa.distinct(sites.c.key)))
        .select_from(supply_relations.join(sites, sites.c.id == r.site_id))
        .where(own)
    )
    delivers = sa.select(1).select_from(supply_relations).where(own).exists()
    is_supplier = partners.c.roles.contains(sa.cast(["supplier"], partners.c.roles.type))
    seen = only if only is not None else sa.or_(delivers, is_supplier)
    return sa.select(
        partners,
        sa.func.coalesce(to.scalar_subquery(), sa.text("'{}'")).label("sites"),
        _count(sa.select(sa.func.count()).select_from(supply_relations).where(own), "relations"),
        _count(sa.select(sa.func.count()).select_from(lines).where(is_open), "open_lines"),
        _count(
            sa.select(sa.func.count()).select_from(lines).where(is_open, d.window_until <= now),
            "overdue_lines",
        ),
        _count(
            sa.select(sa.func.count())
            .select_from(findings)
            .where(
                f.supplier_id == partners.c.id,
                f.cleared_at.is_(None),
                sa.or_(
                    supply_scope.relation_visible(principal, f.relation_id),
                    supply_scope.site_visible(principal, f.site_id),
                    supply_scope.warehouse_visible(principal, f.warehouse_id),
                ),
            ),
            "open_findings",
        ),
    ).where(supply_scope.supplier_visible(principal, partners.c.id), seen)


def _count(query: sa.Select[Any], name: str) -> sa.Label[Any]:
    return query.correlate(partners).scalar_subquery().label(name)
