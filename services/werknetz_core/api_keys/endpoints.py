"""API keys: listed, created, rotated and revoked by an admin."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.domain.bucket import instant_of
from werknetz.store import api_keys as statements
from werknetz.store.tables.access import api_keys
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import generate_key
from werknetz_core.access.permissions import rights_of
from werknetz_core.access.require import MayManageKeys
from werknetz_core.api_keys.schemas import ApiKeyView, CreatedApiKeyView, KeyRotation, NewApiKey
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.idempotency.route import OnceRoute

router = APIRouter(tags=["api_keys"], route_class=OnceRoute)
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
    request: Request, session: ReadSessionDep, principal: MayManageKeys, params: ListParamsDep
) -> pagination.Page[ApiKeyView]:
    """List API keys, including revoked ones. Sort: prefix, name, created_at."""
    principal.require_all_plants()
    query = sa.select(*statements.PUBLIC_COLUMNS)
    return await query_page(request, session, params, query, _SORTING, ApiKeyView)


@router.post("/api_keys", status_code=201)
async def create_key(
    new: NewApiKey, context: ContextDep, session: WriteSessionDep, principal: MayManageKeys
) -> CreatedApiKeyView:
    """Create an API key. Only this response contains the key itself."""
    principal.require_all_plants()
    for plant in new.plants or ():
        await context.tree.find_node(plant, principal)
    key = generate_key()
    expires_at = (
        instant_of(context.now_us()) + timedelta(days=new.expires_days)
        if new.expires_days
        else None
    )
    role, scopes = rights_of(new.role, new.scopes)
    insert = statements.insert_key(
        key.prefix, key.hash, name=new.name, role=role, scopes=scopes, plants=new.plants,
        expires_at=expires_at,
    )  # fmt: skip
    row = (await session.execute(insert)).mappings().one()
    after = {
        "name": new.name, "role": role, "scopes": scopes, "plants": new.plants,
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }  # fmt: skip
    await record_change(session, principal, "created", ("key", key.prefix), after=after)
    return CreatedApiKeyView.model_validate({**row, "key": key.key})


@router.delete("/api_keys/{prefix}")
async def revoke_key(prefix: str, session: WriteSessionDep, principal: MayManageKeys) -> ApiKeyView:
    """Revoke an API key; it stops working within seconds."""
    principal.require_all_plants()
    row = (await session.execute(statements.revoke_key(prefix))).mappings().first()
    if row is None:
        raise _unknown_key(prefix)
    before = {name: row[name] for name in ("name", "role", "scopes", "plants")}
    before["expires_at"] = None if row["expires_at"] is None else row["expires_at"].isoformat()
    await record_change(session, principal, "revoked", ("key", prefix), before=before)
    return ApiKeyView.model_validate(dict(row))


@router.post("/api_keys/{prefix}:rotate")
async def rotate_key(
    prefix: str,
    rotation: KeyRotation,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayManageKeys,
) -> CreatedApiKeyView:
    """Give a key a new secret; the former one stays valid for `overlap_hours`.

    Name, role, scopes, plants and prefix stay. Only this response contains the new key. Of two
    rotations within the overlap, the second ends the first secret at once.
    """
    principal.require_all_plants()
    now = instant_of(context.now_us())
    before = (await session.execute(statements.find_valid_key(prefix))).mappings().first()
    if before is None:
        raise _unknown_key(prefix)
    expires_at = before["expires_at"]
    if rotation.expires_days is not None:
        expires_at = now + timedelta(days=rotation.expires_days)
    elif expires_at is not None and expires_at <= now:
        raise Problem(
            409,
            "key_expired",
            Sentence("access.key_expired", prefix=prefix),
            Sentence("access.send_expires_days"),
        )
    key = generate_key(prefix)
    until = now + timedelta(hours=rotation.overlap_hours)
    update = statements.rotate_key(
        prefix, key.hash, former_valid_until=until, expires_at=expires_at
    )
    row = (await session.execute(update)).mappings().one()
    await record_change(
        session, principal, "rotated", ("key", prefix),
        before=_dates_of(before), after=_dates_of(row),
    )  # fmt: skip
    return CreatedApiKeyView.model_validate({**row, "key": key.key})


def _dates_of(row: sa.RowMapping) -> dict[str, str | None]:
    dates = {"name": row["name"]}
    for name in ("expires_at", "former_valid_until"):
        dates[name] = None if row[name] is None else row[name].isoformat()
    return dates


def _unknown_key(prefix: str) -> Problem:
    return Problem(
        404,
        "unknown_key",
        Sentence("access.unknown_key_prefix", prefix=prefix),
        Sentence("access.list_keys"),
    )
