"""Supply policies: the definition of on time and in full. A version never changes."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.store.tables.supply import partners, supply_policies
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayChangePolicies, MayRead
from werknetz_core.access.supply_scope import SUPPLIER
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import load_page, page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.suppliers.policies.schemas import NewPolicy, PolicyVersionView
from werknetz_core.suppliers.policies.versions import (
    POLICIES_QUERY,
    add_policy_version,
    version_view,
)

router = APIRouter(tags=["supply"])
_P: Final = supply_policies.c
_SORTING: Final = Sorting(
    "supplier",
    tie=SortKey(_P.id, SortType.NUMBER),
    keys={
        "supplier": SortKey(sa.func.coalesce(partners.c.key, "")),
        "valid_from": SortKey(_P.valid_from, SortType.TIME),
        "version": SortKey(_P.version, SortType.NUMBER),
    },
)


@router.get("/supply_policies")
async def list_supply_policies(
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[PolicyVersionView]:
    """List every version of every policy. Sort: supplier (the default: first), valid_from, version.

    Without any version, the built-in policy applies: GET /api/v1/suppliers/KEY shows it.
    """
    query = POLICIES_QUERY.where(
        sa.or_(_P.supplier_id.is_(None), supply_scope.supplier_visible(principal, _P.supplier_id)),
        await supply_scope.name_condition(SUPPLIER, supplier, _P.supplier_id, session, principal),
    )
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    items = [version_view(row) for row in rows]
    return page_response(request, params, items, PolicyVersionView, next_cursor=next_cursor)


@router.put("/supply_policies")
async def set_default_policy(
    new: NewPolicy, context: ContextDep, session: WriteSessionDep, principal: MayChangePolicies
) -> PolicyVersionView:
    """Add a version of the default policy; KPIs of suppliers without their own are recomputed."""
    principal.require_all_plants()
    return await add_policy_version(new, None, context, session, principal)


@router.put("/suppliers/{key}/policy")
async def set_supplier_policy(
    key: str,
    new: NewPolicy,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangePolicies,
) -> PolicyVersionView:
    """Add a version for a supplier; its KPIs are recomputed. An equal version changes nothing."""
    supplier_id = await supply_scope.resolve_id(SUPPLIER, key, session, principal)
    principal.require_all_plants()
    return await add_policy_version(new, supplier_id, context, session, principal)
