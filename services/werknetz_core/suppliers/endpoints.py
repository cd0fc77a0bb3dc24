"""Suppliers: where they deliver to, and counts of their open lines, late lines and findings."""

from typing import Annotated, Any, Final, Literal, cast

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.master_data import note_change
from werknetz.store.session import ReadSession
from werknetz.store.tables.findings import findings
from werknetz.store.tables.supply import (
    due_lines,
    partner_identities,
    partners,
    sites,
    supply_relations,
)
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeSupply, MayRead
from werknetz_core.access.supply_scope import SUPPLIER
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page
from werknetz_core.http.key_format import validate_key
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.responses import with_content_etag
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.suppliers.identities import load_identities, set_identities
from werknetz_core.suppliers.kpis import load_supplier_kpis
from werknetz_core.suppliers.policies.versions import load_current_policy
from werknetz_core.suppliers.ranking import refuse_span_without_kpis, respond_with_kpis
from werknetz_core.suppliers.schemas import (
    IdentityView,
    SupplierChange,
    SupplierDetailView,
    SupplierListView,
    SupplierView,
)

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "key",
    tie=SortKey(partners.c.key),
    keys={"key": SortKey(partners.c.key), "name": SortKey(partners.c.name)},
)
_log: Final = get_logger("core.supply")


@router.get("/suppliers", response_model=SupplierListView)
async def list_suppliers(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    with_: Annotated[
        list[Literal["kpis"]],
        Query(alias="with", description="kpis: rates, delays, open lines by age, twelve weeks."),
    ] = [],  # noqa: B006 - FastAPI copies
    start: Annotated[
        str | None, Query(description="Of the KPIs, in whole days. Default: -28d.")
    ] = None,
    end: str | None = None,
    params: ListParamsDep,
) -> Response:
    """List suppliers with their open lines, overdue lines and open findings. Sort: key, name.

    With KPIs also by rank: the lowest OTIF first, those with too few lines last. The ETag is that
    of the content.
    """
    query = _suppliers_query(context, principal)
    if not with_:
        refuse_span_without_kpis(start, end)
        page = await query_page(request, session, params, query, _SORTING, SupplierView)
        return cast("Response", page)
    kpis = await load_supplier_kpis(start or "-28d", end, context, principal)
    rows = (await session.execute(query)).mappings().all()
    return with_content_etag(request, respond_with_kpis(request, params, rows, kpis))


@router.get("/suppliers/{key}")
async def show_supplier(
    key: str, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> SupplierDetailView:
    """Show a supplier by its key or any of its numbers, with the policy that its KPIs use."""
    supplier_id = await supply_scope.resolve_id(SUPPLIER, key, session, principal)
    return await _load_detail(supplier_id, context, session, principal)


@router.put("/suppliers/{key}")
async def set_supplier(
    key: str,
    change: SupplierChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeSupply,
) -> SupplierDetailView:
    """Create or change a supplier. A number of another supplier moves here with its events."""
    principal.require_all_plants()
    if change.identities is not None:
        await note_change(session)
    existing = sa.select(partners.c.id, partners.c.name).where(partners.c.key == key)
    former = (
        (await session.execute(existing.with_for_update(key_share=True))).mappings().one_or_none()
    )
    supplier_id = None if former is None else former["id"]
    after = change.model_dump(mode="json", exclude_none=True)
    before: dict[str, object] | None = None
    if former is not None:
        before = {"name": former["name"]}
        if change.identities is not None:
            before["identities"] = await load_identities(session, "partner_id", former["id"])
        before = {name: value for name, value in before.items() if name in after}
    if supplier_id is None:
        new = sa.insert(partners).values(
            key=validate_key(key, "supplier"), name=change.name or key, roles=["supplier"]
        )
        supplier_id = await session.scalar(new.returning(partners.c.id))
    elif change.name is not None:
        await session.execute(
            sa.update(partners).where(partners.c.id == supplier_id).values(name=change.name)
        )
    if change.identities is not None:
        await set_identities(session, "partner_id", supplier_id, change.identities)
    await record_change(
        session, principal, "changed", ("supplier", key), before=before, after=after
    )
    _log.info("supplier changed", supplier=key, by=principal.name)
    return await _load_detail(supplier_id, context, session, principal)


async def _load_detail(
    supplier_id: int, context: AppContext, session: ReadSession, principal: Principal
) -> SupplierDetailView:
    query = _suppliers_query(context, principal, only=partners.c.id == supplier_id)
    row = (await session.execute(query)).mappings().one()
    identities_query = (
        sa.select(partner_identities)
        .where(partner_identities.c.partner_id == supplier_id)
        .order_by(partner_identities.c.value)
    )
    identities = (await session.execute(identities_query)).mappings().all()
    return SupplierDetailView(
        **row,
        identities=[IdentityView(**identity) for identity in identities],
        policy=await load_current_policy(session, supplier_id, context),
    )


def _suppliers_query(
    context: AppContext, principal: Principal, only: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    """Select suppliers with counts of what the key may see, at the sites of its plants only."""
    r, d, f = supply_relations.c, due_lines.c, findings.c
    has_relation = sa.and_(
        r.supplier_id == partners.c.id, supply_scope.site_visible(principal, r.site_id)
    )
    site_keys = (
        sa.select(sa.func.array_agg(sa.distinct(sites.c.key)))
        .select_from(supply_relations.join(sites, sites.c.id == r.site_id))
        .where(has_relation)
    )
    relations = sa.select(sa.func.count()).select_from(supply_relations).where(has_relation)
    open_lines = (
        sa.select(sa.func.count())
        .select_from(due_lines.join(supply_relations, r.id == d.relation_id))
        .where(has_relation, d.open_quantity > 0)
    )
    now = sa.literal(instant_of(context.now_us()), d.window_until.type)
    open_findings = (
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
        )
    )
    if only is None:
        delivers = sa.select(1).select_from(supply_relations).where(has_relation).exists()
        is_supplier = partners.c.roles.contains(sa.cast(["supplier"], partners.c.roles.type))
        only = sa.or_(delivers, is_supplier)
    return sa.select(
        partners,
        sa.func.coalesce(site_keys.scalar_subquery(), sa.text("'{}'")).label("sites"),
        _count_column(relations, "relations"),
        _count_column(open_lines, "open_lines"),
        _count_column(open_lines.where(d.window_until <= now), "overdue_lines"),
        _count_column(open_findings, "open_findings"),
    ).where(supply_scope.supplier_visible(principal, partners.c.id), only)


def _count_column(query: sa.Select[Any], name: str) -> sa.Label[Any]:
    return query.correlate(partners).scalar_subquery().label(name)
