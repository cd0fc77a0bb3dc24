"""Suppliers: who delivers what, what of it is open, late or does not fit together."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.finding import findings
from werknetz.store.master_data import ALONE
from werknetz.store.session import ReadSession
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
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.key_format import validate_key
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.suppliers import identities
from werknetz_core.suppliers.policies.endpoints import policy_of
from werknetz_core.suppliers.schemas import (
    IdentityView,
    SupplierChange,
    SupplierDetailView,
    SupplierView,
)

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "key",
    tie=SortKey(partners.c.key),
    keys={"key": SortKey(partners.c.key), "name": SortKey(partners.c.name)},
)
_log: Final = get_logger("core.supply")


@router.get("/suppliers")
async def list_suppliers(
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
) -> pagination.Page[SupplierView]:
    """List suppliers with what is open, overdue and does not fit together. Sort: key, name."""
    query = _shown(context, principal)
    return await query_page(request, session, params, query, _SORTING, SupplierView)


@router.get("/suppliers/{key}")
async def show_supplier(
    key: str, context: ContextDep, session: ReadSessionDep, principal: Viewer
) -> SupplierDetailView:
    """Show a supplier by its key or any of its numbers, with the policy that its KPIs follow."""
    number = await supply_scope.resolve_id(SUPPLIER, key, session, principal)
    return await _detail(number, context, session, principal)


@router.put("/suppliers/{key}")
async def set_supplier(
    key: str,
    change: SupplierChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: Engineer,
) -> SupplierDetailView:
    """Make or change a supplier. A number that another had moves here, with all its messages."""
    principal.require_all_plants()
    if change.identities is not None:
        await session.execute(sa.text(ALONE))
    found = sa.select(partners.c.id).where(partners.c.key == key)
    number = await session.scalar(found.with_for_update())
    if number is None:
        new = sa.insert(partners).values(
            key=validate_key(key, "supplier"), name=change.name or key, roles=["supplier"]
        )
        number = await session.scalar(new.returning(partners.c.id))
    elif change.name is not None:
        await session.execute(
            sa.update(partners).where(partners.c.id == number).values(name=change.name)
        )
    if change.identities is not None:
        await identities.give(session, "partner_id", number, change.identities)
    _log.info("supplier changed", supplier=key, by=principal.name)
    return await _detail(number, context, session, principal)


async def _detail(
    number: int, context: AppContext, session: ReadSession, principal: Principal
) -> SupplierDetailView:
    query = _shown(context, principal, only=partners.c.id == number)
    row = (await session.execute(query)).mappings().one()
    values = (
        sa.select(partner_identities)
        .where(partner_identities.c.partner_id == number)
        .order_by(partner_identities.c.value)
    )
    told = (await session.execute(values)).mappings().all()
    return SupplierDetailView(
        **row,
        identities=[IdentityView(**each) for each in told],
        policy=await policy_of(session, number, context),
    )


def _shown(
    context: AppContext, principal: Principal, only: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    """Count what the key may see: of a supplier to two plants, each sees its own lines."""
    r, d, f = supply_relations.c, due_lines.c, findings.c
    own = sa.and_(r.supplier_id == partners.c.id, supply_scope.site_visible(principal, r.site_id))
    lines = due_lines.join(supply_relations, r.id == d.relation_id)
    now = sa.literal(instant_of(context.now_us()), d.window_until.type)
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
