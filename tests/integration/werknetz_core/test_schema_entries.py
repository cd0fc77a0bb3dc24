"""Installations from before stops were things, or standards were frozen: their rows stay."""

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from werknetz.store.database_url import sqlalchemy_url
from werknetz_core.migrate import migrations_folder

pytestmark = pytest.mark.asyncio
ROWS_AT_0010 = """
INSERT INTO equipment (id, path, level, name, parent_id) OVERRIDING SYSTEM VALUE
VALUES (1, 'n', 'enterprise', 'n', NULL), (2, 'n/e', 'plant', 'e', 1);
INSERT INTO shift_calendars (equipment_id, valid_from, document) VALUES (2, '2020-01-01Z', '{}');
INSERT INTO api_keys (prefix, hash, name, role) VALUES ('p', 'x', 'eva', 'engineer');
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pot_s, apt_s)
VALUES (2, '2026-11-01Z', '{"state": 4, "counts": {}, "fault": [7, true]}', false, 900, 600);
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code)
VALUES (2, '2026-11-01 00:10Z', '2026-11-01 00:15Z', 4, 'adet', 'E17');
"""
ROWS = {
    "equipment": "SELECT id, path, level, name, parent_id FROM equipment ORDER BY id",
    "calendars": "SELECT equipment_id, valid_from::text, document::text FROM shift_calendars",
    "keys": "SELECT prefix, name, role, plants FROM api_keys",
    "elements": "SELECT equipment_id, carry::text, provisional, pot_s, apt_s FROM elements",
    "pieces": "SELECT start_at::text, end_at::text, state, category, code FROM state_pieces",
}
AT = datetime.fromisoformat("2026-11-01T00:12:00+00:00")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield connection
    await connection.close()


async def _migrate(database_url: str, *, upgrade_to: str = "", downgrade_to: str = "") -> None:
    def run(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        if upgrade_to:
            command.upgrade(config, upgrade_to)
        else:
            command.downgrade(config, downgrade_to)

    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


async def _rows(database: asyncpg.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: [tuple(row) for row in await database.fetch(query)] for name, query in ROWS.items()
    }


async def test_rows_of_0010_stay_and_people_can_enter(
    database: asyncpg.Connection, database_url: str
) -> None:
    await _migrate(database_url, upgrade_to="0010")
    await database.execute(ROWS_AT_0010)
    before = await _rows(database)
    assert all(before.values())
    await _migrate(database_url, upgrade_to="0011")
    assert await _rows(database) == before
    await _check_the_standard_of_reasons(database)
    await _enter(database)
    await _migrate(database_url, upgrade_to="head")
    assert await _rows(database) == before
    [entry] = await database.fetch("SELECT equipment_id, start_at, reason FROM state_entries")
    assert tuple(entry) == (2, AT, "jam")
    assert await database.fetchval("SELECT quantity FROM quantity_entries") == 3
    assert await database.fetchval("SELECT reason FROM reason_codes") == "jam"
    assert await database.fetchval("SELECT minor_stop_s FROM stop_thresholds") == 90
    assert await database.fetchval('SELECT "by" FROM audit_log') == "eva"
    await _migrate(database_url, downgrade_to="0010")
    assert await _rows(database) == before


async def _check_the_standard_of_reasons(database: asyncpg.Connection) -> None:
    rows = await database.fetch("SELECT * FROM reasons")
    kinds = {kind: {r["code"] for r in rows if r["kind"] == kind} for kind in ("stop", "scrap")}
    assert len(kinds["stop"]) == 31
    assert len(kinds["scrap"]) == 8
    for row in rows:
        assert row["equipment_id"] is None
        assert row["parent"] is None or row["parent"] in kinds[row["kind"]]
        assert row["name_en"]
        assert row["name_de"]
        assert (row["category"] is None) is (row["kind"] == "scrap")
        assert not row["is_planned"] or not row["counts_against_availability"] or (
            row["category"] == "aust"
        )  # fmt: skip


async def _enter(database: asyncpg.Connection) -> None:
    change = await database.fetchval(
        "INSERT INTO audit_log (by, action, subject, subject_id)"
        " VALUES ('eva', 'entered', 'stop', '2-1') RETURNING id"
    )
    await database.execute(
        "INSERT INTO state_entries (equipment_id, start_at, end_at, reason, entered_by, change_id)"
        " VALUES (2, $1, $1::timestamptz + interval '1 minute', 'jam', 'eva', $2)",
        AT, change,
    )  # fmt: skip
    await database.execute(
        "INSERT INTO quantity_entries (equipment_id, at, role, quantity, entered_by)"
        " VALUES (2, $1, 'scrap_count', 3, 'eva')",
        AT,
    )
    await database.execute(
        "INSERT INTO reason_codes (equipment_id, state_code, reason) VALUES (2, 'E17', 'jam')"
    )
    await database.execute(
        "INSERT INTO stop_thresholds (equipment_id, valid_from, minor_stop_s) VALUES (2, $1, 90)",
        AT,
    )


# A target of a plant that was renamed since, one of parts, and one that was withdrawn. In the
# baseline: a bucket of one order, one that two orders share, and an order without a product.
ROWS_AT_0018 = """
INSERT INTO equipment (id, path, level, name, parent_id) OVERRIDING SYSTEM VALUE
VALUES (1, 'n', 'enterprise', 'n', NULL), (2, 'n/e', 'plant', 'e', 1),
    (3, 'n/e/m', 'machine', 'm', 2), (4, 'n/f', 'plant', 'f', 1), (5, 'n/f/m', 'machine', 'm', 4);
INSERT INTO former_paths (path, equipment_id, valid_to) VALUES ('n/old', 2, '2026-11-10Z');
INSERT INTO orders (equipment_id, order_number, material)
VALUES (3, 'A', 'BRACKET'), (3, 'B', NULL), (3, 'C', NULL), (5, 'A', 'BRACKET');
INSERT INTO materials (number) VALUES ('HOUSING');
INSERT INTO operations (order_number, operation, equipment, equipment_id, material_id, event_ids)
SELECT 'B', '10', 'n/e/m', 3, id, '{}' FROM materials;
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, gq, pri_gq_s, judged_pri_gq_s)
SELECT equipment_id, at::timestamptz, '{}', false, gq, gq * run_s, gq * run_s * judged
FROM (VALUES (3, '2026-11-02 06:00Z', 60, 10, 1), (3, '2026-11-02 06:15Z', 50, 14, 0.5),
    (3, '2026-11-02 06:30Z', 9, 7, 1), (3, '2026-11-09 06:00Z', 60, 99, 1),
    (5, '2026-11-02 06:00Z', 60, 33, 1)) AS e (equipment_id, at, gq, run_s, judged);
INSERT INTO order_elements (equipment_id, bucket_at, order_number, elements)
VALUES (3, '2026-11-02 06:00Z', 'A', NULL),
    (3, '2026-11-02 06:15Z', 'A', '{"gq": 30, "pri_gq_s": 300, "judged_pri_gq_s": 150}'),
    (3, '2026-11-02 06:15Z', 'B', '{"gq": 20, "pri_gq_s": 400, "judged_pri_gq_s": 200}'),
    (3, '2026-11-02 06:30Z', 'C', NULL), (3, '2026-11-09 06:00Z', 'A', NULL),
    (5, '2026-11-02 06:00Z', 'A', NULL);
INSERT INTO targets (key, name, document, baseline, created_by, withdrawn_at)
SELECT key, key, jsonb_build_object('under', jsonb_build_array(under), 'output', output,
    'baseline_us', jsonb_build_array(
        (extract(epoch FROM timestamptz '2026-11-02Z') * 1000000)::bigint,
        (extract(epoch FROM timestamptz '2026-11-09Z') * 1000000)::bigint)), '{}', 'eva', gone::date
FROM (VALUES ('renamed', 'n/old', 'earned_standard_minutes', NULL),
    ('plant', 'n/e', 'earned_standard_minutes', NULL), ('parts', 'n/e', 'good_parts', NULL),
    ('gone', 'n/e', 'earned_standard_minutes', '2026-11-20')) AS t (key, under, output, gone);
"""
STANDARDS = """
SELECT t.key, s.equipment_id, s.product, s.run_s
FROM target_standards s JOIN targets t ON t.id = s.target_id"""


async def test_standards_of_targets_of_0018_are_frozen(
    database: asyncpg.Connection, database_url: str
) -> None:
    """At the values that the elements of their baselines were computed with."""
    await _migrate(database_url, upgrade_to="0018")
    await database.execute(ROWS_AT_0018)
    await _migrate(database_url, upgrade_to="head")
    assert {tuple(row) for row in await database.fetch(STANDARDS)} == {
        (key, 3, product, run_s)
        for key in ("renamed", "plant")
        for product, run_s in (("BRACKET", 10), ("HOUSING", 20))
    }
    ranges = await database.fetch("SELECT order_number, run_s_min, run_s_max FROM orders")
    assert {tuple(row) for row in ranges} == {
        ("A", 10, 99), ("B", 20, 20), ("C", 7, 7), ("A", 33, 33),
    }  # fmt: skip
    assert await database.fetchval("SELECT bool_and(standards_frozen_at > created_at) FROM targets")
    await _migrate(database_url, downgrade_to="0018")
    assert await database.fetchval("SELECT count(*) FROM targets") == 4
