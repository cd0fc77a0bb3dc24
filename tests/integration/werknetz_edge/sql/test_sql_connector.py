"""SQLite, PostgreSQL and MariaDB: new, changed, late and deleted rows are delivered once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from plumbing.polled_tables import FakeSpool, drain, poll_table
from werknetz.connector.contract import ConfigurationRejected, Connector
from werknetz_edge.sql import create

pytestmark = pytest.mark.asyncio
TIMES = {"sqlite": "TEXT", "postgres": "timestamp", "mariadb": "DATETIME(6)"}


def _create(database: Any) -> None:
    database.execute(
        f"CREATE TABLE {{t}} (id INTEGER PRIMARY KEY, c {TIMES[database.kind]}, v INTEGER)"
    )


def _rows(first: int, count: int, at: str = "2026-11-24 12:00:") -> str:
    values = ", ".join(f"({n}, '{at}{n % 10:02}', {n})" for n in range(first, first + count))
    return f"INSERT INTO {{t}} (id, c, v) VALUES {values}"


async def test_new_and_changed_rows_are_delivered_once_across_restarts(
    database: Any, tmp_path: Path
) -> None:
    _create(database)
    database.execute(_rows(0, 50))  # five rows a second: a page ends within a second
    spool = FakeSpool()
    connector = poll_table(database, tmp_path, changed_at="c", zone="Europe/Berlin")
    await connector.connect()
    await drain(connector, spool)
    assert sorted(spool.values()) == list(range(50))
    assert {record.source_time_us for record in spool.records} == {
        1_795_518_000_000_000 + second * 1_000_000 for second in range(10)
    }
    database.execute(
        _rows(50, 3, "2026-11-24 12:01:"),
        "UPDATE {t} SET v = 1000, c = '2026-11-24 12:02:00' WHERE id = 5",
    )
    await drain(connector, spool)
    assert spool.values()[50:] == [50, 51, 52, 1000]
    assert spool.records[-1].fields["_change"] == "changed"
    await connector.close()
    restarted = poll_table(database, tmp_path, changed_at="c", zone="Europe/Berlin")
    await restarted.connect()
    await drain(restarted, spool)
    assert len(spool.records) == 54
    assert len({record.key for record in spool.records}) == 53  # one was changed
    await restarted.close()


async def test_a_transaction_that_commits_late_is_not_missed(database: Any, tmp_path: Path) -> None:
    _create(database)
    if database.kind == "sqlite":
        database.execute("PRAGMA journal_mode = WAL")  # readers beside a writer
    spool = FakeSpool()
    connector = poll_table(database, tmp_path, changed_at="c", lag_s=60)
    await connector.connect()
    late = database.begin()
    late.cursor().execute(_rows(1, 1).format(t=database.table))
    if database.kind != "sqlite":  # it has one writer at a time
        database.execute(_rows(2, 1))
    await drain(connector, spool)
    before = spool.values()
    assert 1 not in before
    late.commit()
    late.close()
    await drain(connector, spool)
    assert spool.values() == [*before, 1]
    await connector.close()


async def test_readings_are_stored_once_after_kills_before_the_state_is_saved(
    database: Any, tmp_path: Path
) -> None:
    _create(database)
    database.execute(_rows(0, 20))
    spool = FakeSpool()
    for _ in range(3):  # on disk, then killed before the acknowledgement
        connector = poll_table(database, tmp_path, changed_at="c", **{"as": "readings"})
        connector.restore_checkpoints(spool.checkpoints)  # type: ignore[attr-defined]
        await connector.connect()
        spool.store(await connector.read())
        await connector.close()
    connector = poll_table(database, tmp_path, changed_at="c", **{"as": "readings"})
    connector.restore_checkpoints(spool.checkpoints)  # type: ignore[attr-defined]
    await connector.connect()
    await drain(connector, spool)
    await connector.close()
    assert sorted(value for _, value, _ in spool.readings) == list(range(20))
    assert {source for source, _, _ in spool.readings} == {"s#v"}


async def test_a_small_table_without_a_cursor_is_compared(database: Any, tmp_path: Path) -> None:
    _create(database)
    database.execute(_rows(0, 20))
    spool = FakeSpool()
    connector = poll_table(database, tmp_path, deletions_every_s=0.1)
    await connector.connect()
    await drain(connector, spool)
    for value in (38, 3):  # and back to the first value
        database.execute(f"UPDATE {{t}} SET v = {value} WHERE id = 3")
        await drain(connector, spool)
    assert spool.values()[20:] == [38, 3]
    database.execute("DELETE FROM {t} WHERE id IN (4, 5)")
    await drain(connector, spool)
    deleted = spool.records[22:]
    assert [(r.source, r.fields) for r in sorted(deleted, key=lambda r: r.item)] == [
        ("s", {"id": 4, "_change": "deleted"}),
        ("s", {"id": 5, "_change": "deleted"}),
    ]
    assert all(record.deleted for record in deleted)
    database.execute(_rows(4, 1))
    await drain(connector, spool)
    assert spool.records[-1].fields["_change"] == "new"
    assert len(spool.records) == 25
    assert len({record.key for record in spool.records}) == 20
    await connector.close()


async def test_the_session_is_read_only(database: Any, tmp_path: Path) -> None:
    _create(database)
    connector = poll_table(database, tmp_path)
    await connector.connect()
    session = connector._session  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationRejected, match=r"(?i)read.?only"):
        await asyncio.to_thread(_write, session, database.table)
    await connector.close()


def _write(session: Any, table: str) -> None:
    import sqlalchemy as sa

    with session._read_transaction("write") as connection:
        connection.execute(sa.text(f"INSERT INTO {table} (id) VALUES (1)"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"table": "not_there"}, "check table"),
        ({"changed_at": "nope"}, "check table"),
        ({"table": None, "query": "SELECT v FROM {t}"}, "check table|no column"),
        ({"table": None, "query": "SELECT id FROM {t} WHERE"}, "check table"),
    ],
)
async def test_a_wrong_source_is_rejected_with_a_remedy(
    database: Any, tmp_path: Path, source: dict[str, Any], message: str
) -> None:
    _create(database)
    database.execute(_rows(0, 1))
    if source.get("query"):
        source = source | {"query": source["query"].format(t=database.table)}
    connector = poll_table(database, tmp_path, **source)
    with pytest.raises(ConfigurationRejected, match=message):
        await _read_first(connector)
    await connector.close()


async def _read_first(connector: Connector) -> None:
    await connector.connect()
    await connector.read()


async def test_a_table_that_is_too_large_to_compare_is_rejected(
    database: Any, tmp_path: Path
) -> None:
    _create(database)
    database.execute(_rows(0, 30))
    connector = poll_table(database, tmp_path, rows_max=20)
    await connector.connect()
    with pytest.raises(ConfigurationRejected, match="set `changed_at`"):
        await drain(connector, FakeSpool())
    await connector.close()


async def test_a_wrong_password_is_rejected(database: Any, tmp_path: Path) -> None:
    if database.kind == "sqlite":
        wrong = "sqlite:///:memory:"
    elif database.kind == "postgres":
        head, _, tail = database.url.rpartition("@")
        wrong = f"{head.rpartition(':')[0]}:wrong@{tail}"
    else:
        wrong = database.url.replace("root@", "root:wrong@")
    source = {"name": "s", "table": database.table, "id": "id"}
    connector = create("polled", {"url": wrong, "sources": [source]}, tmp_path)
    with pytest.raises(ConfigurationRejected):
        await connector.connect()
    await connector.close()


async def test_a_missing_driver_is_reported_with_its_extra(tmp_path: Path) -> None:
    source = {"name": "s", "table": "t", "id": "id"}
    connector = create("polled", {"url": "oracle://me@h/d", "sources": [source]}, tmp_path)
    with pytest.raises(ConfigurationRejected, match=r"werknetz\[oracle\]"):
        await connector.connect()
    await connector.close()
