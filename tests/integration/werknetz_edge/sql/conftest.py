"""The databases to poll: each test has its own table in each of them."""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pymysql
import pytest

from plumbing.mariadb import MariaDb


class Database:
    """`execute` commits; `begin` opens a transaction that the test commits itself."""

    def __init__(self, kind: str, url: str, connect: Callable[[], Any]) -> None:
        self.kind, self.url, self._connect = kind, url, connect
        self.table = f"log_{secrets.token_hex(4)}"

    def execute(self, *statements: str) -> None:
        connection = self._connect()
        try:
            for statement in statements:
                connection.cursor().execute(statement.format(t=self.table))
            connection.commit()
        finally:
            connection.close()

    def begin(self) -> Any:
        return self._connect()


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        file = tmp_path / "source.db"
        return Database("sqlite", f"sqlite:///{file}", lambda: sqlite3.connect(file))
    if request.param == "mariadb":
        server: MariaDb = request.getfixturevalue("mariadb_server")
        return Database(
            "mariadb",
            server.url,
            lambda: pymysql.connect(
                host="127.0.0.1", port=server.port, user="root", database="test"
            ),
        )
    import psycopg

    url: str = request.getfixturevalue("database_url")
    return Database("postgres", url, lambda: psycopg.connect(url))


@pytest.fixture
def run_sql() -> Callable[[str, str], None]:
    """Run a script of many statements against PostgreSQL."""

    async def load(url: str, script: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(script)
        await connection.close()

    return lambda url, script: asyncio.run(load(url, script))
