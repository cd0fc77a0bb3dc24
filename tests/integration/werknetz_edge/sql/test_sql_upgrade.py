"""A state file of version 0.1: nothing is read twice, nothing is skipped, cursors are healed."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from plumbing.polled_tables import FakeSpool, drain
from werknetz.connector.contract import Connector
from werknetz_edge.sql import create

pytestmark = pytest.mark.asyncio
STATE = Path(__file__).with_name("sqlstate_of_0_1.sql")
SOURCES: dict[str, dict[str, Any]] = {
    "by_time": {"changed_at": "c"},
    "by_id": {"append": True},
    "whole": {"deletions_every_s": 0.1},
}


def _connector(folder: Path) -> Connector:
    sources = [{"name": n, "table": "log", "id": "id"} | more for n, more in SOURCES.items()]
    options = {"url": f"sqlite:///{folder}/source.db", "poll_s": 0.05, "sources": sources}
    return create("polled", options, folder)


def _execute(file: Path, *statements: str) -> None:
    db = sqlite3.connect(file)
    for statement in statements:
        db.executescript(statement)
    db.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _execute(tmp_path / "polled.sqlstate", STATE.read_text())
    early = "".join(f", ({n}, '2025-11-24 11:{n:02}:00', {n})" for n in range(1, 6))
    late = "".join(f", ({n}, '2025-11-24 12:00:{n:02}', {n})" for n in range(6, 9))
    _execute(
        tmp_path / "source.db",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, c TEXT, v INTEGER)",
        f"INSERT INTO log VALUES {(early + late)[2:]}",
    )
    return tmp_path


async def test_rows_of_before_are_not_read_again(folder: Path) -> None:
    connector, spool = _connector(folder), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    assert spool.records == []
    _execute(
        folder / "source.db",
        "INSERT INTO log VALUES (9, '2025-11-24 12:01:00', 9)",
        "UPDATE log SET v = 60, c = '2025-11-24 12:01:01' WHERE id = 6",
        "DELETE FROM log WHERE id = 1",
    )
    await drain(connector, spool)
    await connector.close()
    former = [r for r in spool.records if r.has_former_identity]
    assert sorted((r.source, r.item) for r in former) == [
        ("by_id", "id 6"), ("by_time", "id 6"), ("whole", "id 1"), ("whole", "id 6"),
    ]  # fmt: skip
    assert {r.item: r.key.hex() for r in former if r.source == "whole"} == {
        "id 1": "291bf601f73bace047441577bd98d312",  # as version 0.1 computed them
        "id 6": "50cf300c033c7a3e577cf9ca052b6a62",
    }
    assert all(r.deleted for r in former)
    new = [r for r in spool.records if not r.has_former_identity]
    results = sorted((r.source, r.item, r.fields["_change"]) for r in new)
    assert results == [
        ("by_id", "id 6", "changed"),
        ("by_id", "id 9", "new"),
        ("by_time", "id 6", "changed"),
        ("by_time", "id 9", "new"),
        ("whole", "id 1", "deleted"),
        ("whole", "id 6", "changed"),
        ("whole", "id 9", "new"),
    ]
    assert spool.gaps == []


async def test_ids_that_begin_again_are_found(folder: Path) -> None:
    _execute(folder / "source.db", "DELETE FROM log; INSERT INTO log VALUES (1, NULL, 100)")
    connector, spool = _connector(folder), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    await connector.close()
    new = [r for r in spool.records if r.source == "by_id"]
    assert [r.fields["v"] for r in new] == [100]
    assert new[0].key.hex() != "2519bec7663cea23046a9e8cf241dbb3"  # the row 1 of before


async def test_a_cursor_in_the_future_is_healed(folder: Path) -> None:
    cursor = msgspec.msgpack.encode("2099-01-01 00:00:00").hex()
    _execute(
        folder / "polled.sqlstate",
        f"UPDATE cursors SET value = x'{cursor}' WHERE source = 'by_time'",
    )
    now = datetime.now(ZoneInfo("UTC")) + timedelta(seconds=1)
    _execute(folder / "source.db", f"INSERT INTO log VALUES (9, '{now:%Y-%m-%d %H:%M:%S}', 9)")
    connector, spool = _connector(folder), FakeSpool()
    await connector.connect()
    await drain(connector, spool)
    await connector.close()
    assert 9 in [r.fields["v"] for r in spool.records if r.source == "by_time"]
