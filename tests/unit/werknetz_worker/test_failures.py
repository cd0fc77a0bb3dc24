"""When a subject that failed is tried again, and which errors concern all subjects."""

import asyncpg
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from werknetz_worker.failures import (
    RETRY_FIRST_S,
    RETRY_MAX_S,
    Retries,
    Subject,
    is_database_away,
    raise_unless_isolated,
)

PRESS = Subject("machine", "press-1", equipment_id=1)
SAW = Subject("machine", "saw-1", equipment_id=2)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_each_failure_doubles_the_wait() -> None:
    clock = Clock()
    retries = Retries(clock)
    assert retries.is_due(PRESS)
    for delay_s in (10, 20, 40, 80, 160, 320, 600, 600):
        retries.begin(PRESS)
        retries.fail(PRESS)
        clock.now_s += delay_s - 0.5
        assert not retries.is_due(PRESS)
        assert retries.is_due(SAW)
        clock.now_s += 0.5
        assert retries.is_due(PRESS)
    assert (RETRY_FIRST_S, RETRY_MAX_S) == (10, 600)
    retries.end(PRESS)
    retries.fail(PRESS)
    clock.now_s += 10
    assert retries.is_due(PRESS)


def test_a_finding_may_be_open_at_the_first_success_and_after_a_failure() -> None:
    retries = Retries()
    assert [retries.end(PRESS), retries.end(PRESS), retries.end(SAW)] == [True, False, True]
    retries.fail(PRESS)
    assert [retries.end(PRESS), retries.end(PRESS)] == [True, False]


def test_what_was_begun_and_did_not_end_is_unfinished() -> None:
    retries = Retries()
    for subject in (PRESS, SAW):
        retries.begin(subject)
    retries.end(SAW)
    assert retries.pop_unfinished() == [PRESS]
    assert retries.pop_unfinished() == []
    retries.begin(PRESS)
    retries.forget(PRESS)
    retries.begin(SAW)
    retries.fail(SAW)
    assert retries.pop_unfinished() == []


def test_what_is_separate_is_so_until_it_is_done() -> None:
    retries = Retries()
    retries.separate(PRESS)
    assert (retries.may_share(PRESS), retries.may_share(SAW)) == (False, True)
    retries.fail(PRESS)
    assert not retries.may_share(PRESS)
    retries.end(PRESS)
    assert retries.may_share(PRESS)


def test_the_key_names_kind_and_subject() -> None:
    assert PRESS.key == "not_computed/machine/press-1"


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (OSError(), True),
        (TimeoutError(), True),
        (asyncpg.InterfaceError("closed"), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.ReadOnlySQLTransactionError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.DiskFullError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.PostgresIOError(), True),
        (asyncpg.UndefinedTableError(), True),
        (asyncpg.NumericValueOutOfRangeError(), False),
        (asyncpg.UndefinedColumnError(), False),
        (asyncpg.NotNullViolationError(), False),
        (ZeroDivisionError(), False),
        (ValueError(), False),
    ],
)
def test_which_errors_concern_all_subjects(error: Exception, is_away: bool) -> None:
    assert is_database_away(error) is is_away
    if is_away:
        with pytest.raises(type(error)):
            raise_unless_isolated(error)
    else:
        raise_unless_isolated(error)


def test_the_end_of_the_task_s_time_concerns_all_subjects() -> None:
    assert not is_database_away(SoftTimeLimitExceeded())
    with pytest.raises(SoftTimeLimitExceeded):
        raise_unless_isolated(SoftTimeLimitExceeded())
