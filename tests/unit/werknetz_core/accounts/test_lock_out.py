"""What failed sign-ins count, whom they block, and what the audit log has of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from werknetz.domain.bucket import microseconds_of
from werknetz.store.accounts import sign_ins as statements
from werknetz.store.session import ReadSession, WriteSession
from werknetz_core.accounts import lock_out
from werknetz_core.accounts.lock_out import (
    SignInAttempt,
    SignInBackOff,
    add_failure,
    blocked_for_s,
    forget_failures,
    is_known_address,
    unlock_account,
)

pytestmark = pytest.mark.asyncio
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOW_US = microseconds_of(NOW)
HERE = "10.1.2.3"
ANNA = SignInAttempt.of("anna", HERE)


@dataclass
class CountingSession:
    """Answers the statements of failed sign-ins from memory, and records them in their order."""

    failures: int = 0  # before the failure at hand, of each count
    answer: object = None
    executed: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    audited: list[dict[str, Any]] = field(default_factory=list)

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        if isinstance(statement, sa.sql.dml.Insert):
            self._audit(statement)
            return None
        self.executed.append((statement, parameters))
        value = self.failures + 1 if statement is statements.ADD_FAILURE else self.answer
        return ScalarAnswer(value)

    async def scalar(self, statement: Any) -> int:
        if isinstance(statement, sa.sql.dml.Insert):
            self._audit(statement)
        return 1

    def _audit(self, statement: Any) -> None:
        self.audited.append(dict(statement.compile().params))

    def of(self, statement: Any) -> list[dict[str, Any]]:
        return [parameters for executed, parameters in self.executed if executed is statement]


@dataclass
class ScalarAnswer:
    value: object

    def scalar_one(self) -> object:
        return self.value


async def fail(failures: int, *, user: str | None = "anna", is_known: bool = False) -> Any:
    session = CountingSession(failures)
    await add_failure(
        cast("WriteSession", session), ANNA, NOW_US, user=user, is_known=is_known
    )  # fmt: skip
    return session


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_failure_counts_for_the_account_here_elsewhere_and_for_the_address(
    is_known: bool,
) -> None:
    session = await fail(0, is_known=is_known)
    elsewhere = [] if is_known else [(ANNA.account, "")]
    dates = {"now": NOW, "before": NOW - timedelta(days=1)}
    assert session.of(statements.ADD_FAILURE) == [
        {"account": account, "address": address, **dates}
        for account, address in [(ANNA.account, HERE), *elsewhere, (b"", HERE)]
    ]
    assert session.of(statements.BLOCK) == session.audited == []
    assert session.of(statements.PURGE_FAILURES) == [{"before": NOW - timedelta(days=1)}]
    assert session.executed[-1][0] is statements.PURGE_FAILURES


async def test_the_fifth_failure_blocks_the_account_at_the_address_alone() -> None:
    assert (await fail(3)).of(statements.BLOCK) == []
    session = await fail(4)
    assert session.of(statements.BLOCK) == [
        {"account": ANNA.account, "address": HERE, "until": NOW + timedelta(seconds=30)}
    ]
    [entry] = session.audited
    assert (entry["by"], entry["action"], entry["subject"], entry["subject_id"]) == (
        "sign-in", "blocked", "user", "anna",
    )  # fmt: skip
    assert entry["after"] == {"address": HERE, "failures": 5, "wait_s": 30.0}


async def test_the_twentieth_failure_blocks_the_account_elsewhere_and_the_address() -> None:
    session = await fail(19)
    blocked = {(row["account"], row["address"]): row["until"] - NOW
               for row in session.of(statements.BLOCK)}  # fmt: skip
    assert blocked == {
        (ANNA.account, HERE): timedelta(minutes=15),
        (ANNA.account, ""): timedelta(minutes=1),
        (b"", HERE): timedelta(seconds=10),
    }
    # The address with all accounts is nobody's: the log of the server has it.
    assert [entry["after"]["address"] for entry in session.audited] == [HERE, "all"]
    of_known = await fail(19, is_known=True)
    assert [row["address"] for row in of_known.of(statements.BLOCK)] == [HERE, HERE]


async def test_the_log_names_addresses_and_no_account() -> None:
    with capture_logs() as entries:
        await fail(19)
    assert [(entry["log_level"], entry["address"], entry["wait_s"]) for entry in entries] == [
        ("warning", HERE, 900.0), ("warning", "all", 60.0), ("warning", HERE, 10.0),
    ]  # fmt: skip
    assert "anna" not in str(entries)


async def test_a_short_wait_blocks_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_out, "AT_ADDRESS", SignInBackOff(free=0, first_s=0.5, max_s=900))
    session = await fail(0)
    assert [row["until"] for row in session.of(statements.BLOCK)] == [
        NOW + timedelta(milliseconds=500)
    ]


async def test_names_that_do_not_exist_are_blocked_and_not_audited() -> None:
    session = await fail(19, user=None)
    assert len(session.of(statements.BLOCK)) == 3
    assert session.audited == []


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize(
    ("until", "wait_s"), [(None, 0.0), (NOW + timedelta(seconds=1.5), 1.5)]
)  # fmt: skip
async def test_an_attempt_waits_until_its_block_ends(
    until: datetime | None, wait_s: float, is_known: bool
) -> None:
    session = CountingSession(answer=until)
    waits = await blocked_for_s(cast("ReadSession", session), ANNA, NOW_US, is_known=is_known)
    assert waits == wait_s
    assert session.of(statements.BLOCKED_UNTIL) == [
        {"account": ANNA.account, "address": HERE, "now": NOW, "is_known": is_known}
    ]


@pytest.mark.parametrize("is_known", [False, True])
async def test_an_address_is_known_by_the_sessions_of_the_user(is_known: bool) -> None:
    session = CountingSession(answer=is_known)
    assert await is_known_address(cast("ReadSession", session), 7, HERE) is is_known
    assert session.of(statements.IS_KNOWN_ADDRESS) == [{"user_id": 7, "address": HERE}]


async def test_a_sign_in_forgets_its_own_failures_and_unlocking_all_of_the_account() -> None:
    session = CountingSession()
    await forget_failures(cast("WriteSession", session), ANNA)
    await unlock_account(cast("WriteSession", session), "Anna")
    assert session.executed == [
        (statements.FORGET_FAILURES, {"account": ANNA.account, "address": HERE}),
        (statements.FORGET_ACCOUNT, {"account": ANNA.account}),
    ]
