"""API keys: for admins. A key is shown once; afterwards only its prefix is known."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.access import api_keys
from werknetz_core.access.keys import new_key
from werknetz_core.api_keys import rules
from werknetz_core.api_keys.schemas import ApiKeyView, CreatedApiKeyView, NewApiKey
from werknetz_core.context.app_context import Admin, Core, Reading, Writing
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Key, Kind, Sorting

router = APIRouter(tags=["api_keys"])
_SORTING: Final = Sorting(
    "prefix",
    tie=Key(api_keys.c.prefix),
    keys={
        "prefix": Key(api_keys.c.prefix),
        "name": Key(api_keys.c.name),
        "created_at": Key(api_keys.c.created_at, Kind.TIME),
    },
)


@router.get("/api_keys")
async def list_keys(
    request: Request, reading: Reading, principal: Admin, asked: Asked
) -> pagination.Page[ApiKeyView]:
    """List keys by prefix, revoked ones too. Sort: prefix, name, created_at."""
    principal.demand_all_plants()
    query, place = _SORTING.page(sa.select(*rules.SHOWN), asked)
    rows, next_cursor = sorting.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    items = [ApiKeyView(**row) for row in rows]
    return given(request, asked, items, columns_of(ApiKeyView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


@router.post("/api_keys", status_code=201)
async def create_key(
    wanted: NewApiKey, core: Core, writing: Writing, principal: Admin
) -> CreatedApiKeyView:
    """Make a key. The answer is the only place where it is ever shown."""
    principal.demand_all_plants()
    for plant in wanted.plants or ():
        await core.tree.find(plant, principal)
    key = new_key()
    expires_at = (
        instant_of(core.now_us()) + timedelta(days=wanted.expires_days)
        if wanted.expires_days
        else None
    )
    insert = rules.insert_of(key, wanted.name, wanted.role, wanted.plants, expires_at)
    row = (await writing.execute(insert)).mappings().one()
    return CreatedApiKeyView.model_validate({**row, "key": key.key})


@router.delete("/api_keys/{prefix}")
async def revoke_key(prefix: str, writing: Writing, principal: Admin) -> ApiKeyView:
    """Revoke a key; within seconds nobody gets in with it."""
    principal.demand_all_plants()
    row = (await writing.execute(rules.revocation_of(prefix))).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_key",
            f"There is no key with the prefix {prefix!r} that is not revoked.",
            "GET /api/v1/api_keys lists them.",
        )
    return ApiKeyView.model_validate(dict(row))
