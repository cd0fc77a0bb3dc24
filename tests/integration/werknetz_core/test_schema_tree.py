"""What a new place in the tree costs: the marks of its roll-ups, not the history of the others."""

import asyncpg
import pytest

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
HISTORY = """
INSERT INTO equipment (id, path, level, name, parent_id) OVERRIDING SYSTEM VALUE
VALUES (1, 'n', 'enterprise', 'n', NULL), (2, 'n/e', 'plant', 'e', 1),
    (3, 'n/e/a', 'machine', 'a', 2), (4, 'n/e/b', 'machine', 'b', 2);
SELECT setval(pg_get_serial_sequence('equipment', 'id'), 10);
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pot_s)
SELECT id, at, '{}', false, 900 FROM generate_series(3, 4) AS id,
    generate_series('2026-01-01Z'::timestamptz, '2026-02-20Z', interval '15 minutes') AS at;
ANALYZE elements;
DELETE FROM rollup_marks;
"""
ADD = "INSERT INTO equipment (path, level, name, parent_id) VALUES ($1, $2, $1, $3) RETURNING id"
READ_ROWS = """
SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'elements'"""
MARKS = "SELECT equipment_id, from_at::text, to_at::text FROM rollup_marks ORDER BY 1"
SPAN = ("2026-01-01 00:00:00+00", "2026-02-20 00:15:00+00")


async def test_new_equipment_reads_no_history_of_others(
    database: asyncpg.Connection,  # noqa: F811 - the fixture
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="head")
    await database.execute("SET TIME ZONE 'UTC'")
    await database.execute(HISTORY)
    async with database.transaction():
        for n in range(12):  # more often than a generic plan needs
            await database.fetchval(ADD, f"n/e/new-{n}", "machine", 2)
        assert await database.fetchval(READ_ROWS) == 0
    assert await database.fetch(MARKS) == []
    # A part of machine a, which had sums of its own, makes it a parent: it is summed again.
    await database.fetchval(ADD, "n/e/a/part", "machine", 3)
    assert [tuple(row) for row in await database.fetch(MARKS)] == [(3, *SPAN)]
    await database.execute("DELETE FROM rollup_marks")
    await database.execute("UPDATE equipment SET parent_id = 1 WHERE id = 4")
    marked = [tuple(row) for row in await database.fetch(MARKS)]
    assert marked == [(1, *SPAN), (2, *SPAN), (4, *SPAN)]
    await migrate(database_url, downgrade_to="0024")
