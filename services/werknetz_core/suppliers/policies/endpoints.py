"""Policies: what on time and in full mean. A version never changes; a new one is added."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.supply.policy import BUILT_IN, Policy, PolicyRejected
from werknetz.runtime.log import get_logger
from werknetz.store.master_data import MARK_RELATIONS
from werknetz.store.session import ReadSession
from werknetz.store.supply import partners, supply_policies
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
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.suppliers.policies.schemas import NewPolicy, PolicyVersionView, PolicyView

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
_SHOWN: Final = sa.select(supply_policies, partners.c.key.label("supplier")).select_from(
    supply_policies.outerjoin(partners, partners.c.id == _P.supplier_id)
)
_log: Final = get_logger("core.supply")


@router.get("/supply_policies")
async def list_supply_policies(
    request: Request,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[PolicyVersionView]:
    """List every version of every policy. Sort: supplier (the default: first), valid_from, version.

    Where there is no version at all, what is built in holds: each supplier shows it.
    """
    query = _SHOWN.where(
        sa.or_(_P.supplier_id.is_(None), supply_scope.supplier_visible(principal, _P.supplier_id)),
        await supply_scope.name_condition(SUPPLIER, supplier, _P.supplier_id, session, principal),
    )
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [_version(row) for row in rows]
    return list_response(
        request, params, items, columns_of(PolicyVersionView), next_cursor=next_cursor
    )  # type: ignore[return-value] # a ready answer of that form


@router.put("/supply_policies")
async def set_default_policy(
    new: NewPolicy, context: ContextDep, session: WriteSessionDep, principal: Engineer
) -> PolicyVersionView:
    """Give a new version to whoever has no policy of their own; their KPIs are computed again."""
    principal.require_all_plants()
    return await _add(new, None, context, session, principal)


@router.put("/suppliers/{key}/policy")
async def set_supplier_policy(
    key: str, new: NewPolicy, context: ContextDep, session: WriteSessionDep, principal: Engineer
) -> PolicyVersionView:
    """Give a supplier a new version; its KPIs are computed again. The same again: nothing new."""
    supplier_id = await supply_scope.resolve_id(SUPPLIER, key, session, principal)
    principal.require_all_plants()
    return await _add(new, supplier_id, context, session, principal)


async def policy_of(session: ReadSession, supplier_id: int, context: AppContext) -> PolicyView:
    """Return what holds now: its own newest version, else the default's, else what is built in."""
    query = (
        sa.select(supply_policies)
        .where(
            sa.or_(_P.supplier_id == supplier_id, _P.supplier_id.is_(None)),
            _P.valid_from <= instant_of(context.now_us()),
        )
        .order_by(_P.supplier_id.asc().nulls_last(), _P.valid_from.desc(), _P.version.desc())
        .limit(1)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        return PolicyView(
            of="built_in", version=0, valid_from=None, text=BUILT_IN.text,
            document=BUILT_IN.document(),
        )  # fmt: skip
    policy = Policy.parse(row["document"], row["version"])
    return PolicyView(
        of="default" if row["supplier_id"] is None else "supplier", version=row["version"],
        valid_from=row["valid_from"], text=policy.text, document=policy.document(),
    )  # fmt: skip


async def _add(
    new: NewPolicy,
    supplier_id: int | None,
    context: AppContext,
    session: WriteSessionDep,
    principal: Principal,
) -> PolicyVersionView:
    document = _checked(new.document)
    await session.execute(sa.text("LOCK TABLE supply_policies IN SHARE ROW EXCLUSIVE MODE"))
    own = _P.supplier_id.is_not_distinct_from(supplier_id)
    newest = _SHOWN.where(own).order_by(_P.version.desc()).limit(1)
    last = (await session.execute(newest)).mappings().first()
    same_since = new.valid_from is None or (last and last["valid_from"] == new.valid_from)
    if last is not None and last["document"] == document and same_since:
        return _version(last)
    at_us = context.now_us() if new.valid_from is None else _microseconds(new)
    await session.execute(
        sa.insert(supply_policies).values(
            supplier_id=supplier_id,
            version=1 if last is None else last["version"] + 1,
            valid_from=instant_of(at_us),
            document=document,
            created_by=principal.name,
        )
    )
    await session.execute(sa.text(MARK_RELATIONS), {"supplier": supplier_id})
    made = (await session.execute(newest)).mappings().one()
    _log.info("policy added", supplier=made["supplier"], version=made["version"], by=principal.name)
    return _version(made)


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return Policy.parse(document).document()
    except PolicyRejected as error:
        raise Problem(
            422, "policy_rejected", f"This policy cannot be used: {error}.",
            "Correct the document; GET /api/v1/suppliers/KEY shows the one in force.",
            errors=[{"pointer": "/body/document", "code": "invalid", "detail": str(error)}],
        ) from error  # fmt: skip


def _microseconds(new: NewPolicy) -> int:
    if new.valid_from is None or new.valid_from.tzinfo is None:
        raise Problem(
            422, "invalid_parameter", "valid_from has no time zone.",
            "Write RFC 3339, such as 2026-11-23T00:00:00+01:00.",
        )  # fmt: skip
    return microseconds_of(new.valid_from)


def _version(row: sa.RowMapping) -> PolicyVersionView:
    return PolicyVersionView(**row, text=Policy.parse(row["document"], row["version"]).text)
