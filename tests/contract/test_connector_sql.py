"""The SQL connector fulfils the `Connector` contract, with SQLite and PostgreSQL."""

import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from plumbing.wire import Wire
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.sql import create

SOURCE = {"name": "t", "table": "numbers", "id": "id", "append": True, "as": "readings"}


@dataclass
class SqliteSource:
    file: Path
    state: Path

    def new_connector(self) -> Connector:
        options = {"url": f"sqlite:///{self.file}", "sources": [SOURCE], "poll_s": 0.05}
        return create("conform", options, self.state)

    async def emit(self, first: int, count: int) -> None:
        with sqlite3.connect(self.file) as db:
            rows = [(n,) for n in range(first, first + count)]
            db.executemany("INSERT INTO numbers (v) VALUES (?)", rows)
        db.close()

    async def drop_sessions(self) -> None:
        """Replace the file by a copy, as a backup tool does."""
        copy = self.file.with_suffix(".copy")
        copy.write_bytes(self.file.read_bytes())
        copy.rename(self.file)

    async def go_offline(self) -> None:
        self.file.rename(self.file.with_suffix(".offline"))

    async def go_online(self) -> None:
        self.file.with_suffix(".offline").rename(self.file)


@dataclass
class PostgresSource:
    url: str
    state: Path
    wire: Wire
    table: str

    def new_connector(self) -> Connector:
        parts = urlsplit(self.url)
        here = f"{parts.username}:{parts.password}@127.0.0.1:{self.wire.listening}{parts.path}"
        source: dict[str, Any] = SOURCE | {"table": self.table}
        options = {
            "url": f"postgresql://{here}", "sources": [source], "poll_s": 0.05, "timeout_s": 3,
        }  # fmt: skip
        return create("conform", options, self.state)

    async def emit(self, first: int, count: int) -> None:
        await self.execute(
            f"INSERT INTO {self.table} (v) SELECT generate_series({first}, {first + count - 1})"
        )

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute(statement)
        await connection.close()

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def sqlite_source(tmp_path: Path) -> SqliteSource:
    file = tmp_path / "source.db"
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY AUTOINCREMENT, v INTEGER)")
    db.close()
    return SqliteSource(file, tmp_path / "state")


@pytest_asyncio.fixture
async def postgres_source(database_url: str, tmp_path: Path) -> AsyncIterator[PostgresSource]:
    parts = urlsplit(database_url)
    wire = Wire(parts.hostname or "", parts.port or 5432)
    await wire.show()
    table = f"numbers_{secrets.token_hex(4)}"
    source = PostgresSource(database_url, tmp_path / "state", wire, table)
    await source.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, v int)")
    yield source
    await wire.hide()


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_sqlite(
    check: Callable[[ControlledSource], Awaitable[None]], sqlite_source: SqliteSource
) -> None:
    await check(sqlite_source)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_postgres(
    check: Callable[[ControlledSource], Awaitable[None]], postgres_source: PostgresSource
) -> None:
    await check(postgres_source)
