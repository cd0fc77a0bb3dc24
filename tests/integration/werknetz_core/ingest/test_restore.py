"""A dump that comes back into the database that goes on: edges send again, and nothing is lost.

The writer runs all the time. It notices the restore by itself, whichever way the rows came back.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from plumbing.delivery import NOW_US, point, samples
from plumbing.ingesting import PATIENCE_S, writing
from werknetz.domain.bucket import instant_of
from werknetz.link.redis import RedisEdgeLink
from werknetz.link.sender import CONFIRM_EVERY_S, Sender
from werknetz_core.ingest.durability import load_incarnation
from werknetz_demo.embedded.postgres import Postgres
from werknetz_edge.spool.spool import Spool

pytestmark = pytest.mark.asyncio
MINUTE_US = 60_000_000


RESTORES_MAX = 10


class Edge:
    """A connector with the production spool and sender: a batch is one value in a minute."""

    def __init__(self, redis_url: str, name: str, number: int) -> None:
        self.name = name
        self.number = number  # of its one point
        self.count = 0
        self.link = RedisEdgeLink.connect(redis_url, name)
        database = sqlite3.connect(":memory:", isolation_level=None)
        self.spool = Spool(database, name, clock_us=lambda: NOW_US + self.count * MINUTE_US)
        self.sender = Sender(name, self.spool, random=Random(1).random, nonce=uuid4)
        self.spool.append([point(number)])
        self._skipped_s = 0.0

    def accept(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            at_us = NOW_US + self.count * MINUTE_US
            self.spool.append([samples([float(self.count)], number=self.number, at_us=at_us)])

    async def deliver(self) -> None:
        """Exchange messages until everything is acknowledged."""
        await self._exchange(lambda: self.sender.acked == self.spool.last_seq)

    async def confirm(self, former: UUID) -> None:
        """Deliver as a connector does that was idle for a minute: to another incarnation."""
        self._skipped_s += CONFIRM_EVERY_S
        await self._exchange(
            lambda: (
                self.sender.acked == self.spool.last_seq
                and self.spool.incarnation not in (None, former)
            )
        )

    async def _exchange(self, is_done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S * 2):
            while not (self.sender.state == "running" and is_done()):
                now_s = monotonic() + self._skipped_s
                if messages := self.sender.poll(now_s):
                    await self.link.send(messages)
                for message in await self.link.receive(100):
                    self.sender.on_message(message, now_s)


async def _run(server: Postgres, program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(server.installation.home / program), *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, f"{program}: {errors.decode()}"


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _dump(server: Postgres, url: str, file: Path) -> None:
    await _run(server, "pg_dump", "-Fc", "-d", url, "-f", str(file))


async def _restore_clean(server: Postgres, url: str, file: Path) -> None:
    await _run(server, "pg_restore", "--clean", "--if-exists", "-d", url, str(file))


async def _restore_at_once(server: Postgres, url: str, file: Path) -> None:
    await _run(server, "pg_restore", "--clean", "--single-transaction", "-d", url, str(file))


async def _restore_schema(server: Postgres, url: str, file: Path) -> None:
    await _execute(url, "DROP SCHEMA public, werknetz_api, grafana CASCADE", "CREATE SCHEMA public")
    await _run(server, "pg_restore", "-d", url, str(file))


async def _restore_script(server: Postgres, url: str, file: Path) -> None:
    script = file.with_suffix(".sql")
    await _run(server, "pg_restore", "--clean", "--if-exists", "-f", str(script), str(file))
    await _run(server, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", str(script))


async def _restore_rows(server: Postgres, url: str, file: Path) -> None:
    """Replace the rows of all tables, which stay."""
    owner = server.superuser_url.rpartition("/")[0] + "/" + url.rpartition("/")[2]
    tables = await _fetch(
        url,
        "SELECT string_agg(quote_ident(relname), ', ') FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND NOT relispartition AND relnamespace = 'public'::regnamespace",
    )
    script = file.with_suffix(".sql")
    options = ("--data-only", "--disable-triggers")
    await _run(server, "pg_restore", *options, "-f", str(script), str(file))
    rows = script.read_text()
    allow = "SET werknetz.audit_maintenance = 'on';"  # the audit log is append-only
    script.write_text(f"BEGIN;\n{allow}\nTRUNCATE {tables[0][0]};\n{rows}\nCOMMIT;\n")
    await _run(server, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", owner, "-f", str(script))


async def _fetch(url: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


Restore = Callable[[Postgres, str, Path], Awaitable[None]]


async def _restore_beside_writers(restore: Restore, server: Postgres, url: str, file: Path) -> None:
    """Restore again after a deadlock: a writer may lock tables in another order."""
    for _ in range(RESTORES_MAX - 1):
        try:
            await restore(server, url, file)
        except (AssertionError, asyncpg.DeadlockDetectedError) as error:
            if "deadlock detected" not in str(error):
                raise
        else:
            return
    await restore(server, url, file)


WAYS: list[Restore] = [
    _restore_clean, _restore_at_once, _restore_schema, _restore_script, _restore_rows
]  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.parametrize("restore", WAYS, ids=lambda way: way.__name__.removeprefix("_"))
async def test_a_dump_put_back_loses_nothing_without_a_gap_record(
    restore: Restore, database_url: str, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    holds = Edge(redis_url, "holds", 1)  # all that the restore lost
    trims = Edge(redis_url, "trims", 2)  # nothing that was acknowledged
    begins = Edge(redis_url, "begins", 3)  # a new spool, which the restored database never had
    edges = [holds, trims, begins]
    async with writing(database_url, redis_url):
        for edge in edges:
            edge.accept(3)
            await edge.deliver()
        await _dump(postgres_server, database_url, tmp_path / "dump")
        for edge in edges:
            edge.accept(4)
            await edge.deliver()
        for edge in (trims, begins):
            assert edge.spool.trim(edge.sender.acked, retention_us=0) > 0
        begins.spool.replace("fork")
        begins.sender.on_link_changed(0.0)
        for edge in edges:
            edge.accept(1)
            await edge.deliver()
        former = holds.spool.incarnation
        assert former is not None
        await _restore_beside_writers(restore, postgres_server, database_url, tmp_path / "dump")
        await asyncio.gather(*(edge.confirm(former) for edge in edges))
    stored = await _fetch(
        database_url,
        "SELECT g.name, s.value FROM samples s JOIN signals g ON g.id = s.signal_id",
    )
    values = {
        edge.name: sorted(value for name, value in stored if name.endswith(f"-{edge.number}"))
        for edge in edges
    }
    assert values == {
        "holds": [1, 2, 3, 4, 5, 6, 7, 8],
        "trims": [1, 2, 3, 8],
        "begins": [1, 2, 3, 8],
    }
    gaps = await _fetch(
        database_url,
        "SELECT connector_id, start_at, end_at FROM gaps WHERE cause = 'unrecoverable'",
    )
    lost = [instant_of(NOW_US + minute * MINUTE_US) for minute in (4, 7)]
    for edge in (trims, begins):
        spans = [gap[1:] for gap in gaps if gap[0] == edge.name]
        assert any(start <= lost[0] and lost[1] <= end for start, end in spans), (edge.name, spans)
    assert "holds" not in {gap[0] for gap in gaps}
    for edge in edges:
        await edge.link.close()


async def test_a_copied_database_in_place_of_the_former_is_noticed(
    database_url: str, postgres_server: Postgres
) -> None:
    """`CREATE DATABASE … TEMPLATE` copies files: the row is the same, the database is not."""
    name, base = database_url.rpartition("/")[2], postgres_server.url
    connection = await asyncpg.connect(database_url)
    first = await load_incarnation(connection)
    await connection.close()
    await _execute(
        base,
        f"CREATE DATABASE {name}_copy TEMPLATE {name}",
        f"DROP DATABASE {name}",
        f"ALTER DATABASE {name}_copy RENAME TO {name}",
    )
    connection = await asyncpg.connect(database_url)
    try:
        assert await load_incarnation(connection) != first
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM (FULL, FREEZE) incarnations",
        "VACUUM (FREEZE) incarnations",
        "CLUSTER incarnations USING pk_incarnations",
        "REINDEX TABLE incarnations",
        "ALTER TABLE incarnations ADD COLUMN remark text DEFAULT 'none'",
        "ANALYZE",
    ],
)
async def test_maintenance_is_no_restore(statement: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        first = await load_incarnation(connection)
        await connection.execute(statement)
        assert await load_incarnation(connection) == first
    finally:
        await connection.close()


async def test_an_idle_writer_notices_a_restore(database_url: str, redis_url: str) -> None:
    """Without a delivery it would go on repeating acks of what is no longer stored."""
    edge = Edge(redis_url, "idle", 1)
    count = "SELECT count(*) FROM incarnations"
    async with writing(database_url, redis_url):
        await edge.deliver()
        assert await _fetch(database_url, count) == [(1,)]
        await _execute(database_url, "UPDATE incarnations SET started_at = started_at")
        async with asyncio.timeout(PATIENCE_S * 2):
            while await _fetch(database_url, count) == [(1,)]:  # noqa: ASYNC110  rows have no event
                await asyncio.sleep(0.1)
    assert await _fetch(database_url, count) == [(2,)]
    await edge.link.close()
