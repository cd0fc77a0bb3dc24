"""Signing in and out in a browser, and the list of open sessions."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.runtime.http_server.address import client_of
from werknetz.store.accounts import sessions as statements
from werknetz.store.session import WriteSession
from werknetz.store.tables.access import sessions
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import hash_of
from werknetz_core.access.permissions import KeyScope, Permission
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import SignedInAs, no_key_needed
from werknetz_core.accounts.sign_in import Credentials
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
    app_context_of,
)
from werknetz_core.context.collection import load_page, page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.sessions.cache import token_hash_of
from werknetz_core.sessions.cookies import (
    clear_session_cookie,
    is_token,
    set_session_cookie,
    token_from_request,
)
from werknetz_core.sessions.kinds import SignInMethod
from werknetz_core.sessions.opening import OpenedSession, open_session
from werknetz_core.sessions.origin_check import check_sign_in_request
from werknetz_core.sessions.schemas import OpenSessionView, SessionView, SignIn

public = APIRouter(tags=["session"], dependencies=[Depends(no_key_needed)])
router = APIRouter(tags=["session"])
_SORTING: Final = Sorting(
    "-last_used_at",
    tie=SortKey(sessions.c.id, SortType.NUMBER),
    keys={
        "last_used_at": SortKey(sessions.c.last_used_at, SortType.TIME),
        "created_at": SortKey(sessions.c.created_at, SortType.TIME),
    },
)


@public.post("/session", status_code=204, openapi_extra={"security": []})
async def sign_in(sign_in: SignIn, request: Request, context: ContextDep) -> Response:
    """Open a session and set its cookie; a session that the browser had before ends.

    With `key`, or with `user` and `password`. 401 `totp_required`: send `totp`, too. 403
    `password_change_required`: an admin made the password; send `new_password`, too. `kind`
    `kiosk`: for a screen on a wall, 90 days without use instead of 12 hours; only for viewers.
    """
    check_sign_in_request(request)
    address = client_of(request.client.host) if request.client else "unknown"
    if sign_in.key is not None:
        opened = await _sign_in_with_key(request, context, sign_in)
    else:
        credentials = Credentials(
            sign_in.user or "", sign_in.password or "", sign_in.totp, sign_in.new_password
        )
        opened = await context.sign_ins.sign_in(
            credentials, sign_in.kind, address, context.now_us()
        )
    await end_former_session(request, context)
    response = Response(status_code=204)
    set_session_cookie(request, response, opened.token, opened.kind)
    return response


async def _sign_in_with_key(
    request: Request, context: AppContext, sign_in: SignIn
) -> OpenedSession:
    key = (sign_in.key or "").strip()
    principal = await context.keys.authenticate(key)
    if principal is None:
        host = request.client.host if request.client else "unknown"
        await request.app.state.wrong_keys.record(context.redis, host, key)
        raise Problem(
            401,
            "key_unknown",
            Sentence("access.key_unknown"),
            Sentence("access.list_or_create_keys"),
        )
    await context.admission.enter(request.scope, principal.key_id)
    async with context.database.write_session() as session:
        return await open_session(
            session, principal, SignInMethod.KEY, context.now_us(), kind=sign_in.kind,
            key_hash=hash_of(key),
        )  # fmt: skip


async def end_former_session(request: Request, context: AppContext) -> None:
    """End the session that the browser had before it signed in anew."""
    token = token_from_request(request)
    if token is None or not is_token(token):
        return
    hashed = token_hash_of(token)
    end = statements.end_sessions(
        sa.literal(instant_of(context.now_us())), sessions.c.token_hash == hashed
    )
    async with context.database.write_session() as session:
        await session.execute(end)
    context.sessions.forget(hashed)


@router.get("/session")
async def show_session(principal: SignedInAs) -> SessionView:
    """Show who the session, or the key, of the request belongs to."""
    return SessionView.model_validate(session_fields(principal))


def session_fields(principal: Principal) -> dict[str, object]:
    """Return what `SessionView` shows of who is signed in."""
    session = principal.signed_in
    expires_us = principal.expires_us
    return {
        "name": principal.user_name,
        "role": principal.role,
        "scopes": [scope for scope in KeyScope if scope in principal.scopes],
        "plants": principal.plants,
        "kind": None if session is None else session.kind,
        "signed_in_by": SignInMethod.KEY if session is None else session.method,
        "expires_at": None if expires_us is None else instant_of(expires_us),
    }


@router.delete("/session", status_code=204)
async def sign_out(request: Request, session: WriteSessionDep, principal: SignedInAs) -> Response:
    """End the session of the request."""
    if principal.signed_in is None:
        raise Problem(
            409,
            "no_session",
            Sentence("access.no_session"),
            Sentence("access.admin_revokes"),
        )
    await _end(request, session, principal, principal.signed_in.session_id)
    response = Response(status_code=204)
    clear_session_cookie(request, response)
    return response


@router.get("/sessions")
async def list_sessions(
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: SignedInAs,
    params: ListParamsDep,
) -> pagination.Page[OpenSessionView]:
    """List the own sessions that have not ended; admins for all plants see those of everybody.

    Sort: last_used_at, created_at.
    """
    now = sa.literal(instant_of(context.now_us()))
    query = statements.list_sessions(now).where(_may_end(principal))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    current = None if principal.signed_in is None else principal.signed_in.session_id
    views = [
        OpenSessionView.model_validate({**row, "is_current": row["id"] == current}) for row in rows
    ]
    return page_response(request, params, views, OpenSessionView, next_cursor=next_cursor)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(
    session_id: int, request: Request, session: WriteSessionDep, principal: SignedInAs
) -> Response:
    """End an own session; admins for all plants end those of everybody."""
    if not await _end(request, session, principal, session_id):
        raise Problem(
            404,
            "unknown_session",
            Sentence("access.unknown_session", session_id=session_id),
            Sentence("access.list_sessions"),
        )
    return Response(status_code=204)


async def _end(
    request: Request, session: WriteSession, principal: Principal, session_id: int
) -> bool:
    context = app_context_of(request)
    now = sa.literal(instant_of(context.now_us()))
    end = statements.end_sessions(now, sessions.c.id == session_id, _may_end(principal))
    row = (await session.execute(end)).first()
    if row is None:
        return False
    context.sessions.forget(row.token_hash)
    await record_change(session, principal, "ended", ("session", str(session_id)))
    return True


def _may_end(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the condition that a session is the principal's own, or that it is an admin's."""
    if principal.may(Permission.USERS_WRITE) and principal.plants is None:
        return sa.true()
    if principal.is_person:
        return sessions.c.user_id == principal.user_id
    return sessions.c.key_id == principal.key_id
