"""The views of Grafana over rows of two plants, as a login that may see one of them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from plumbing.servers import GRAFANA, url_as
from werknetz.store.access.roles import SET_READER

SEED = Path(__file__).with_name("seed.sql")
OWN, OTHER = "g/e", "g/f"
_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_.\d]+)")


@pytest_asyncio.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await connection.execute(SEED.read_text())
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def reports(
    owner: asyncpg.Connection, database_url: str
) -> AsyncIterator[asyncpg.Connection]:
    """The login of Grafana, which sees one plant and what is below it."""
    await owner.execute(SET_READER, GRAFANA, [OWN])
    connection = await asyncpg.connect(url_as(database_url, GRAFANA))
    yield connection
    await connection.close()


def tables_of(sql: str) -> set[str]:
    return set(_TABLES.findall(sql))
