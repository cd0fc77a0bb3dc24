"""Signs a person in with name, password and second factor."""

import math
from dataclasses import dataclass
from typing import Final, NoReturn

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.accounts.users import find_user, update_user
from werknetz.store.session import Database, ReadSession, WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.principal import Principal, principal_of_user
from werknetz_core.accounts.hashing import PasswordHasher, PasswordVerification
from werknetz_core.accounts.lock_out import (
    SignInAttempt,
    add_failure,
    blocked_for_s,
    forget_failures,
    is_known_address,
)
from werknetz_core.accounts.names import lowered_name
from werknetz_core.accounts.password_change import check_new_password, store_password
from werknetz_core.accounts.second_factor import SecondFactor
from werknetz_core.http.problem import Problem
from werknetz_core.limits.fair_slots import FairSlots, NoSlot
from werknetz_core.sessions.kinds import SessionKind, SignInMethod
from werknetz_core.sessions.opening import OpenedSession, open_session

AT_ONCE: Final = 2  # in one process
WAITING_MAX: Final = 20  # of one address
WAIT_S: Final = 10.0
_UNCHANGED: Final = ("id", "password_hash", "disabled_at")
_log: Final = get_logger("core.accounts")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody types to sign in."""

    name: str
    password: str
    code: str | None = None  # of the second factor, or a recovery code
    new_password: str | None = None  # replaces one that an admin made


@dataclass(frozen=True, slots=True)
class _Checked:
    """A user whose password has been compared."""

    row: sa.RowMapping | None
    is_known: bool
    verification: PasswordVerification


class SignIns:
    """Verifies passwords in this process: few at once, and each address in its turn."""

    def __init__(self, database: Database, second_factor: SecondFactor) -> None:
        self._database = database
        self.second_factor = second_factor
        self.hasher = PasswordHasher()
        self._slots = FairSlots(per_key=1, total=AT_ONCE, waiting_max=WAITING_MAX, wait_s=WAIT_S)

    async def sign_in(
        self, credentials: Credentials, kind: SessionKind, address: str, now_us: int
    ) -> OpenedSession:
        """Open a session of the person; count a failure and raise 401 or 429 otherwise.

        Raises 403 where the password was made by an admin and is to be replaced first.
        """
        attempt = SignInAttempt.of(credentials.name, address)
        try:
            async with self._slots.hold(hash(address)):
                return await self._sign_in(credentials, kind, attempt, now_us)
        except NoSlot as error:
            raise _too_many_at_once() from error

    async def confirm_password(
        self, principal: Principal, password: str, address: str, now_us: int
    ) -> None:
        """Raise 401 or 429 unless it is the password of the person, who is signed in already.

        Raises 409 for a person who signs in at a provider.
        """
        name = principal.user_name
        attempt = SignInAttempt.of(name, address)
        try:
            async with self._slots.hold(hash(address)):
                checked = await self._check(Credentials(name, password), attempt, now_us)
        except NoSlot as error:
            raise _too_many_at_once() from error
        if checked.row is not None and checked.row["password_hash"] is None:
            raise _no_password(name)
        if not checked.verification.is_right:
            await self._refuse(checked, attempt, now_us)

    async def count_failure(self, principal: Principal, address: str, now_us: int) -> None:
        """Count a wrong code of a person who is signed in."""
        attempt = SignInAttempt.of(principal.user_name, address)
        async with self._database.write_session() as session:
            is_known = await is_known_address(session, -principal.key_id, address)
            await add_failure(session, attempt, now_us, user=principal.user_name, is_known=is_known)

    async def _sign_in(
        self, credentials: Credentials, kind: SessionKind, attempt: SignInAttempt, now_us: int
    ) -> OpenedSession:
        checked = await self._check(credentials, attempt, now_us)
        row = checked.row
        if row is None or not checked.verification.is_right or row["disabled_at"] is not None:
            await self._refuse(checked, attempt, now_us)
        new_hash = checked.verification.new_hash
        if row["password_valid_until"] is not None:
            _check_replacement(credentials, row, now_us)
            new_hash = await self.hasher.hash(credentials.new_password or "")
        elif credentials.new_password is not None:
            raise _not_to_be_replaced()
        async with self._database.write_session() as session:
            opened = await self._open(session, credentials, kind, row, new_hash, now_us)
            if opened is not None:
                await forget_failures(session, attempt)
        if opened is None:
            await self._refuse(checked, attempt, now_us)
        return opened

    async def _open(
        self,
        session: WriteSession,
        credentials: Credentials,
        kind: SessionKind,
        row: sa.RowMapping,
        new_hash: str | None,
        now_us: int,
    ) -> OpenedSession | None:
        """Open the session; None: the code is wrong, or the account was changed meanwhile."""
        # Of two requests with one code, the second waits for this lock and finds it used.
        find = find_user(row["name"], row["name"])
        current = (await session.execute(find)).mappings().first()
        if current is None or any(current[name] != row[name] for name in _UNCHANGED):
            return None
        if not await self.second_factor.accept(session, current, credentials.code, now_us):
            return None
        principal = principal_of_user(row["id"], row["name"], current["role"], current["plants"])
        if row["password_valid_until"] is not None and new_hash is not None:
            await store_password(session, principal, new_hash, now_us)
        elif new_hash is not None:
            await session.execute(update_user(row["id"], {"password_hash": new_hash}))
        return await open_session(session, principal, SignInMethod.PASSWORD, now_us, kind=kind)

    async def _check(
        self, credentials: Credentials, attempt: SignInAttempt, now_us: int
    ) -> _Checked:
        """Compare the password, in the same time whether there is such an account or not."""
        async with self._database.write_session() as session:
            row, is_known = await self._find(session, credentials.name, attempt.address)
            wait_s = await blocked_for_s(session, attempt, now_us, is_known=is_known)
        if wait_s > 0:
            raise _must_wait(wait_s)
        stored = None if row is None else row["password_hash"]
        verification = await self.hasher.verify(credentials.password, stored)
        return _Checked(row, is_known, verification)

    async def _find(
        self, session: ReadSession, name: str, address: str
    ) -> tuple[sa.RowMapping | None, bool]:
        row = (await session.execute(find_user(name, lowered_name(name)))).mappings().first()
        user_id = 0 if row is None else row["id"]
        return row, await is_known_address(session, user_id, address)

    async def _refuse(self, checked: _Checked, attempt: SignInAttempt, now_us: int) -> NoReturn:
        user = None if checked.row is None else checked.row["name"]
        async with self._database.write_session() as session:
            await add_failure(session, attempt, now_us, user=user, is_known=checked.is_known)
        _log.warning("sign-in refused", address=attempt.address)
        raise Problem(
            401,
            "sign_in_refused",
            Sentence("accounts.sign_in_refused"),
            Sentence("accounts.try_again_or_reset"),
        )


def _check_replacement(credentials: Credentials, row: sa.RowMapping, now_us: int) -> None:
    """Raise 403 or 422 unless a password that an admin made is replaced in time."""
    if row["password_valid_until"] <= instant_of(now_us):
        raise Problem(
            403,
            "password_expired",
            Sentence("accounts.password_expired"),
            Sentence("accounts.ask_for_another_password"),
        )
    if credentials.new_password is None:
        raise Problem(
            403,
            "password_change_required",
            Sentence("accounts.password_change_required"),
            Sentence("accounts.send_new_password"),
        )
    check_new_password(credentials.new_password, row, former=credentials.password)


def _no_password(name: str) -> Problem:
    return Problem(
        409,
        "no_password",
        Sentence("accounts.no_password", name=name),
        Sentence("accounts.change_at_provider"),
    )


def _not_to_be_replaced() -> Problem:
    return Problem(
        422,
        "invalid_parameter",
        Sentence("accounts.new_password_not_taken"),
        Sentence("accounts.leave_new_password_out"),
    )


def _must_wait(wait_s: float) -> Problem:
    wait = max(1, math.ceil(wait_s))
    return Problem(
        429,
        "sign_in_blocked",
        Sentence("accounts.sign_in_blocked"),
        Sentence("accounts.wait_or_unlock", wait=wait),
        headers={"Retry-After": str(wait)},
    )


def _too_many_at_once() -> Problem:
    return Problem(
        429,
        "too_many_sign_ins",
        Sentence("accounts.too_many_sign_ins"),
        Sentence("requests.wait_a_second"),
        headers={"Retry-After": "1"},
    )
