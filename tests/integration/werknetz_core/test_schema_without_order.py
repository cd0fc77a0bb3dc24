"""Stops that counted as delays, though their reason is: no order. An upgrade computes them."""

from datetime import datetime

import asyncpg
import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
NOW = datetime.fromisoformat("2026-11-03T11:59:00+00:00")
# Three presses of two plants stand still from 06:00 and know their order. In plant f the plant's
# own reason `no_order` is a delay.
ROWS = """
INSERT INTO equipment (id, path, level, name, parent_id) OVERRIDING SYSTEM VALUE
VALUES (1, 'n', 'enterprise', 'n', NULL), (2, 'n/e', 'plant', 'e', 1), (3, 'n/f', 'plant', 'f', 1),
    (4, 'n/e/a', 'machine', 'a', 2), (5, 'n/e/b', 'machine', 'b', 2),
    (6, 'n/f/c', 'machine', 'c', 3);
INSERT INTO shift_calendars (equipment_id, valid_from, document) VALUES (1, '2020-01-01Z',
    '{"time_zone": "UTC", "cycle_days": 1, "anchor": "2026-01-05", "shifts": [
    {"name": "all", "days": [0], "start": "00:00", "end": "24:00", "breaks": []}]}');
INSERT INTO reasons (equipment_id, code, kind, name_en, name_de, category, state) VALUES
    (2, 'no_work', 'stop', 'no work', 'keine Arbeit', 'adot', NULL),
    (3, 'no_order', 'stop', 'no order', 'kein Auftrag', 'adet', 3);
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO signals (id, key, equipment_id, connector_id, name, role, datatype, source, mapping)
OVERRIDING SYSTEM VALUE
SELECT m * 10 + r, m || role, m, 'c', role, role, 'float', 's', 'm@1'
FROM generate_series(4, 6) AS m, (VALUES (1, 'state'), (2, 'order')) AS s (r, role);
INSERT INTO samples (signal_id, at, value, status, text)
SELECT m * 10 + r, timestamptz '2026-11-03 05:00Z', value, 0, text
FROM generate_series(4, 6) AS m, (VALUES (1, 3.0, NULL), (2, NULL, 'A1')) AS s (r, value, text)
UNION ALL
SELECT m * 10 + 1, '2026-11-03 11:58Z', 3, 0, NULL FROM generate_series(4, 6) AS m;
INSERT INTO state_entries (equipment_id, start_at, end_at, state, reason, entered_by, known_to)
SELECT m, ('2026-11-03 ' || s || 'Z')::timestamptz,
    ('2026-11-03 ' || u || 'Z')::timestamptz, state, reason, 'eva', gone::date
FROM (VALUES
    (4, '06:00', '06:40', 3, 'no_order', NULL),     -- 06:00 was dropped
    (4, '07:05', '07:30', NULL, 'no_work', NULL),   -- ends where 07:30 begins
    (4, '07:30', '08:00', 3, 'jam', NULL),
    (4, '08:00', '08:30', 3, 'no_order', '2026-11-04'),
    (4, '09:00', '10:00', 3, 'no_order', NULL),     -- two later ones hide 09:00 to 09:40
    (4, '08:50', '09:20', 3, 'jam', NULL),
    (4, '09:20', '09:40', NULL, NULL, NULL),
    (4, '11:50', '13:00', 3, 'no_order', NULL),    -- it still goes on
    (5, '07:00', '07:15', NULL, 'no_work', NULL),
    (6, '07:00', '08:00', 3, 'no_order', NULL),
    (6, '08:00', '08:30', NULL, 'no_work', NULL)    -- a reason of the other plant
) AS e (m, s, u, state, reason, gone);
INSERT INTO dirty_buckets SELECT m, at FROM generate_series(4, 6) AS m, generate_series(
    timestamptz '2026-11-03 06:00Z', '2026-11-03 11:45Z', interval '15 minutes') AS at
ON CONFLICT DO NOTHING;
"""
# As the versions before counted them. The samples before 06:15 are dropped then.
FORMER = """
UPDATE elements SET adet_s = adet_s + adot_s, idle_s = idle_s + adot_s, adot_s = 0;
UPDATE state_pieces SET category = 'adet' WHERE category = 'adot';
INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', '2026-11-03 06:15Z');
DELETE FROM dirty_buckets;
"""
MARKS = """
SELECT equipment_id, to_char(bucket_at AT TIME ZONE 'UTC', 'HH24:MI') FROM dirty_buckets"""
VALUES = """
SELECT equipment_id, bucket_at, adot_s, adet_s, idle_s, pbt_s FROM elements
WHERE bucket_at >= '2026-11-03 06:15Z' ORDER BY 1, 2"""
DROPPED = """
SELECT adot_s, adet_s FROM elements WHERE equipment_id = 4 AND bucket_at = '2026-11-03 06:00Z'"""
PIECES = """
SELECT equipment_id, start_at, end_at, category, code FROM state_pieces
WHERE start_at >= '2026-11-03 06:15Z' ORDER BY 1, 2"""


async def compute(database_url: str) -> None:
    """Compute as a worker does."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60) as pool:
        now_us = microseconds_of(NOW)
        while await compute_dirty_buckets(
            pool, WatermarkPublisher(None), now_us=now_us, quiet_s=0.0
        ):
            pass


async def test_stops_without_an_order_are_computed_again_and_no_others(
    database: asyncpg.Connection,  # noqa: F811 - the fixture
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="head")  # as the worker of today needs it
    await database.execute(ROWS)
    await compute(database_url)
    fresh = [await database.fetch(query) for query in (VALUES, PIECES)]
    assert sum(row["adot_s"] for row in fresh[0]) == 60 * (25 + 25 + 20 + 9 + 15)
    await migrate(database_url, downgrade_to="0028")
    await database.execute(FORMER)
    await migrate(database_url, upgrade_to="head")
    assert {tuple(row) for row in await database.fetch(MARKS)} == {
        (4, "06:15"), (4, "06:30"), (4, "07:00"), (4, "07:15"), (4, "09:30"), (4, "09:45"),
        (4, "11:45"), (5, "07:00"),
    }  # fmt: skip
    await compute(database_url)
    assert [await database.fetch(query) for query in (VALUES, PIECES)] == fresh
    assert tuple(await database.fetchrow(DROPPED) or ()) == (0, 900)
    await migrate(database_url, downgrade_to="0028")
    assert [await database.fetch(query) for query in (VALUES, PIECES)] == fresh
