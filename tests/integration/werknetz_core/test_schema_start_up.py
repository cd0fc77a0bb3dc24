"""Installations from before start-ups were exact: their scrap stays until it is computed again."""

import asyncpg
import pytest

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
# Two machines with scrap: in the quarter of an hour in which a set-up ends, and in the next. The
# samples of the first day were dropped. In the last bucket an order has a part.
SET_UP_AT_0018 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/a', 'machine', 'a'), (2, 'n/b', 'machine', 'b');
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pq, gq, sq, judged_pri_pq_s,
    judged_pri_gq_s)
SELECT id, at::timestamptz, '{}', false, 10, 7, 3, 100, 70
FROM (VALUES (1), (2)) AS m (id), unnest(ARRAY['2026-11-01 06:00Z', '2026-11-01 06:15Z',
    '2026-11-03 06:00Z', '2026-11-03 06:15Z']) AS at;
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)
SELECT 1, at::timestamptz, at::timestamptz + interval '5 minutes', 2, 'aust'
FROM unnest(ARRAY['2026-11-01 06:00Z', '2026-11-03 06:15Z']) AS at;
INSERT INTO order_elements (equipment_id, bucket_at, order_number, elements) VALUES
    (1, '2026-11-03 06:15Z', 'A', '{"sq": 2, "judged_pri_pq_s": 50, "judged_pri_gq_s": 30}'),
    (1, '2026-11-03 06:00Z', 'A', '{"sq": 2, "judged_pri_pq_s": 50, "judged_pri_gq_s": 30}');
INSERT INTO stop_thresholds (equipment_id, valid_from, minor_stop_s) VALUES (1, '2026-11-01Z', 60);
DELETE FROM dirty_buckets;
INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', '2026-11-02Z');
"""
START_UPS = """
SELECT to_char(bucket_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS bucket, start_up_sq, start_up_pri_sq_s
FROM elements WHERE equipment_id = $1 ORDER BY 1"""


async def test_scrap_of_start_ups_of_0018_stays_until_it_is_computed_exactly(
    database: asyncpg.Connection,  # noqa: F811 - the fixture
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="0018")
    await database.execute(SET_UP_AT_0018)
    await migrate(database_url, upgrade_to="head")
    rows = [tuple(row) for row in await database.fetch(START_UPS, 1)]
    assert rows == [
        ("01 06:00", 3, 30), ("01 06:15", 0, 0), ("03 06:00", 0, 0), ("03 06:15", 3, 30),
    ]  # fmt: skip
    assert {row["start_up_sq"] for row in await database.fetch(START_UPS, 2)} == {0}
    hours = "SELECT sum(start_up_sq), sum(start_up_pri_sq_s) FROM element_sums WHERE grain = 1"
    assert tuple(await database.fetchrow(hours) or ()) == (6, 60)
    marks = await database.fetch(
        "SELECT equipment_id, to_char(bucket_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS bucket"
        " FROM dirty_buckets"
    )
    assert {tuple(row) for row in marks} == {
        (machine, bucket) for machine in (1, 2) for bucket in ("03 06:00", "03 06:15")
    }
    orders = await database.fetch(
        "SELECT (elements ->> 'start_up_sq')::float8, (elements ->> 'start_up_pri_sq_s')::float8"
        " FROM order_elements ORDER BY bucket_at"
    )
    assert [tuple(row) for row in orders] == [(None, None), (2, 20)]
    thresholds = await database.fetch(
        "SELECT minor_stop_s, start_up_s, start_up_items, start_up_after_stop_s"
        " FROM stop_thresholds"
    )
    assert [tuple(row) for row in thresholds] == [(60, None, None, None)]
    await migrate(database_url, downgrade_to="0018")
    assert await database.fetchval("SELECT sum(sq) FROM elements") == 24
    assert await database.fetchval("SELECT minor_stop_s FROM stop_thresholds") == 60
