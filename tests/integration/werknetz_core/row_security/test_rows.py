"""The API's role reads rows of the caller's plants alone, from every table and by any statement."""

import contextlib
import json
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from werknetz.store.access.rights import SHARED
from werknetz.store.shop_floor.audit import ADD_AUDIT_ENTRY_OF

from .two_plants import PLANTS, Caller, TwoPlants, error_of

pytestmark = pytest.mark.asyncio
EMDEN, ZWICK = PLANTS
READABLE = """
SELECT c.relname, n.nspname, c.relrowsecurity, c.relkind = 'v' AS is_view
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('information_schema')
    AND n.nspname NOT LIKE 'pg\\_%' AND has_schema_privilege('werknetz_api', n.oid, 'USAGE')
    AND has_any_column_privilege('werknetz_api', c.oid, 'SELECT') ORDER BY 1"""


@pytest_asyncio.fixture
async def caller(api: asyncpg.Connection) -> Caller:
    return await Caller.of(api)


async def test_every_table_is_restricted_or_shared_for_a_reason(
    plants: TwoPlants, api: asyncpg.Connection
) -> None:
    tables = await plants.owner.fetch(READABLE)
    open_tables = {row["relname"] for row in tables if not row["relrowsecurity"]}
    assert open_tables == {*SHARED, "samples"}, (
        "give the table a policy in its migration, or name it in SHARED with the reason"
    )
    assert {row["nspname"] for row in tables if row["relname"] == "samples"} == {"werknetz_api"}


async def test_each_row_is_seen_by_its_plant_alone(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    """Every restricted table has a row of each plant; one that nobody fills would prove nothing."""
    tables = [row["relname"] for row in await plants.owner.fetch(READABLE)]
    restricted = sorted({*tables} - {*SHARED} - {"audit_head", "audit_seals"})
    wrong: dict[str, object] = {}
    for table in restricted:
        query = f"SELECT ctid::text FROM {table}"
        places = {plant: plants.rows[table, plant] for plant in PLANTS}
        await caller.state("")
        nothing = {row[0] for row in await api.fetch(query)}
        await caller.see(EMDEN)
        emden = {row[0] for row in await api.fetch(query)}
        await caller.see(*PLANTS)
        both = {row[0] for row in await api.fetch(query)}
        await caller.state("*")
        everything = {row[0] for row in await api.fetch(query)}
        visibility = (
            nothing, places[EMDEN] in emden, places[ZWICK] in emden,
            {*places.values()} <= both, {*places.values()} <= everything,
        )  # fmt: skip
        if visibility != (set(), True, False, True, True):
            wrong[table] = visibility
    assert not wrong, wrong


async def test_the_chain_of_the_audit_log_is_for_all_plants(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    for setting, count in (("", 0), (json.dumps(PLANTS), 0), ("*", 2)):
        await caller.state(setting)
        assert await api.fetchval("SELECT count(*) FROM audit_seals") == count
        assert (await api.fetchval("SELECT count(*) FROM audit_head") > 0) == (count > 0)


async def test_a_setting_that_is_not_a_list_of_plants_shows_nothing(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    for setting in ("emden", "{}", '["x"]', '"*"', "null", '[["nordwerk"]]', "[]", '["*"]'):
        await caller.state(setting)
        with contextlib.suppress(asyncpg.DataError):  # of what is no list
            assert await api.fetchval("SELECT count(*) FROM annotations") == 0


async def test_a_plant_is_no_prefix_of_another(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    """`emden-1` is neither `emden-10` nor `emden-1.5`, and not a pattern."""
    await plants.owner.execute(
        "INSERT INTO equipment (path, level, name) SELECT 'nordwerk/' || n, 'plant', 'p'"
        " FROM unnest(ARRAY['emden-10', 'emden-1.5', 'emden-1 b', 'emden_1']) AS n"
    )
    await plants.owner.execute(
        "INSERT INTO annotations (equipment_id, start_at, text, entered_by)"
        " SELECT id, now(), 'secret', 'x' FROM equipment WHERE name = 'p' AND path <> $1",
        EMDEN,
    )
    await caller.see(EMDEN, "nordwerk/emden%")
    assert await api.fetchval("SELECT count(*) FROM annotations") == 1
    assert await api.fetchval("SELECT count(*) FROM equipment") == 3  # and the company above


LEAKS = {
    "division": "SELECT 1 / (equipment_id - {machine}) FROM annotations",
    "cast": "SELECT * FROM annotations WHERE entered_by LIKE '%zwick%' AND text::int > 0",
    "case": "SELECT * FROM state_entries WHERE CASE WHEN reported_code LIKE '%zwick%'"
    " THEN 1 / (equipment_id - {machine}) = 1 END",
    "analyze": "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM annotations WHERE text LIKE '%zwick%'",
    "union": "SELECT text FROM annotations UNION ALL SELECT detail FROM findings",
    "lateral": "SELECT x.text FROM equipment e, LATERAL (SELECT * FROM annotations"
    " WHERE equipment_id <> e.id) AS x",
    "aggregate": "SELECT string_agg(text, ',') FROM annotations",
    "window": "SELECT lag(text) OVER () FROM annotations",
    "update": "UPDATE annotations SET text = text RETURNING text",
    "table": "TABLE findings",
    "mapping": "SELECT document FROM mapping_versions",
    "answer": "SELECT 'answer of ' || convert_from(body, 'UTF8') FROM stored_answers",
    "samples": "SELECT text, signal_id = {signal} FROM samples",
    "statistics": "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats"
    " WHERE schemaname = 'public' AND tablename IN ('annotations', 'equipment', 'samples')",
}


async def test_no_statement_shows_a_row_of_another_plant(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    """Neither in rows nor in errors: functions see only rows that passed the policy."""
    await plants.owner.execute("ANALYZE annotations, equipment, samples")
    await caller.see(EMDEN)
    machine, signal = plants.machines[ZWICK], plants.keys["signals", ZWICK]
    shown = {
        name: await _show(api, statement.format(machine=machine, signal=signal))
        for name, statement in LEAKS.items()
    }
    assert {name: text for name, text in shown.items() if "of nordwerk/zwick" in text} == {}
    assert "True" not in shown["samples"]
    assert "of nordwerk/emden" in shown["aggregate"]  # its own


async def _show(api: asyncpg.Connection, statement: str) -> str:
    """Return the rows of a statement, or what its error says."""
    try:
        async with api.transaction():
            return repr([tuple(row) for row in await api.fetch(statement)])
    except asyncpg.InvalidTextRepresentationError as error:
        return str(error)


async def test_nothing_is_copied_of_another_plant(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    copied: list[bytes] = []

    async def collect(data: bytes) -> None:
        copied.append(data)

    await caller.see(EMDEN)
    await api.copy_from_query("SELECT text FROM annotations", output=collect)
    await api.copy_from_table("findings", columns=["detail"], output=collect)
    assert b"".join(copied).decode().splitlines() == [
        f"annotations of {EMDEN}", f"findings of {EMDEN}",
    ]  # fmt: skip


REFUSED = {
    "owner": "SET ROLE werknetz",
    "ingest": "SET ROLE werknetz_ingest",
    "superuser": "SET ROLE postgres",
    "off": "SET row_security = off; SELECT * FROM annotations",
    "partition": "SELECT * FROM samples_catch_all",
    "behind the view": "SELECT * FROM public.samples",
    "readers": "SELECT * FROM database_readers",
    "add a reader": "INSERT INTO database_readers VALUES ('wn_api', NULL)",
    "views of reports": "SELECT * FROM grafana.v1_states",
    "function": "CREATE FUNCTION leak(text) RETURNS bool LANGUAGE sql COST 0.01 AS 'SELECT true'",
    "view": "CREATE VIEW mine AS SELECT * FROM annotations",
    "table": "CREATE TABLE mine (x int)",
    "schema": "CREATE SCHEMA mine",
    "policy": "DROP POLICY plants ON annotations",
    "disable": "ALTER TABLE annotations DISABLE ROW LEVEL SECURITY",
    "trigger": "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "replica": "SET session_replication_role = replica",
    "file": "SELECT pg_read_file('postgresql.conf')",
    "program": "COPY annotations FROM PROGRAM 'id'",
    "another's row": "INSERT INTO annotations (equipment_id, start_at, text, entered_by)"
    " VALUES ({machine}, now(), 't', 'x')",
    "marks": "SELECT mark_line_materials(ARRAY[{machine}], ARRAY[]::int[], ARRAY[]::int[])",
    "move a row": "UPDATE annotations SET equipment_id = {machine}",
    "above": "INSERT INTO stop_thresholds (equipment_id, valid_from)"
    " SELECT id, now() FROM equipment WHERE path = 'nordwerk'",
    "standard": "INSERT INTO reasons (code, kind, name_en, name_de) VALUES ('x', 'stop', 'a', 'b')",
    "truncate": "TRUNCATE annotations",
    "audit update": "UPDATE audit_log SET by = 'nobody'",
    "audit delete": "DELETE FROM audit_log",
    "seal": "INSERT INTO audit_seals VALUES (99, 99, '', '')",
    "head": "UPDATE audit_head SET seq = 0",
    "seal by function": "SELECT seal_audit_entry(a) FROM audit_log a",
    "removal": "SELECT remove_audit_entries(now())",
    "drop a day": "SELECT drop_day_partition('samples', '2026-11-20')",
    "samples": "DELETE FROM samples",
    "new samples": "INSERT INTO samples (signal_id, at, status) VALUES (1, now(), 0)",
    "elements": "UPDATE elements SET pq = 0",
    "events": "DELETE FROM business_events",
    "policy version": "UPDATE supply_policies SET document = '{{}}'",
    "role": "CREATE ROLE mine LOGIN",
    "password": "ALTER ROLE wn_ingest PASSWORD 'x'",
}


async def test_what_no_route_does_is_refused(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    await caller.see(EMDEN)
    errors = {
        name: await error_of(api, statement.format(machine=plants.machines[ZWICK]))
        for name, statement in REFUSED.items()
    }
    assert set(errors.values()) == {asyncpg.InsufficientPrivilegeError}, errors


async def test_changes_do_not_reach_rows_of_another_plant(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    await caller.see(EMDEN)
    assert await api.execute("UPDATE annotations SET text = 'x'") == "UPDATE 1"
    assert await api.execute("DELETE FROM shift_calendars") == "DELETE 1"
    await caller.state("")
    assert await api.execute("UPDATE annotations SET text = 'y'") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute("INSERT INTO dirty_buckets (equipment_id, bucket_at) VALUES (1, now())")


async def test_a_line_marks_messages_that_belong_to_no_plant(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    """By a function of the owner: no connection sees all plants for it."""
    event = uuid4()
    await plants.owner.execute(
        "INSERT INTO findings (key, kind, subject, at, detail, event_ids)"
        " VALUES ('waits', 'ambiguous_material', 'event', now(), 'd', $1)",
        [event],
    )
    await plants.owner.execute("DELETE FROM events_to_project")
    await caller.see(EMDEN)
    await api.execute(
        "SELECT mark_line_materials($1, $2, $3)", [plants.machines[EMDEN]],
        [plants.keys["warehouses", EMDEN]], [plants.keys["materials", EMDEN]],
    )  # fmt: skip
    marked = await plants.owner.fetch("SELECT event_id FROM events_to_project")
    assert event in {row["event_id"] for row in marked}
    assert await api.fetchval("SELECT count(*) FROM findings WHERE key = 'waits'") == 0


async def test_stored_answers_are_seen_by_callers_of_all_their_plants(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    insert = (
        "INSERT INTO stored_answers (caller, key_hash, fingerprint) VALUES ($1, 'k', 'f')"
        " ON CONFLICT DO NOTHING RETURNING plants"
    )
    count = "SELECT count(*) FROM stored_answers WHERE caller = $1"
    for number, setting, of_answer in (
        (101, "*", ["*"]), (102, json.dumps(PLANTS), [*PLANTS]),
        (103, json.dumps([EMDEN]), [EMDEN]), (104, "[]", ["-"]),
    ):  # fmt: skip
        await caller.state(setting)
        assert await api.fetchval(insert, number) == of_answer
        assert await api.fetchval(insert, number) is None  # a repetition finds it
    await caller.see(EMDEN)
    assert [await api.fetchval(count, n) for n in (101, 102, 103, 104)] == [0, 0, 1, 0]
    assert await api.fetchval(insert, 102) is None  # not seen, and not done twice
    await caller.see(*PLANTS)
    assert [await api.fetchval(count, n) for n in (101, 102, 103, 104)] == [0, 1, 1, 0]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute("UPDATE stored_answers SET plants = '{*}' WHERE caller = 103")


async def test_a_caller_of_one_plant_adds_to_the_audit_log_and_does_not_read_it(
    plants: TwoPlants, api: asyncpg.Connection, caller: Caller
) -> None:
    await caller.see(EMDEN)
    entry = ("engineer", "trust_requested", "connector", "cell-7", "{}", None, None, None)
    await api.execute(ADD_AUDIT_ENTRY_OF, *entry)
    query = "SELECT count(*) FROM audit_log WHERE action = 'trust_requested'"
    assert (await api.fetchval(query), await plants.owner.fetchval(query)) == (0, 1)
