"""The tables that the migrations make are those that the code declares; upgrades keep the data."""

import re
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from werknetz.store.database_url import sqlalchemy_url
from werknetz.store.tables import metadata
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.migrate import migrations_folder

PARTITION = re.compile(r"[a-z_]+_(\d{8}|catch_all)|alembic_version")
SPOOL_ID = UUID("5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1")
ROWS_AT_0004 = """
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO outages (connector_id, start_at, end_at, kept)
VALUES ('c', '2026-11-01Z', '2026-11-02Z', true), ('c', '2026-11-03Z', NULL, false);
INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at, place)
VALUES ('c', '5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1', 1, 's', 'r', 'x', 1, '2026-11-01Z', 'line 12');
INSERT INTO mapping_versions (name, version, digest, document) VALUES ('m', 1, '', '');
INSERT INTO replays (connector_id, mapping_id, start_at, end_at, place_at, place_spool_id,
    place_seq, seen)
SELECT 'c', id, '2026-11-01Z', '2026-11-02Z', '2026-11-01T12:00Z',
    '5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1', 7, '{"s": true}' FROM mapping_versions;
"""
AT_0004 = {
    "outages": "SELECT kept FROM outages ORDER BY start_at",
    "quarantine": "SELECT place FROM quarantine",
    "replays": "SELECT place_spool_id, place_seq, seen->>'s' FROM replays",
}
AT_HEAD = {
    "outages": "SELECT backfilled FROM outages ORDER BY start_at",
    "quarantine": "SELECT position FROM quarantine",
    "replays": "SELECT cursor_spool_id, cursor_seq, refused_sources->>'s' FROM replays",
}
ANSWERS = {
    "outages": [(True,), (False,)],
    "quarantine": [("line 12",)],
    "replays": [(SPOOL_ID, 7, "true")],
}


# E1: corrected by a replay; E2: deleted by a replay; E3: deleted and sent again.
ROWS_AT_0005 = """
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at, mapping, body,
    revision)
SELECT event_id, 'stock_moved', 'c', '5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1', 1, 's', '2026-11-01Z',
    'm@1', '{"material": "4711", "quantity": 5}', revision
FROM (VALUES ('00000000-0000-0000-0000-0000000000e1'::uuid, 2),
    ('00000000-0000-0000-0000-0000000000e3'::uuid, 1)) AS e (event_id, revision);
INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from, known_to)
SELECT event_id, revision, '2026-11-01Z', 'm@0', '{"quantity": 4}', '2026-11-01Z', '2026-11-02Z'
FROM (VALUES ('00000000-0000-0000-0000-0000000000e1'::uuid, 1),
    ('00000000-0000-0000-0000-0000000000e2'::uuid, 1),
    ('00000000-0000-0000-0000-0000000000e3'::uuid, 1),
    ('00000000-0000-0000-0000-0000000000e3'::uuid, 2)) AS r (event_id, revision);
"""
REVISIONS = """
SELECT right(event_id::text, 2), revision, body->>'quantity' FROM business_event_revisions
ORDER BY 1, 2"""
REVISIONS_AT_HEAD = [("e1", 1, "4"), ("e2", -1, "4"), ("e3", -2, "4"), ("e3", -1, "4")]


# Two machines: one counts good and scrap and has a planned run time, the other counts in total.
# Samples before the 2nd were dropped.
ROWS_AT_0009 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/a', 'machine', 'a'), (2, 'n/b', 'machine', 'b');
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source, mapping)
SELECT 'k' || number, equipment_id, 'c', 'n', role, 'float', 's', 'm@1'
FROM (VALUES (1, 1, 'good_count'), (2, 1, 'scrap_count'), (3, 1, 'planned_run_time'),
    (4, 2, 'total_count')) AS s (number, equipment_id, role);
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pot_s, pbt_s, pdot_s, apt_s,
    unknown_s, aoet_s, pq, gq, sq, pri_pq_s)
SELECT equipment_id, at::timestamptz, '{}', false, 900, 800, 100, 600, 200, 900, 80, gq, sq, 400
FROM (VALUES (1, 60, 20), (2, 80, 0)) AS e (equipment_id, gq, sq),
    unnest(ARRAY['2026-11-01Z', '2026-11-03Z']) AS at;
INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', '2026-11-02Z');
"""
KNOWN = """
SELECT equipment_id, pq, gq, sq, pri_gq_s, pq_known_s, gq_known_s, sq_known_s, rq_known_s,
    quantity_known_s, judged_s, judged_pri_gq_s, pace_known_s, quality_gq, quality_known_s
FROM elements WHERE bucket_at = '2026-11-01Z' ORDER BY 1"""
KNOWN_AT_HEAD = [
    (1, 80, 60, 20, 300, 900, 900, 900, 0, 800, 600, 225, 800, 60, 800),
    (2, 80, 0, 0, 0, 900, 0, 0, 0, 0, 0, 0, 0, 0, 0),
]


# Of the buckets with samples: one order; an order and none; two orders; none.
ROWS_AT_0015 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/a', 'machine', 'a');
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, order_number)
SELECT 1, start_at::timestamptz, start_at::timestamptz + interval '7 minutes', 1, 'apt', number
FROM (VALUES ('2026-11-01 06:00Z', 'A1'), ('2026-11-01 06:07Z', 'A2'),
    ('2026-11-03 06:00Z', 'A1'), ('2026-11-03 06:07Z', 'A1'),
    ('2026-11-03 06:15Z', 'A1'), ('2026-11-03 06:22Z', NULL),
    ('2026-11-03 06:30Z', 'A1'), ('2026-11-03 06:37Z', 'A2'),
    ('2026-11-03 06:45Z', NULL)) AS p (start_at, number);
INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', '2026-11-02Z');
"""


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.mark.asyncio
async def test_migrations_make_the_tables(connection: AsyncConnection) -> None:
    assert await connection.run_sync(_differences) == []


@pytest.mark.asyncio
async def test_an_upgrade_keeps_the_data_and_can_be_undone(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0004")
    await database.execute(ROWS_AT_0004)
    assert await _answers(database, AT_0004) == ANSWERS
    await _migrate(connection, command.upgrade, "head")
    assert await _answers(database, AT_HEAD) == ANSWERS
    assert await connection.run_sync(_differences) == []
    await connection.rollback()
    await _migrate(connection, command.downgrade, "0004")
    assert await _answers(database, AT_0004) == ANSWERS
    await database.close()


@pytest.mark.asyncio
async def test_events_of_0005_can_be_revised_and_withdrawn(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0005")
    await database.execute(ROWS_AT_0005)
    await _migrate(connection, command.upgrade, "head")
    revisions = [tuple(row) for row in await database.fetch(REVISIONS)]
    assert revisions == REVISIONS_AT_HEAD  # of deleted events: never a number of the new ones
    rows = await database.fetch(
        "SELECT content, version, group_key, withdrawn_at, withdrawal_reason FROM business_events"
    )
    assert [tuple(row) for row in rows] == [(None,) * 5] * 2
    assert await database.fetch("SELECT * FROM connector_books") == []
    for number in (1, 3):  # as an ingest writer does
        event_id = UUID(int=0xE0 + number)
        row = await database.fetchrow(
            "UPDATE business_events SET revision = revision + 1, withdrawn_at = now(),"
            " withdrawal_reason = 'deleted' WHERE event_id = $1 RETURNING revision - 1",
            event_id,
        )
        await database.execute(
            "INSERT INTO business_event_revisions (event_id, revision, at, mapping, body,"
            " known_from) VALUES ($1, $2, now(), 'm@1', '{}', now())",
            event_id, row[0],
        )  # fmt: skip
    await _migrate(connection, command.downgrade, "0005")
    assert await database.fetch("SELECT * FROM business_events") == []
    revisions = [tuple(row) for row in await database.fetch(REVISIONS) if row[2] is not None]
    assert revisions == [("e1", 1, "4"), ("e2", 1, "4"), ("e3", -1, "4"), ("e3", 2, "4")]
    await database.close()


@pytest.mark.asyncio
async def test_elements_of_0009_get_what_was_known(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0009")
    await database.execute(ROWS_AT_0009)
    await _migrate(connection, command.upgrade, "head")
    assert [tuple(row) for row in await database.fetch(KNOWN)] == KNOWN_AT_HEAD
    # What was computed from samples that are still there is computed again.
    marks = await database.fetch("SELECT equipment_id, bucket_at::date::text FROM dirty_buckets")
    assert {tuple(row) for row in marks} == {(1, "2026-11-03"), (2, "2026-11-03")}
    await _migrate(connection, command.downgrade, "0009")
    assert len(await database.fetch("SELECT pq, pri_pq_s FROM elements")) == 4
    await database.close()


@pytest.mark.asyncio
async def test_events_about_machines_of_0011_are_projected(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0011")
    await database.execute("INSERT INTO connectors (id) VALUES ('c')")
    kinds = ("job_finished", "stock_moved", "state_changed")
    for number, kind in enumerate(kinds):
        await database.execute(
            "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at,"
            " mapping, body) VALUES ($1, $2, 'c', $1, 1, 's', '2026-11-01Z', 'm@1', '{}')",
            UUID(int=number), kind,
        )  # fmt: skip
    await database.execute("DELETE FROM events_to_project")  # they have been projected
    await _migrate(connection, command.upgrade, "head")
    rows = await database.fetch("SELECT event_id FROM events_to_project")
    assert {row[0] for row in rows} >= {UUID(int=0), UUID(int=2)}
    await database.close()


@pytest.mark.asyncio
async def test_buckets_of_0015_belong_to_their_orders(
    connection: AsyncConnection, database_url: str
) -> None:
    """One in which the order changes is computed again, if its samples are still there."""
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0015")
    await database.execute(ROWS_AT_0015)
    await _migrate(connection, command.upgrade, "head")
    rows = await database.fetch(
        "SELECT bucket_at::text, order_number, elements FROM order_elements ORDER BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [("2026-11-03 06:00:00+00", "A1", None)]
    marks = await database.fetch("SELECT bucket_at::text FROM dirty_buckets ORDER BY 1")
    assert {row[0] for row in marks} >= {"2026-11-03 06:15:00+00", "2026-11-03 06:30:00+00"}
    assert not {row[0] for row in marks} & {"2026-11-01 06:00:00+00", "2026-11-03 06:00:00+00"}
    await _migrate(connection, command.downgrade, "0015")
    assert len(await database.fetch("SELECT FROM state_pieces")) == 9
    await database.close()


@pytest.mark.asyncio
async def test_an_incarnation_of_0008_is_followed_by_a_new_one(
    connection: AsyncConnection, database_url: str
) -> None:
    """It may have been restored before the upgrade: only a new one is safe."""
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0008")
    former = UUID(int=8)
    await database.execute(
        "INSERT INTO incarnations (incarnation, system_identifier, timeline)"
        " SELECT $1, system_identifier, 1 FROM pg_control_system()",
        former,
    )
    await _migrate(connection, command.upgrade, "head")
    first = await load_incarnation(database)
    assert first != former
    assert await load_incarnation(database) == first
    rows = await database.fetch("SELECT incarnation FROM incarnations ORDER BY number")
    assert [row[0] for row in rows] == [former, first]
    await _migrate(connection, command.downgrade, "0008")
    rows = await database.fetch("SELECT * FROM incarnations ORDER BY number")
    assert [row["incarnation"] for row in rows] == [former, first]
    await database.close()


# A plant with a mapping of a code and a threshold, and two machines that stopped with the code;
# the samples of one stop were dropped.
CODES_AT_0015 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/p', 'plant', 'p'), (2, 'n/p/a', 'machine', 'a'), (3, 'n/q', 'machine', 'q');
INSERT INTO reason_codes VALUES (1, 'E17', 'cleaning'), (1, 'E18', 'jam');
INSERT INTO stop_thresholds (equipment_id, valid_from, minor_stop_s) VALUES (1, '2026-11-01Z', 60);
INSERT INTO audit_log (at, by, action, subject, subject_id, equipment)
VALUES ('2026-11-05Z', 'x', 'changed', 'reason_code', 'E17', 'n/p');
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code)
SELECT id, at::timestamptz, at::timestamptz + interval '1 minute', state, 'adet', code
FROM (VALUES (2, '2026-11-03 10:07Z', 4, 'E17'), (2, '2026-11-03 11:00Z', 1, 'E17'),
    (2, '2026-11-01Z', 4, 'E17'), (2, '2026-11-04Z', 4, 'E19'), (3, '2026-11-03Z', 4, 'E17'))
    AS p (id, at, state, code);
INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', '2026-11-02Z');
"""


@pytest.mark.asyncio
async def test_mappings_of_codes_of_0015_get_a_history_and_change_kpis(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0015")
    await database.execute(CODES_AT_0015)
    await _migrate(connection, command.upgrade, "head")
    query = (
        "SELECT state_code, reason, (known_from = '2026-11-05Z'), known_from = '-infinity',"
        " known_to FROM reason_codes ORDER BY 1"
    )
    assert [tuple(row) for row in await database.fetch(query)] == [
        ("E17", "cleaning", True, False, None), ("E18", "jam", False, True, None),
    ]  # fmt: skip
    query = "SELECT minor_stop_s, known_from = '-infinity' FROM stop_thresholds"
    assert [tuple(row) for row in await database.fetch(query)] == [(60, True)]
    marks = await database.fetch(
        "SELECT equipment_id, to_char(bucket_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS bucket"
        " FROM dirty_buckets"
    )
    assert {tuple(row) for row in marks} == {(2, "03 10:00")}
    await database.execute(
        "UPDATE reason_codes SET known_to = now() WHERE state_code = 'E17';"
        "INSERT INTO reason_codes (equipment_id, state_code, reason) VALUES (1, 'E17', 'jam')"
    )
    await _migrate(connection, command.downgrade, "0015")
    rows = await database.fetch("SELECT state_code, reason FROM reason_codes ORDER BY 1")
    assert [tuple(row) for row in rows] == [("E17", "jam"), ("E18", "jam")]
    assert await database.fetchval("SELECT minor_stop_s FROM stop_thresholds") == 60
    await database.close()


async def _answers(
    database: asyncpg.Connection, queries: dict[str, str]
) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: [tuple(row) for row in await database.fetch(query)]
        for table, query in queries.items()
    }


async def _migrate(
    connection: AsyncConnection, step: Callable[[Config, str], None], revision: str
) -> None:
    def run(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        step(config, revision)

    await connection.run_sync(run)
    await connection.commit()


def _differences(connection: sa.Connection) -> list[object]:
    options = {"include_name": lambda name, kind, _: kind != "table" or not _is_partition(name)}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


def _is_partition(name: str | None) -> bool:
    """Return whether a table is a partition, which the writer makes."""
    return PARTITION.fullmatch(name or "") is not None


# A press with a meter and a counter, whose buckets are computed; a meter alone; without samples.
METERS_AT_0016 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/p/a', 'machine', 'a'), (2, 'n/p/b', 'machine', 'b'), (3, 'n/p/c', 'machine', 'c');
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO signals (id, key, equipment_id, connector_id, name, role, datatype, source, mapping)
OVERRIDING SYSTEM VALUE
SELECT id, 'k' || id, equipment_id, 'c', 'm', role, 'float', 's', 'm@1'
FROM (VALUES (1, 1, 'energy'), (2, 1, 'good_count'), (3, 2, 'energy'), (4, 3, 'energy'))
    AS s (id, equipment_id, role);
INSERT INTO samples (signal_id, at, value, status)
VALUES (1, '2026-11-01 06:20Z', 5, 0), (1, '2026-11-01 07:00Z', 6, 0),
    (2, '2026-11-01 05:00Z', 1, 0), (3, '2026-11-01 08:00Z', 6, 0);
INSERT INTO elements (equipment_id, bucket_at, pq, carry, provisional)
VALUES (1, '2026-11-01 06:15Z', 7, '{}', false);
"""


@pytest.mark.asyncio
async def test_meters_of_0016_are_computed_from_their_first_sample_on(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0016")
    await database.execute(METERS_AT_0016)
    await _migrate(connection, command.upgrade, "head")
    marks = await database.fetch("SELECT equipment_id, bucket_at::text FROM dirty_buckets")
    assert {tuple(row) for row in marks} == {
        (1, "2026-11-01 06:15:00+00"), (2, "2026-11-01 08:00:00+00"),
    }  # fmt: skip
    resets = await database.fetch("SELECT role, counter_reset, carrier FROM signals ORDER BY id")
    assert [tuple(row) for row in resets[:2]] == [
        ("energy", "to_zero", None), ("good_count", "none", None),
    ]  # fmt: skip
    for table in ("elements", "element_sums"):
        row = await database.fetchrow(f"SELECT pq, energy_kwh, energy_known_s FROM {table}")
        assert tuple(row) == (7, 0, 0)
    await _migrate(connection, command.downgrade, "0016")
    assert await database.fetchval("SELECT pq FROM elements") == 7
    assert await database.fetchval("SELECT count(*) FROM samples") == 4
    await database.close()
