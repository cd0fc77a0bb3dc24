"""Deleted rows are withdrawn; a failed or partial comparison withdraws nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from plumbing.polled_tables import FakeSpool, drain, poll_table
from werknetz.connector.contract import ConnectionLost, Connector
from werknetz_edge.sql import connector as module

pytestmark = pytest.mark.asyncio


def _create(database: Any, rows: int) -> None:
    database.execute("CREATE TABLE {t} (id INTEGER PRIMARY KEY, v INTEGER)")
    _insert(database, 0, rows)


def _insert(database: Any, first: int, rows: int) -> None:
    values = ", ".join(f"({n}, {n})" for n in range(first, first + rows))
    database.execute(f"INSERT INTO {{t}} (id, v) VALUES {values}")


@pytest.mark.parametrize(
    ("rows", "condition", "expected", "is_immediate"),
    [
        (9, "id >= 0", 0, True),
        (40, "id < 20", 20, True),
        (40, "id < 21", 19, False),
        (40, "id >= 0", 0, False),
    ],
    ids=["a small table", "half of it", "more than half", "all"],
)
async def test_a_large_loss_needs_a_second_comparison(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, condition: str,
    expected: int, *, is_immediate: bool,
) -> None:  # fmt: skip
    _create(database, rows)
    connector, spool = poll_table(database, tmp_path, deletions_every_s=0.1), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    monkeypatch.setattr(module, "CONFIRM_S", 1_000.0)
    poll = connector._polls[0]  # type: ignore[attr-defined]
    database.execute(f"DELETE FROM {{t}} WHERE {condition}")
    delayed = poll.source.model_copy(update={"deletions_every_s": 1_000.0})
    poll.source, poll.compare_due_s = delayed, 0.0
    await drain(connector, spool)
    assert len(spool.in_force()) == (expected if is_immediate else rows)
    assert ("s deletions" in connector.status.findings) is not is_immediate
    poll.compare_due_s = 0.0
    await drain(connector, spool)
    await connector.close()
    assert len(spool.in_force()) == expected
    assert "s deletions" not in connector.status.findings


async def test_a_table_that_is_refilled_withdraws_nothing(database: Any, tmp_path: Path) -> None:
    _create(database, 30)
    connector, spool = poll_table(database, tmp_path, deletions_every_s=5), FakeSpool()
    await connector.connect()
    await drain(connector, spool, comparisons=1)
    connector._polls[0].compare_due_s = 0.0  # type: ignore[attr-defined] # of a polled table
    database.execute("DELETE FROM {t}")
    while "s deletions" not in connector.status.findings:
        await drain(connector, spool, polls=1, comparisons=0)
    _insert(database, 0, 30)
    await drain(connector, spool)
    await connector.close()
    assert not any(record.deleted for record in spool.records)
    assert len(spool.in_force()) == 30


async def test_a_failed_comparison_withdraws_nothing(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _create(database, 30)
    connector, spool = poll_table(database, tmp_path, deletions_every_s=0.1), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    session = connector._session  # type: ignore[attr-defined]
    real, pages = session._connection.execute, 0

    def break_off(statement: Any, *more: Any) -> Any:
        nonlocal pages
        pages += "v" not in str(statement).split("FROM", maxsplit=1)[0]
        if pages > 2:  # in the middle of the comparison
            raise ConnectionLost("the server went away")
        return real(statement, *more)

    monkeypatch.setattr(session._connection, "execute", break_off)
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(_read_on(connector, spool), 60)
    await connector.close()
    assert not any(record.deleted for record in spool.records)


async def _read_on(connector: Connector, spool: FakeSpool) -> None:
    while True:
        delivery = await connector.read()
        spool.store(delivery)
        await delivery.acknowledge()


async def test_deletions_can_be_records_of_their_own(database: Any, tmp_path: Path) -> None:
    _create(database, 3)
    connector = poll_table(database, tmp_path, deletions_every_s=0.1, deletions="record")
    spool = FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    database.execute("DELETE FROM {t} WHERE id = 1")
    await drain(connector, spool)
    await connector.close()
    last = spool.records[-1]
    assert (last.source, last.fields["id"], last.deleted) == ("s/deleted", 1, False)
    assert last.key not in {record.key for record in spool.records[:-1]}


async def test_rows_of_before_a_restart_are_deleted(database: Any, tmp_path: Path) -> None:
    _create(database, 5)
    connector = poll_table(database, tmp_path, append=True, deletions_every_s=0.1)
    spool = FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    database.execute("DELETE FROM {t}", "INSERT INTO {t} (id, v) VALUES (0, 100), (1, 101)")
    await drain(connector, spool)
    await connector.close()
    assert sorted(spool.in_force().values()) == [100, 101]
