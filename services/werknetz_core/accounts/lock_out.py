"""Failed sign-ins: how long an account and an address must wait after them.

Three counts, so that guessing is slow and nobody can lock a person out for ever:

* of an account at an address: slows whoever guesses there;
* of an account at all addresses where it has not signed in for a month: slows guessing from many
  addresses. A person at the usual address does not wait for it;
* of an address with all accounts: slows one password tried with many names.

While somebody must wait, further attempts are not verified and do not count. Names that do not
exist are counted alike, so that an answer does not say which exist.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.accounts import sign_ins as statements
from werknetz.store.session import ReadSession, WriteSession
from werknetz_core.access.principal import Principal
from werknetz_core.accounts.names import lowered_name
from werknetz_core.audit.record import record_change

COUNTED_FOR: Final = timedelta(days=1)
_NOBODY: Final = Principal("sign-in", None, ())
_EVERYWHERE: Final = ""
_ALL_ACCOUNTS: Final = b""
_log: Final = get_logger("core.accounts")


@dataclass(frozen=True, slots=True)
class SignInBackOff:
    """Failures without a wait; then a wait that doubles with each failure, up to a bound."""

    free: int
    first_s: float
    max_s: float

    def wait_s(self, failures: int) -> float:
        if failures <= self.free:
            return 0.0
        doubled = min(failures - self.free - 1, 30)  # beyond, every bound is reached
        return min(self.max_s, self.first_s * 2.0**doubled)


AT_ADDRESS: Final = SignInBackOff(free=4, first_s=30, max_s=900)
ELSEWHERE: Final = SignInBackOff(free=19, first_s=60, max_s=900)
OF_ADDRESS: Final = SignInBackOff(free=19, first_s=10, max_s=300)


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """Somebody who signs in: as which account, from which address."""

    account: bytes
    address: str

    @staticmethod
    def of(name: str, address: str) -> "SignInAttempt":
        """The account is a hash: people type passwords into the field for the name."""
        return SignInAttempt(hashlib.sha256(lowered_name(name).encode()).digest(), address)


async def is_known_address(session: ReadSession, user_id: int, address: str) -> bool:
    """Return whether the user has signed in from the address within a month."""
    row = await session.execute(
        statements.IS_KNOWN_ADDRESS, {"user_id": user_id, "address": address}
    )
    return bool(row.scalar_one())


async def blocked_for_s(
    session: ReadSession, attempt: SignInAttempt, now_us: int, *, is_known: bool
) -> float:
    """Return how long the attempt must wait; 0: it may be verified."""
    now = instant_of(now_us)
    parameters = {
        "account": attempt.account, "address": attempt.address, "now": now, "is_known": is_known,
    }  # fmt: skip
    until: datetime | None = (
        await session.execute(statements.BLOCKED_UNTIL, parameters)
    ).scalar_one()
    return 0.0 if until is None else (until - now).total_seconds()


async def add_failure(
    session: WriteSession, attempt: SignInAttempt, now_us: int, *, user: str | None, is_known: bool
) -> None:
    """Count a failure; `user` None: there is no such account, so the audit log does not name it.

    The locks are taken in one order, so that two failures do not wait for each other.
    """
    now = instant_of(now_us)
    counts = [(attempt.account, attempt.address, AT_ADDRESS)]
    if not is_known:
        counts.append((attempt.account, _EVERYWHERE, ELSEWHERE))
    counts.append((_ALL_ACCOUNTS, attempt.address, OF_ADDRESS))
    for account, address, back_off in counts:
        key = {"account": account, "address": address}
        dates = {"now": now, "before": now - COUNTED_FOR}
        failures = (await session.execute(statements.ADD_FAILURE, key | dates)).scalar_one()
        wait_s = back_off.wait_s(failures)
        if wait_s > 0:
            until = now + timedelta(seconds=wait_s)
            await session.execute(statements.BLOCK, key | {"until": until})
            after = {"address": address or "all", "failures": failures, "wait_s": wait_s}
            _log.warning("sign-ins wait", **after)
            if user is not None and account != _ALL_ACCOUNTS:
                await record_change(session, _NOBODY, "blocked", ("user", user), after=after)
    await session.execute(statements.PURGE_FAILURES, {"before": now - COUNTED_FOR})


async def forget_failures(session: WriteSession, attempt: SignInAttempt) -> None:
    """Forget the failures of an account at an address, after a sign-in there."""
    key = {"account": attempt.account, "address": attempt.address}
    await session.execute(statements.FORGET_FAILURES, key)


async def unlock_account(session: WriteSession, name: str) -> None:
    """Forget all failures of an account."""
    account = SignInAttempt.of(name, _EVERYWHERE).account
    await session.execute(statements.FORGET_ACCOUNT, {"account": account})
