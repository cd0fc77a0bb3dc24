"""New passwords: checked, stored, and what ends with the former one."""

import secrets
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.store.accounts.users import update_user
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.principal import Principal
from werknetz_core.accounts.password_rules import fault_of, normalize_password
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem
from werknetz_core.sessions.opening import end_sessions_of_user

INITIAL_VALID: Final = timedelta(days=7)
"""How long a password works that an admin made; the first sign-in replaces it."""
_INITIAL_BYTES: Final = 15


def generate_initial_password() -> str:
    """Return 120 random bits, easy to copy."""
    return secrets.token_urlsafe(_INITIAL_BYTES)


def check_new_password(password: str, row: sa.RowMapping, *, former: str) -> None:
    """Raise 422 for a password that is not accepted."""
    fault = fault_of(password, (row["name"], row["display_name"], row["email"]))
    if fault is None and normalize_password(password) == normalize_password(former):
        fault = Sentence("accounts.former_password")
    if fault is not None:
        detail = Sentence("accounts.password_not_accepted", fault=fault)
        raise Problem(
            422,
            "password_not_accepted",
            detail,
            Sentence("accounts.choose_password"),
            errors=[{"pointer": "/body/new_password", "code": "password", "detail": detail}],
        )


async def store_password(
    session: WriteSession,
    person: Principal,
    password_hash: str,
    now_us: int,
    *,
    except_session: int | None = None,
) -> None:
    """Store the own new password, end the other sessions, and audit it."""
    values = {
        "password_hash": password_hash, "password_changed_at": instant_of(now_us),
        "password_valid_until": None,
    }  # fmt: skip
    user_id = -person.key_id
    await session.execute(update_user(user_id, values))
    ended = await end_sessions_of_user(session, user_id, now_us, except_session=except_session)
    await record_change(
        session, person, "changed", ("password", person.user_name), after={"ended_sessions": ended}
    )
