"""Cursors survive clocks, resets and late commits: nothing is skipped silently (M11)."""

import asyncio
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plumbing.polled_tables import FakeSpool, drain, poll_table
from werknetz.connector.contract import Connector

pytestmark = pytest.mark.asyncio
TIMES = {"sqlite": "TEXT", "postgres": "timestamp", "mariadb": "DATETIME(6)"}
BIG = {"sqlite": "INTEGER", "postgres": "bigint", "mariadb": "BIGINT"}


def _create(database: Any) -> None:
    big = BIG[database.kind]
    database.execute(
        f"CREATE TABLE {{t}} (id {big} PRIMARY KEY, c {TIMES[database.kind]}, n {big}, v {big})"
    )


def _insert(database: Any, *rows: tuple[int, str | None, int | None, int]) -> None:
    texts = [
        f"({i}, {'NULL' if c is None else repr(c)}, {'NULL' if n is None else n}, {v})"
        for i, c, n, v in rows
    ]
    database.execute(f"INSERT INTO {{t}} (id, c, n, v) VALUES {', '.join(texts)}")


def _ids(database: Any, *ids: int) -> None:
    _insert(database, *((n, None, None, n) for n in ids))


async def _poll(database: Any, state: Path, **source: Any) -> tuple[Connector, FakeSpool]:
    connector, spool = poll_table(database, state, **source), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    return connector, spool


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
async def test_the_repeated_hour_is_read_twice(database: Any, tmp_path: Path, zone: str) -> None:
    first, second, after = {
        "Europe/Berlin": ("2025-10-26 02:58", "2025-10-26 02:05", "2025-10-26 03:02"),
        "America/New_York": ("2025-11-02 01:58", "2025-11-02 01:05", "2025-11-02 02:02"),
        "Australia/Lord_Howe": ("2025-04-06 01:58", "2025-04-06 01:35", "2025-04-06 02:02"),
    }[zone]
    _create(database)
    _insert(database, (1, f"{first}:00", None, 1), (2, f"{first}:30", None, 2))
    connector, spool = await _poll(database, tmp_path, changed_at="c", zone=zone)
    _insert(database, (3, f"{second}:00", None, 3))  # the second pass of the hour
    database.execute(f"UPDATE {{t}} SET v = 10, c = '{second}:10' WHERE id = 1")
    await drain(connector, spool)
    await connector.close()
    connector = poll_table(database, tmp_path, changed_at="c", zone=zone)  # also after a restart
    await connector.connect()
    _insert(database, (4, f"{second}:20", None, 4), (5, f"{after}:00", None, 5))
    await drain(connector, spool)
    _insert(database, (6, f"{after}:10", None, 6))
    await drain(connector, spool)
    await connector.close()
    assert spool.values() == [1, 2, 3, 10, 4, 5, 6]
    assert sorted(spool.in_force().values()) == [2, 3, 4, 5, 6, 10]


@pytest.mark.parametrize(
    ("before", "after"),
    [((5000, 5001), (1, 2)), (range(1, 11), (1, 2)), (range(1, 40), range(1, 60)), ((5,), (5,))],
    ids=["far below", "within the lag", "beyond the last id", "the same id"],
)
async def test_ids_that_begin_again_name_new_rows(
    database: Any, tmp_path: Path, before: Any, after: Any
) -> None:
    _create(database)
    _ids(database, *before)
    connector, spool = await _poll(database, tmp_path, append=True)
    rows = [(n, None, None, 1000 + n) for n in after]
    database.execute("DELETE FROM {t}")
    _insert(database, *rows)
    await drain(connector, spool)
    await connector.close()
    expected = [*before, *(1000 + n for n in after)]
    assert spool.values() == expected
    assert sorted(spool.in_force().values()) == sorted(expected)  # none replaces another
    assert [gap.cause for gap in spool.gaps if hasattr(gap, "cause")] == ["sequence_jump"]
    assert "s restart" in connector.status.findings


async def test_a_second_restart_and_one_while_the_edge_is_down(
    database: Any, tmp_path: Path
) -> None:
    _create(database)
    _ids(database, 1, 2, 3)
    connector, spool = await _poll(database, tmp_path, append=True)
    for base in (100, 200):
        await connector.close()
        database.execute("DELETE FROM {t}")
        _insert(database, (1, None, None, base), (2, None, None, base + 1))
        connector = poll_table(database, tmp_path, append=True)
        await connector.connect()
        await drain(connector, spool)
    await connector.close()
    assert spool.values() == [1, 2, 3, 100, 101, 200, 201]
    assert len(spool.in_force()) == 7


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {t} WHERE id >= 25", "DELETE FROM {t} WHERE id < 15", "DELETE FROM {t}"],
)
async def test_deleted_rows_are_no_restart(database: Any, tmp_path: Path, statement: str) -> None:
    _create(database)
    _ids(database, *range(1, 31))
    connector, spool = await _poll(database, tmp_path, append=True)
    database.execute(statement)
    await drain(connector, spool)
    _ids(database, 31, 32)
    await drain(connector, spool)
    await connector.close()
    assert spool.values() == list(range(1, 33))
    assert not spool.gaps


async def test_a_new_column_is_no_restart(database: Any, tmp_path: Path) -> None:
    _create(database)
    _ids(database, *range(1, 11))
    connector, spool = await _poll(database, tmp_path, append=True)
    database.execute("ALTER TABLE {t} ADD COLUMN remark VARCHAR(20)")
    await drain(connector, spool)
    _ids(database, 11)
    await drain(connector, spool)
    await connector.close()
    assert len(spool.in_force()) == 11
    assert not spool.gaps


async def test_rows_without_a_time_of_change_are_counted(database: Any, tmp_path: Path) -> None:
    _create(database)
    _insert(database, (1, "2025-11-24 12:00:00", None, 1), (2, None, None, 2), (3, None, None, 3))
    connector, spool = await _poll(database, tmp_path, changed_at="c")
    await connector.close()
    assert spool.values() == [1]
    assert connector.status.findings["s not read"].startswith("2 rows where c is null")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
async def test_a_row_of_the_future_hides_nothing(database: Any, tmp_path: Path, zone: str) -> None:
    now = datetime.now(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    _create(database)
    _insert(database, (1, "2099-01-01 00:00:00", None, 1), (2, str(now), None, 2))
    connector, spool = await _poll(database, tmp_path, changed_at="c", zone=zone)
    _insert(database, (3, str(now + timedelta(seconds=1)), None, 3))
    await drain(connector, spool)
    await connector.close()
    assert sorted(spool.values()) == [1, 2, 3]
    assert "2099" in connector.status.findings["s future"]
    versions = {record.fields["v"]: record.version for record in spool.records}
    assert versions[1] is None  # else a corrected date would be an older state
    assert versions[2] is not None


async def test_a_number_far_ahead_hides_nothing(database: Any, tmp_path: Path) -> None:
    _create(database)
    _ids(database, *range(1, 21))
    connector, spool = await _poll(database, tmp_path, append=True)
    _ids(database, 9_000_000_000)
    await drain(connector, spool)
    _ids(database, 21, 22)
    await drain(connector, spool)
    await connector.close()
    connector = poll_table(database, tmp_path, append=True)
    await connector.connect()
    _ids(database, 23, 9_000_000_001, 5_000, 24, 5_001)
    await drain(connector, spool)
    _ids(database, 25)
    await drain(connector, spool)
    await connector.close()
    assert len(spool.values()) == len(set(spool.values()))
    assert set(spool.values()) == {*range(1, 26), 5_000, 5_001, 9_000_000_000, 9_000_000_001}


async def test_a_sequence_that_begins_again_is_read_again(database: Any, tmp_path: Path) -> None:
    _create(database)
    _insert(database, *((n, None, 50_000 + n, n) for n in range(1, 11)))
    connector, spool = await _poll(database, tmp_path, changed_at="n")
    database.execute("UPDATE {t} SET n = id")  # the database was built anew
    database.execute("UPDATE {t} SET v = 99, n = 11 WHERE id = 1")
    await drain(connector, spool)
    await connector.close()
    assert sorted(spool.in_force().values()) == [*range(2, 11), 99]
    assert "went back" in connector.status.findings["s restart"]
    assert len(spool.gaps) == 2


@pytest.mark.parametrize("cursor", [{"append": True, "lag": 0}, {"changed_at": "c", "lag_s": 0}])
async def test_a_commit_later_than_the_lag_is_found_and_reported(
    database: Any, tmp_path: Path, cursor: dict[str, Any]
) -> None:
    _create(database)
    at = datetime(2025, 11, 24, 12)  # noqa: DTZ001  local time
    rows = [(n, str(at + timedelta(seconds=n)), None, n) for n in range(1, 8)]
    _insert(database, *rows[:3], *rows[4:])
    connector, spool = await _poll(database, tmp_path, **cursor)
    _insert(database, rows[3])
    await drain(connector, spool)
    await connector.close()
    assert spool.values() == [1, 2, 3, 5, 6, 7, 4]
    finding = connector.status.findings["s late"]
    assert finding.startswith("1 rows were committed later")
    assert "the last with id 4" in finding
    assert ("id 4 (2025-11-24" in finding) == ("changed_at" in cursor)


async def test_the_status_shows_how_far_it_is_behind(database: Any, tmp_path: Path) -> None:
    _create(database)
    _ids(database, *range(1, 31))
    connector = poll_table(database, tmp_path, append=True)
    await connector.connect()
    delivery = await connector.read()  # a page of seven
    await delivery.acknowledge()
    assert connector.status.details["s behind"].startswith("23 ids, ")
    await drain(connector, FakeSpool())
    assert connector.status.details["s behind"].startswith("0 ids, 0 s")
    await connector.close()


async def test_concurrent_writers_lose_nothing(database: Any, tmp_path: Path) -> None:
    """Transactions commit in another order than they took their ids."""
    if database.kind == "sqlite":
        pytest.skip("it has one writer at a time")
    _create(database)
    connector, spool = poll_table(database, tmp_path, append=True), FakeSpool()
    await connector.connect()
    for first in range(0, 60, 20):
        late = database.begin()
        late.cursor().execute(
            f"INSERT INTO {database.table} (id, v) VALUES ({first + 1}, {first + 1})"
        )
        await asyncio.to_thread(_ids, database, *range(first + 2, first + 21))
        await drain(connector, spool)
        late.commit()
        late.close()
        await drain(connector, spool)
    await connector.close()
    assert sorted(spool.values()) == list(range(1, 61))


async def test_rows_of_the_future_alone_hide_nothing(database: Any, tmp_path: Path) -> None:
    _create(database)
    _insert(database, (1, "2099-01-01 00:00:00", None, 1))
    connector, spool = await _poll(database, tmp_path, changed_at="c")
    now = datetime.now(ZoneInfo("UTC")).replace(tzinfo=None)
    _insert(database, (2, f"{now:%Y-%m-%d %H:%M:%S}", None, 2))
    await drain(connector, spool)
    _insert(database, (3, f"{now + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}", None, 3))
    await drain(connector, spool)
    await connector.close()
    assert spool.values() == [1, 2, 3]


async def test_rows_that_appear_long_before_the_cursor_are_a_finding(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("werknetz_edge.sql.watch.COUNT_EVERY_S", 0.0)
    monkeypatch.setattr("werknetz_edge.sql.watch.COUNT_SHARE_MAX", 1e9)
    _create(database)
    at = datetime(2025, 11, 24, 12)  # noqa: DTZ001  local time
    _insert(database, *((n, str(at + timedelta(minutes=n)), None, n) for n in range(3)))
    connector, spool = await _poll(database, tmp_path, changed_at="c")
    assert "s unseen" not in connector.status.findings
    _insert(database, (9, str(at - timedelta(days=1)), None, 9))
    await drain(connector, spool)
    await connector.close()
    assert spool.values() == [0, 1, 2]
    finding = connector.status.findings["s unseen"]
    assert finding.startswith("1 rows appeared before 2025-11-24 11:")
    assert "; probably id 9 (2025-11-23 12:00:00" in finding
    assert re.search(r"between 20\d\d-\S+ \S+ and \S+Z;", finding)
