"""API keys: for admins. A key is shown once; afterwards only its prefix is known."""

from datetime import timedelta

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import api_keys
from werknetz_core.api import page
from werknetz_core.api.keys import new_key
from werknetz_core.api.platform import Admin, Core, Reading, Writing
from werknetz_core.api.problem import Problem
from werknetz_core.api_keys import rules
from werknetz_core.api_keys.schemas import ApiKeyView, CreatedApiKeyView, NewApiKey

router = APIRouter(tags=["api_keys"])


@router.get("/api_keys")
async def list_keys(
    request: Request,
    response: Response,
    reading: Reading,
    principal: Admin,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[ApiKeyView]:
    """List keys by prefix, revoked ones too."""
    principal.demand_all_plants()
    query = sa.select(*rules.SHOWN).order_by(api_keys.c.prefix).limit(limit + 1)
    if after := page.decode(cursor, str):
        query = query.where(api_keys.c.prefix > after[0])
    rows, more = page.cut((await reading.execute(query)).mappings().all(), limit)
    next_cursor = page.encode(rows[-1]["prefix"]) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=[ApiKeyView(**row) for row in rows], next_cursor=next_cursor)


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
