"""A spool that is opened again is in the state in which it was left."""

import sqlite3
from uuid import UUID

import pytest

from plumbing.sender import ONE
from werknetz.events.batch import GapOpened
from werknetz_edge.spool.spool import Spool

INCARNATION = UUID(int=77)
NAMES = (
    "spool_id", "last_seq", "last_hash", "base_seq", "epoch", "base_epoch", "used", "incarnation",
    "has_trimmed", "confirmed_seq",
)  # fmt: skip


def open_spool(connection: sqlite3.Connection) -> Spool:
    return Spool(connection, "press", clock_us=lambda: 1_000_000)


def state_of(spool: Spool) -> dict[str, object]:
    hashes = {f"hash_at({seq})": spool.hash_at(seq) for seq in range(6)}
    return {name: getattr(spool, name) for name in NAMES} | hashes


@pytest.fixture
def connection() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def test_a_new_spool_is_unused(connection: sqlite3.Connection) -> None:
    state = state_of(open_spool(connection))
    numbers = [state[name] for name in NAMES[1:2] + NAMES[3:6] + NAMES[9:]]
    assert numbers == [0, 0, 0, 0, 0]
    assert (state["used"], state["incarnation"], state["has_trimmed"]) == (False, None, False)
    assert state_of(open_spool(connection)) == state


def test_a_confirmed_and_trimmed_spool_is_so_after_a_restart(
    connection: sqlite3.Connection,
) -> None:
    spool = open_spool(connection)
    for _ in range(5):
        spool.append([ONE])
    spool.keep_epoch(70, 50)
    spool.confirm(INCARNATION, 3)
    before_trimming = state_of(spool)
    assert (before_trimming["epoch"], before_trimming["base_epoch"]) == (70, 50)
    assert (before_trimming["used"], before_trimming["incarnation"]) == (True, INCARNATION)
    assert (before_trimming["confirmed_seq"], before_trimming["has_trimmed"]) == (3, False)
    assert state_of(open_spool(connection)) == before_trimming
    spool.trim(2, retention_us=0)
    after_trimming = state_of(spool)
    assert (after_trimming["base_seq"], after_trimming["has_trimmed"]) == (2, True)
    assert after_trimming["last_seq"] == 5
    assert state_of(open_spool(connection)) == after_trimming


@pytest.mark.parametrize(("epoch", "base_epoch"), [(1, 0), (9, 9)])
def test_epochs_are_each_their_own(
    connection: sqlite3.Connection, epoch: int, base_epoch: int
) -> None:
    spool = open_spool(connection)
    spool.keep_epoch(epoch, base_epoch)
    assert (spool.epoch, spool.base_epoch) == (epoch, base_epoch)
    again = open_spool(connection)
    assert (again.epoch, again.base_epoch) == (epoch, base_epoch)


def test_the_age_grows_by_the_time_it_is_open_and_is_never_negative(
    connection: sqlite3.Connection,
) -> None:
    uptime_us = [5_000_000]
    spool = Spool(connection, "press", clock_us=lambda: 1, uptime_us=lambda: uptime_us[0])
    assert spool.age_us == 0
    uptime_us[0] += 7
    assert spool.age_us == 7
    uptime_us[0] -= 1_000
    assert spool.age_us == 0


def test_the_file_is_what_is_used_and_what_is_free(connection: sqlite3.Connection) -> None:
    spool = open_spool(connection)
    for _ in range(400):
        spool.append([ONE])
    used = spool.bytes_used
    assert spool.bytes_free == 0
    spool.confirm(INCARNATION, 400)
    spool.trim(400, retention_us=0)
    assert spool.bytes_free >= 4096  # at least a page
    assert spool.bytes_used + spool.bytes_free == used


def test_each_change_is_announced_once(connection: sqlite3.Connection) -> None:
    announced: list[int] = []
    spool = Spool(
        connection, "press", clock_us=lambda: 1, on_change=lambda it: announced.append(it.last_seq)
    )
    spool.append([ONE])
    spool.append([ONE])
    assert announced == [1, 2]
    spool.trim(1, retention_us=0)
    assert announced == [1, 2, 2]
    spool.replace("fork")
    assert announced == [1, 2, 2, 2]  # the gap and the batch that was not trimmed


@pytest.mark.parametrize(
    ("incarnation", "last_seq", "lanes"),
    [
        (INCARNATION, 3, ["live"] * 4),  # as before
        (INCARNATION, 4, ["live"] * 4),
        (INCARNATION, 2, ["live", "live", "backfill", "backfill"]),  # the watermark fell
        (UUID(int=78), 3, ["live", "live", "live", "backfill"]),  # another database
    ],
)
def test_what_a_restored_database_lacks_is_sent_as_backfill(
    connection: sqlite3.Connection, incarnation: UUID, last_seq: int, lanes: list[str]
) -> None:
    spool = open_spool(connection)
    for _ in range(4):
        spool.append([ONE])
    spool.confirm(INCARNATION, 3)
    assert [batch.lane for batch in spool.read(1, 1_000_000)] == ["live"] * 4
    spool.confirm(incarnation, last_seq)
    assert [batch.lane for batch in spool.read(1, 1_000_000)] == lanes
    assert (spool.incarnation, spool.confirmed_seq) == (incarnation, last_seq)


def test_a_spool_of_an_older_version_is_used_by_a_database_without_a_name(
    connection: sqlite3.Connection,
) -> None:
    open_spool(connection)
    connection.execute("UPDATE spool SET used = 1")
    again = open_spool(connection)
    assert (again.used, again.incarnation) == (True, None)


def test_what_was_trimmed_is_known_after_a_restart(connection: sqlite3.Connection) -> None:
    """Since the oldest batch that was trimmed, not since the spool was created."""
    open_spool(connection)
    spool = Spool(connection, "press", clock_us=lambda: 1_000_500)
    spool.append([GapOpened(UUID(int=1), "press", [], 5, "spool_full")])
    spool.trim(1, retention_us=0)
    open_spool(connection)
    trimmed = connection.execute("SELECT trimmed_from_us, trimmed_to_us FROM spool").fetchone()
    assert trimmed == (1_000_500, 1_000_500)


def test_a_spool_is_used_once_it_is_confirmed(connection: sqlite3.Connection) -> None:
    spool = open_spool(connection)
    spool.append([ONE])
    spool.confirm(INCARNATION, 0)
    assert (spool.base_epoch, spool.used) == (0, True)
    assert open_spool(connection).used is True
