"""Isolates what cannot be computed, so that one subject never stops another.

A subject that fails is logged with its identity, shown as a finding, and tried again later: after
RETRY_FIRST_S, then after twice as long each time. A subject that was not done when the time of its
task was over has failed, too.
"""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import asyncpg
from celery.exceptions import SoftTimeLimitExceeded

from werknetz.runtime.log import get_logger
from werknetz.store.projection import failures as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz.texts.sentence import Sentence, sentence_of
from werknetz.texts.stored import stored_sentence

KIND: Final = "not_computed"
"""Of the findings about what cannot be computed."""

RETRY_FIRST_S: Final = 10.0
RETRY_MAX_S: Final = 600.0
DETAIL_MAX: Final = 500  # characters of an error
# Classes of SQLSTATE: connection, transaction, resources, intervention, system. The database is
# unavailable or busy: the next tick retries, the marks are still there.
_AWAY_CLASSES: Final = frozenset({"08", "25", "40", "53", "57", "58"})
_UNDEFINED_TABLE: Final = "42P01"  # it is not migrated yet
_TOO_LONG: Final = Sentence("finding_detail.too_long")
_log: Final = get_logger("worker.failures")
_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)


class UnfinishedError(Exception):
    """The time of a task was over before a subject was done."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is computed, for the log and for a finding. `key` is unique for all kinds."""

    kind: str  # machine, relation, stock, connector, step
    name: str
    equipment_id: int | None = None
    relation_id: int | None = None
    warehouse_id: int | None = None
    material_id: int | None = None

    @property
    def key(self) -> str:
        return f"{KIND}/{self.kind}/{self.name}"


@dataclass(slots=True)
class _Retry:
    delay_s: float
    due_s: float


@dataclass(slots=True)
class Retries:
    """When to try a subject again. Of one process: marks in the database outlast it."""

    clock: Callable[[], float] = time.monotonic
    _retries: dict[str, _Retry] = field(default_factory=dict)
    _begun: dict[str, Subject] = field(default_factory=dict)
    _separate: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)  # since this process started, or since it failed

    def is_due(self, subject: Subject) -> bool:
        retry = self._retries.get(subject.key)
        return retry is None or self.clock() >= retry.due_s

    def begin(self, subject: Subject) -> None:
        self._begun[subject.key] = subject

    def end(self, subject: Subject) -> bool:
        """Note that a subject was done; return whether a finding of it may be open."""
        self._begun.pop(subject.key, None)
        self._retries.pop(subject.key, None)
        self._separate.discard(subject.key)
        is_first = subject.key not in self._done
        self._done.add(subject.key)
        return is_first

    def forget(self, subject: Subject) -> None:
        """Note that a subject was neither done nor failed: something else was."""
        self._begun.pop(subject.key, None)

    def fail(self, subject: Subject) -> None:
        self._begun.pop(subject.key, None)
        self._done.discard(subject.key)
        before = self._retries.get(subject.key)
        delay_s = RETRY_FIRST_S if before is None else min(2 * before.delay_s, RETRY_MAX_S)
        self._retries[subject.key] = _Retry(delay_s, self.clock() + delay_s)

    def separate(self, subject: Subject) -> None:
        """Let a subject share no transaction with others until it is done."""
        self._separate.add(subject.key)

    def may_share(self, subject: Subject) -> bool:
        return subject.key not in self._separate

    def pop_unfinished(self) -> list[Subject]:
        """Return the subjects that were begun and neither done nor failed."""
        unfinished = list(self._begun.values())
        self._begun.clear()
        return unfinished


def is_database_away(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        sqlstate = str(error.sqlstate)
        return sqlstate[:2] in _AWAY_CLASSES or sqlstate == _UNDEFINED_TABLE
    return isinstance(error, (OSError, TimeoutError, asyncpg.InterfaceError))


def raise_unless_isolated(error: Exception) -> None:
    """Raise what concerns all subjects: an unavailable database, or the end of the task's time."""
    if is_database_away(error) or isinstance(error, SoftTimeLimitExceeded):
        raise error


async def run_isolated(
    pool: DriverPool, retries: Retries, subject: Subject, work: Callable[[], Awaitable[_T]]
) -> _T | None:
    """Run the work of one subject; None: it failed, or is not due again yet."""
    if not retries.is_due(subject):
        return None
    retries.begin(subject)
    try:
        result = await work()
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others
        if is_database_away(error):
            retries.forget(subject)
        raise_unless_isolated(error)
        await report(pool, retries, subject, error)
        return None
    if retries.end(subject):
        await clear(pool, [subject])
    return result


async def report_unfinished(pool: DriverPool, retries: Retries) -> None:
    """Report what did not end before the time of the last task was over."""
    for subject in retries.pop_unfinished():
        await report(pool, retries, subject, UnfinishedError(_TOO_LONG))


async def separate_unfinished(
    pool: DriverPool, retries: Retries, defer: Callable[[Subject], Awaitable[object]]
) -> None:
    """Let the subjects that took too long together try alone; report and `defer` one that was."""
    unfinished = retries.pop_unfinished()
    if len(unfinished) > 1:
        for subject in unfinished:
            retries.separate(subject)
        return
    for subject in unfinished:
        await report(pool, retries, subject, UnfinishedError(_TOO_LONG))
        await defer(subject)


async def report(
    pool: DriverPool | WriteConnection, retries: Retries, subject: Subject, error: Exception
) -> None:
    """Log a failure with its subject, write its finding and delay the next try."""
    retries.fail(subject)
    reason = sentence_of(error)
    if not isinstance(reason, Sentence):
        reason = f"{type(error).__name__}: {error}"[:DETAIL_MAX].replace("\0", "")
    _log.error(
        "cannot be computed", kind=subject.kind, name=subject.name, reason=reason, exc_info=error
    )
    detail = Sentence(
        "finding_detail.not_computed", kind=subject.kind, name=subject.name, reason=reason
    )
    await pool.execute(
        statements.UPSERT_FAILURE,
        subject.key,
        subject.kind,
        detail,
        subject.equipment_id,
        subject.relation_id,
        subject.warehouse_id,
        subject.material_id,
        stored_sentence(detail),
    )


async def clear(pool: DriverPool | WriteConnection, subjects: Iterable[Subject]) -> None:
    """Clear the findings of subjects that were computed."""
    await pool.execute(statements.CLEAR_FAILURES, [subject.key for subject in subjects])


async def run_all_isolated(
    connection: WriteConnection,
    retries: Retries,
    subjects: Mapping[_K, Subject],
    work: Callable[[Sequence[_K]], Awaitable[None]],
) -> set[_K]:
    """Run over many subjects in one transaction; return those that failed, each alone."""
    for subject in subjects.values():
        retries.begin(subject)
    try:
        refused = dict(await run_by_bisection(connection, list(subjects), work))
    except Exception as fault:
        if is_database_away(fault):
            for subject in subjects.values():
                retries.forget(subject)
        raise
    for key, error in refused.items():
        await report(connection, retries, subjects[key], error)
    done = [subject for key, subject in subjects.items() if key not in refused]
    for subject in done:
        retries.end(subject)
    await clear(connection, done)
    return set(refused)


async def run_by_bisection(
    connection: WriteConnection,
    subjects: Sequence[_T],
    work: Callable[[Sequence[_T]], Awaitable[None]],
) -> list[tuple[_T, Exception]]:
    """Run over many subjects in one savepoint; return those that fail alone, with their errors.

    What fails is halved until each part is done or has failed alone.
    """
    if not subjects:
        return []
    try:
        async with connection.transaction():
            await work(subjects)
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others
        raise_unless_isolated(error)
        if len(subjects) == 1:
            return [(subjects[0], error)]
        middle = len(subjects) // 2
        return [
            *await run_by_bisection(connection, subjects[:middle], work),
            *await run_by_bisection(connection, subjects[middle:], work),
        ]
    return []
