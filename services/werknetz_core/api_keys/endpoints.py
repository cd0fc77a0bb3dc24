"""API keys: for admins. A key is shown once; afterwards only its prefix is known."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.access import api_keys
from werknetz_core.access.keys import generate_key
from werknetz_core.api_keys import rules
from werknetz_core.api_keys.schemas import ApiKeyView, CreatedApiKeyView, NewApiKey
from werknetz_core.context.app_context import Admin, ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["api_keys"])
_SORTING: Final = Sorting(
    "prefix",
    tie=SortKey(api_keys.c.prefix),
    keys={
        "prefix": SortKey(api_keys.c.prefix),
        "name": SortKey(api_keys.c.name),
        "created_at": SortKey(api_keys.c.created_at, SortType.TIME),
    },
)


@router.get("/api_keys")
async def list_keys(
    request: Request, session: ReadSessionDep, principal: Admin, params: ListParamsDep
) -> pagination.Page[ApiKeyView]:
    """List keys by prefix, revoked ones too. Sort: prefix, name, created_at."""
    principal.require_all_plants()
    query, place = _SORTING.page_query(sa.select(*rules.SHOWN), params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [ApiKeyView(**row) for row in rows]
    return list_response(request, params, items, columns_of(ApiKeyView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


@router.post("/api_keys", status_code=201)
async def create_key(
    wanted: NewApiKey, context: ContextDep, session: WriteSessionDep, principal: Admin
) -> CreatedApiKeyView:
    """Make a key. The answer is the only place where it is ever shown."""
    principal.require_all_plants()
    for plant in wanted.plants or ():
        await context.tree.find_node(plant, principal)
    key = generate_key()
    expires_at = (
        instant_of(context.now_us()) + timedelta(days=wanted.expires_days)
        if wanted.expires_days
        else None
    )
    insert = rules.insert_of(key, wanted.name, wanted.role, wanted.plants, expires_at)
    row = (await session.execute(insert)).mappings().one()
    return CreatedApiKeyView.model_validate({**row, "key": key.key})


@router.delete("/api_keys/{prefix}")
async def revoke_key(prefix: str, session: WriteSessionDep, principal: Admin) -> ApiKeyView:
    """Revoke a key; within seconds nobody gets in with it."""
    principal.require_all_plants()
    row = (await session.execute(rules.revocation_of(prefix))).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_key",
            f"There is no key with the prefix {prefix!r} that is not revoked.",
            "GET /api/v1/api_keys lists them.",
        )
    return ApiKeyView.model_validate(dict(row))
