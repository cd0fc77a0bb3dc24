"""Opens sessions and ends them, in the transaction of a sign-in or of a change of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.runtime.http_server.address import client_of
from werknetz.store.accounts import sessions as statements
from werknetz.store.session import WriteSession
from werknetz.store.tables.access import sessions, users
from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import Permission, permissions_of
from werknetz_core.access.principal import Principal
from werknetz_core.audit.origin import current_origin
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem
from werknetz_core.sessions.cache import token_hash_of
from werknetz_core.sessions.kinds import (
    LENGTH_MAX,
    UNUSED_MAX,
    SessionKind,
    SignInMethod,
    generate_token,
)

REMEMBERED: Final = timedelta(days=30)
"""How long an ended session is remembered: where a person has signed in before."""
OF_PERSON_MAX: Final = 20
OF_KEY_MAX: Final = 500  # many screens may share a key
_READ_ONLY: Final = frozenset({Permission.READ, Permission.SELF})


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session. Its token is sent once, in the cookie, and not stored."""

    token: str
    kind: SessionKind
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """What an OpenID provider answered for a session, to sign out there too."""

    id_token: str | None = None
    sid: str | None = None


async def open_session(
    session: WriteSession,
    principal: Principal,
    method: SignInMethod,
    now_us: int,
    *,
    kind: SessionKind = SessionKind.BROWSER,
    key_hash: bytes | None = None,
    provider: ProviderSession | None = None,
) -> OpenedSession:
    """Open a session of a person, or of the key whose hash is given, and audit it.

    The caller has checked the password, the key or the provider's answer. Raises 403 for a kiosk
    that could do more than read.
    """
    if kind is SessionKind.KIOSK and not (
        permissions_of(principal.role, principal.scopes) <= _READ_ONLY
    ):
        raise _kiosk_for_viewers(principal)
    now, token = instant_of(now_us), generate_token()
    latest_end_at = now + LENGTH_MAX[kind]
    if principal.expires_us is not None:
        latest_end_at = min(latest_end_at, instant_of(principal.expires_us))
    ends_at = min(now + UNUSED_MAX[kind], latest_end_at)
    origin, provider = current_origin(), provider or ProviderSession()
    key_id = None if principal.is_person else principal.key_id
    values = {
        "token_hash": token_hash_of(token), "user_id": principal.user_id, "key_id": key_id,
        "key_hash": key_hash, "kind": kind, "method": method, "created_at": now,
        "last_used_at": now, "ends_at": ends_at, "latest_end_at": latest_end_at,
        "address": None if origin.address is None else client_of(origin.address),
        "client": origin.client, "id_token": provider.id_token,
        "provider_session": provider.sid,
    }  # fmt: skip
    insert = statements.insert_session(values)
    session_id = (await session.execute(insert)).scalar_one()
    await _make_room(session, principal, now)
    if principal.is_person:
        await session.execute(
            sa.update(users).where(users.c.id == principal.user_id).values(last_signed_in_at=now)
        )
    after = {"kind": kind, "method": method, "ends_at": ends_at.isoformat()}
    await record_change(session, principal, "signed_in", ("session", str(session_id)), after=after)
    return OpenedSession(token, kind, ends_at)


async def _make_room(session: WriteSession, principal: Principal, now: datetime) -> None:
    """Delete what ended long ago, and end sessions of the same person or key that are too many."""
    await session.execute(statements.PURGE_SESSIONS, {"before": now - REMEMBERED})
    parameters = {
        "now": now,
        "user_id": principal.user_id,
        "key_id": None if principal.is_person else principal.key_id,
        "sessions_max": OF_PERSON_MAX if principal.is_person else OF_KEY_MAX,
    }
    await session.execute(statements.END_SURPLUS_SESSIONS, parameters)


async def end_sessions_of_user(
    session: WriteSession, user_id: int, now_us: int, *, except_session: int | None = None
) -> int:
    """End the sessions of a person, for example after a new password; return how many."""
    conditions = [sessions.c.user_id == user_id]
    if except_session is not None:
        conditions.append(sessions.c.id != except_session)
    end = statements.end_sessions(sa.literal(instant_of(now_us)), *conditions)
    return len((await session.execute(end)).all())


def _kiosk_for_viewers(principal: Principal) -> Problem:
    return Problem(
        403,
        "kiosk_not_allowed",
        Sentence("access.kiosk_not_allowed", label=principal.label, rights=principal.rights),
        Sentence("access.use_viewer_key"),
    )
