"""Migration 0038: findings and answers of before stay; nobody sees answers of other plants."""

import asyncpg
import pytest

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
ROWS = """
INSERT INTO findings (key, kind, subject, at, detail)
VALUES ('k', 'over_delivery', 'relation', '2026-11-01Z', 'Plain text.');
INSERT INTO stored_answers (caller, key_hash, fingerprint, status) VALUES (1, 'k', 'f', 201);
INSERT INTO mapping_versions (name, version, digest, document) VALUES ('m', 1, 'd', 'points: []');
"""
READ = """
SELECT (SELECT detail FROM findings), (SELECT status FROM stored_answers),
    (SELECT document FROM mapping_versions)"""
RESTRICTED = "SELECT relname FROM pg_class WHERE relrowsecurity AND relname = ANY($1) ORDER BY 1"
TABLES = ["mapping_versions", "stored_answers"]


async def test_rows_of_the_version_before_stay(
    database_url: str,
    database: asyncpg.Connection,  # noqa: F811 - the fixture
) -> None:
    await migrate(database_url, upgrade_to="0031")
    await database.execute(ROWS)
    rows = tuple(await database.fetchrow(READ) or ())
    assert rows == ("Plain text.", 201, "points: []")
    for _ in range(2):
        await migrate(database_url, upgrade_to="0038")
        assert tuple(await database.fetchrow(READ) or ()) == rows
        assert await database.fetchval("SELECT sentence FROM findings") is None
        assert await database.fetchval("SELECT plants FROM stored_answers") == ["*"]
        assert [row["relname"] for row in await database.fetch(RESTRICTED, TABLES)] == TABLES
        await migrate(database_url, downgrade_to="0031")
        assert tuple(await database.fetchrow(READ) or ()) == rows
        assert await database.fetch(RESTRICTED, TABLES) == []
