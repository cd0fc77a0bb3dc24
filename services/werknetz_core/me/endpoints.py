"""The own account. People change their password and second factor; keys only see who they are."""

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from werknetz.runtime.http_server.address import client_of
from werknetz.store.accounts.users import update_user
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables.access import users
from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import Permission, permissions_of
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import SignedInAs
from werknetz_core.accounts.password_change import check_new_password, store_password
from werknetz_core.accounts.recovery_codes import generate_codes, hash_of_code
from werknetz_core.accounts.second_factor import NO_TOTP
from werknetz_core.accounts.totp import generate_secret, text_of_secret, uri_of
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep
from werknetz_core.http.problem import Problem
from werknetz_core.me.schemas import (
    MeView,
    PasswordChange,
    PasswordConfirmation,
    RecoveryCodesView,
    TotpConfirmation,
    TotpRemoval,
    TotpView,
)
from werknetz_core.sessions.endpoints import session_fields
from werknetz_core.sessions.opening import end_sessions_of_user

router = APIRouter(tags=["me"])


@router.get("/me")
async def show_me(session: ReadSessionDep, principal: SignedInAs) -> MeView:
    """Show who the session or key of the request belongs to, and what it may do."""
    row = await _read_account(session, principal)
    granted = permissions_of(principal.role, principal.scopes)
    account = {
        "display_name": None, "email": None, "has_password": False, "has_totp": False,
        "recovery_codes_left": 0,
    }  # fmt: skip
    if row is not None:
        account = {
            "display_name": row["display_name"],
            "email": row["email"],
            "has_password": row["password_hash"] is not None,
            "has_totp": row["totp_confirmed_at"] is not None,
            "recovery_codes_left": len(row["recovery_hashes"]),
        }
    permissions = [permission for permission in Permission if permission in granted]
    fields = session_fields(principal) | account
    return MeView.model_validate(
        {**fields, "is_person": principal.is_person, "permissions": permissions}
    )


async def _read_account(session: ReadSession, principal: Principal) -> sa.RowMapping | None:
    if not principal.is_person:
        return None
    query = sa.select(users).where(users.c.id == principal.user_id)
    return (await session.execute(query)).mappings().first()


@router.post("/me:change_password", status_code=204)
async def change_password(
    change: PasswordChange, request: Request, context: ContextDep, principal: SignedInAs
) -> Response:
    """Change the own password; all other sessions of the account end."""
    row = await _confirm(request, context, principal, change.password)
    check_new_password(change.new_password, row, former=change.password)
    new_hash = await context.sign_ins.hasher.hash(change.new_password)
    async with context.database.write_session() as session:
        await store_password(
            session, principal, new_hash, context.now_us(), except_session=_session_of(principal)
        )
    return Response(status_code=204)


@router.post("/me/totp", status_code=201)
async def begin_totp(
    confirmation: PasswordConfirmation, request: Request, context: ContextDep,
    principal: SignedInAs,
) -> TotpView:  # fmt: skip
    """Make a secret for an authenticator app. It is required after POST /me/totp:confirm."""
    row = await _confirm(request, context, principal, confirmation.password)
    secret = generate_secret()
    values = {"totp_secret": context.sign_ins.second_factor.seal(secret, row["id"])}
    async with context.database.write_session() as session:
        current = await _lock_account(session, row["id"])
        if current["totp_confirmed_at"] is not None:
            raise Problem(
                409,
                "totp_exists",
                Sentence("accounts.totp_exists"),
                Sentence("accounts.remove_totp_first"),
            )
        await session.execute(update_user(row["id"], values | {"totp_last_step": None}))
        await record_change(session, principal, "prepared", ("totp", principal.user_name))
    return TotpView(secret=text_of_secret(secret), uri=uri_of(secret, row["name"]))


@router.post("/me/totp:confirm")
async def confirm_totp(
    confirmation: TotpConfirmation, context: ContextDep, principal: SignedInAs
) -> RecoveryCodesView:
    """Require the second factor from now on, and return recovery codes.

    All other sessions of the account end.
    """
    user_id = _person_of(principal)
    codes = generate_codes()
    now_us = context.now_us()
    async with context.database.write_session() as session:
        row = await _lock_account(session, user_id)
        if row["totp_confirmed_at"] is not None or row["totp_secret"] is None:
            raise Problem(
                409,
                "totp_not_begun",
                Sentence("accounts.totp_not_begun"),
                Sentence("accounts.begin_totp"),
            )
        digits = confirmation.code.replace(" ", "")
        if not await context.sign_ins.second_factor.use_totp(session, row, digits, now_us):
            raise _wrong_code()
        hashes = [hash_of_code(code) for code in codes]
        values = {"totp_confirmed_at": sa.func.now(), "recovery_hashes": hashes}
        await session.execute(update_user(user_id, values))
        ended = await end_sessions_of_user(
            session, user_id, now_us, except_session=_session_of(principal)
        )
        after = {"ended_sessions": ended}
        await record_change(
            session, principal, "created", ("totp", principal.user_name), after=after
        )
    return RecoveryCodesView(recovery_codes=codes)


@router.post("/me/totp:remove", status_code=204)
async def remove_own_totp(
    removal: TotpRemoval, request: Request, context: ContextDep, principal: SignedInAs
) -> Response:
    """Remove the own second factor; `code` is one of the app, or a recovery code."""
    row = await _confirm(request, context, principal, removal.password)
    async with context.database.write_session() as session:
        current = await _lock_account(session, row["id"])
        is_right = await context.sign_ins.second_factor.use_code(
            session, current, removal.code, context.now_us()
        )
        if is_right:
            await session.execute(update_user(row["id"], dict(NO_TOTP)))
            await record_change(session, principal, "deleted", ("totp", principal.user_name))
    if not is_right:
        await context.sign_ins.count_failure(principal, _address_of(request), context.now_us())
        raise _wrong_code()
    return Response(status_code=204)


async def _confirm(
    request: Request, context: AppContext, principal: Principal, password: str
) -> sa.RowMapping:
    """Return the account; raise 401 or 429 unless it is its password."""
    user_id = _person_of(principal)
    address = _address_of(request)
    await context.sign_ins.confirm_password(principal, password, address, context.now_us())
    async with context.database.write_session() as session:
        return await _lock_account(session, user_id)


async def _lock_account(session: WriteSession, user_id: int) -> sa.RowMapping:
    query = sa.select(users).where(users.c.id == user_id).with_for_update()
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_user",
            Sentence("accounts.account_deleted"),
            Sentence("accounts.ask_admin"),
        )
    return row


def _person_of(principal: Principal) -> int:
    """Return the id of the person; raise 409 for a key."""
    user_id = principal.user_id
    if user_id is None:
        raise Problem(
            409,
            "not_a_person",
            Sentence("accounts.not_a_person"),
            Sentence("accounts.sign_in_as_person"),
        )
    return user_id


def _session_of(principal: Principal) -> int | None:
    return None if principal.signed_in is None else principal.signed_in.session_id


def _address_of(request: Request) -> str:
    return client_of(request.client.host) if request.client else "unknown"


def _wrong_code() -> Problem:
    detail = Sentence("accounts.totp_wrong")
    return Problem(
        422,
        "totp_wrong",
        detail,
        Sentence("accounts.check_clock"),
        errors=[{"pointer": "/body/code", "code": "totp", "detail": detail}],
    )
