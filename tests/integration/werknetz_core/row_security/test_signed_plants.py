"""Whoever has a connection of the API's role, but not its key, cannot choose whose rows it sees.

He also has what he may have seen elsewhere: values of other connections, of logs, of statements.
"""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import sqlalchemy as sa

from plumbing.servers import API, OWNER, ROWS_KEY, url_as
from werknetz.store.access.caller import CallerSession, all_plants, no_caller, set_caller_plants
from werknetz.store.access.rows_key import RowsKey, RowsKeyRefused
from werknetz.store.session import Database, PoolOptions
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.rows_keys.store import find_refusal, list_keys, replace_key, store_key
from werknetz_core.settings import CoreSettings

from .two_plants import PLANTS, Caller, TwoPlants, error_of

pytestmark = pytest.mark.asyncio
EMDEN, ZWICK = PLANTS
PROBLEM = "urn:werknetz:problem:rows_key_refused"
BOTH = json.dumps(sorted(PLANTS))
FOREIGN = "SELECT count(*) FROM annotations WHERE text LIKE '%zwick%'"
SETTING = "SELECT current_setting('werknetz.plants', true)"
REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError,
    asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.DataError,
)  # fmt: skip


@pytest_asyncio.fixture
async def plants(database_url: str) -> AsyncIterator[TwoPlants]:
    owner = await asyncpg.connect(database_url)
    plants = TwoPlants(owner)
    await plants.fill()
    yield plants
    await owner.close()


@pytest_asyncio.fixture
async def api(database_url: str, plants: TwoPlants) -> AsyncIterator[asyncpg.Connection]:
    settings = {"search_path": "werknetz_api, public"}
    connection = await asyncpg.connect(url_as(database_url, API), server_settings=settings)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def other(database_url: str, plants: TwoPlants) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url_as(database_url, API))
    yield connection
    await connection.close()


async def _foreign_rows(api: asyncpg.Connection) -> int:
    """Return how many rows of the other plant a connection sees; an error shows none."""
    try:
        async with api.transaction():
            count: int = await api.fetchval(FOREIGN)
    except REFUSED:
        return 0
    return count


async def _set(api: asyncpg.Connection, value: str) -> None:
    await api.execute("SELECT set_config('werknetz.plants', $1, false)", value)


async def test_the_right_value_shows_rows(api: asyncpg.Connection) -> None:
    """Else the attacks below would prove nothing."""
    await (await Caller.of(api)).state("*")
    assert await _foreign_rows(api) == 1


# What is set; {own} is the value of the connection, for one plant.
VALUES = {
    "all": "*",
    "a list": BOTH,
    "no signature": "v2 " + "0" * 64 + " 1 2 99999999999 *",
    "empty signature": "v2   *",
    "no version": "{own_message}",
    "another version": "v3{own_rest}",
    "other plants": "{own_head}" + BOTH,
    "all instead": "{own_head}*",
    "appended": '{own}, "' + ZWICK + '"]',
    "in front": "v2 *{own}",
    "no number": "v2 {signature} * * * *",
    "many spaces": "{own_head}  *",
}


async def test_no_value_is_made_without_the_key(api: asyncpg.Connection) -> None:
    caller = await Caller.of(api)
    await caller.see(EMDEN)
    own = await api.fetchval(SETTING)
    head = own[: own.index("[")]
    parts = {
        "own": own, "own_head": head, "own_rest": own[2:], "own_message": own[68:],
        "signature": own[3:67],
    }  # fmt: skip
    outcomes = {}
    for name, text in VALUES.items():
        value = text
        for part, content in parts.items():
            value = value.replace(f"{{{part}}}", content)
        await _set(api, value)
        by_setting = await _foreign_rows(api)
        await _set(api, own)
        error = await error_of(api, f"SELECT state_caller({_quote(value)}, false)")
        outcomes[name] = (by_setting, error is not None and issubclass(error, REFUSED))
    assert outcomes == dict.fromkeys(VALUES, (0, True))
    assert await api.fetchval("SELECT count(*) FROM annotations") == 1  # its own still


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def test_a_value_of_another_connection_is_of_no_use(
    api: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    """Also not where the own connection has begun a session, before or after."""
    await (await Caller.of(other)).state("*")
    foreign = await other.fetchval(SETTING)
    for begins in (False, True):
        if begins:
            await api.fetchval("SELECT begin_caller_session()")
        await _set(api, foreign)
        assert await _foreign_rows(api) == 0
        assert await error_of(api, f"SELECT state_caller('{foreign}', false)") in REFUSED
    assert await _foreign_rows(other) == 1


async def test_a_former_value_of_the_connection_is_of_no_use(api: asyncpg.Connection) -> None:
    """A caller of all plants had the connection before, and somebody has noted the value."""
    caller = await Caller.of(api)
    await caller.state("*")
    former = await api.fetchval(SETTING)
    await caller.see(EMDEN)
    await _set(api, former)
    assert await _foreign_rows(api) == 0
    assert await error_of(api, f"SELECT state_caller('{former}', false)") in REFUSED
    for statement in ("RESET werknetz.plants", "RESET ALL", "DISCARD SEQUENCES"):
        await api.execute(statement)
        assert await _foreign_rows(api) == 0
    await _set(api, former)
    assert await _foreign_rows(api) == 0


async def test_a_value_expires(api: asyncpg.Connection) -> None:
    caller = await Caller.of(api)
    now_s = await api.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
    number = caller.session.number
    assert number is not None
    for serial, (end_s, count) in enumerate(((now_s + 3600, 1), (now_s - 1, 0), (0, 0)), start=2):
        value = ROWS_KEY.sign(number, serial, end_s, "*")
        await api.execute("SELECT state_caller($1, false)", value)
        assert await _foreign_rows(api) == count


async def test_no_statement_shows_a_value_of_another_connection(
    api: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    """They are parameters, so neither pg_stat_activity nor pg_prepared_statements has them."""
    await (await Caller.of(other)).state("*")
    value = await other.fetchval(SETTING)
    texts = await api.fetch(
        "SELECT query FROM pg_stat_activity UNION ALL SELECT statement FROM pg_prepared_statements"
        " UNION ALL SELECT setting FROM pg_settings"
    )
    assert len(texts) > 1
    assert not [row[0] for row in texts if row[0] and value[3:67] in row[0]]


NOT_ALLOWED = (
    "SELECT * FROM rows_keys", "INSERT INTO rows_keys VALUES ('x', '', '')",
    "UPDATE rows_keys SET valid_until = NULL", "DELETE FROM rows_keys", "COPY rows_keys TO STDOUT",
    "SELECT * FROM pg_statistic", "SELECT is_signed_for_rows('x', 'y')",
    "SELECT nextval('caller_serials')", "SELECT setval('caller_serials', 1)",
    "SELECT currval('caller_serials')", "SELECT last_value FROM caller_sessions",
    "SELECT setval('caller_sessions', 1)", "SELECT currval('caller_check_1')",
    "SELECT setval('caller_check_2', 1)", "SELECT last_value FROM caller_check_1",
    "SELECT nextval('rows_keys_ended')", "SELECT plants_signed_before()",
    "CREATE FUNCTION is_signed_for_rows(int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = textne)",
    "CREATE OR REPLACE FUNCTION stated_plants() RETURNS text LANGUAGE sql AS $$SELECT '*'$$",
    "ALTER FUNCTION stated_plants() SECURITY INVOKER", "DROP FUNCTION stated_plants()",
    "SET SESSION AUTHORIZATION werknetz", "SELECT lo_import('/etc/passwd')",
)  # fmt: skip


async def test_neither_the_key_nor_what_verifies_it_is_in_reach(api: asyncpg.Connection) -> None:
    await (await Caller.of(api)).see(EMDEN)
    errors = {text: await error_of(api, text) for text in NOT_ALLOWED}
    refused = asyncpg.InsufficientPrivilegeError
    assert {text: error for text, error in errors.items() if error is not refused} == {}
    columns = await api.fetchval("SELECT count(*) FROM pg_stats WHERE tablename = 'rows_keys'")
    assert columns == 0
    sources = await api.fetchval("SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE prosrc <> ''")
    assert not [part for part in (ROWS_KEY.text, ROWS_KEY.pads[0].hex()) if part in sources]


# With a plant of its own; each may end in an error, none in a row of the other plant.
DETOURS = (
    "SET search_path = pg_temp, public", "SET search_path = ''",
    # Where the administrator of the server allows temporary objects in this database.
    "CREATE TEMP TABLE rows_keys AS SELECT ''::bytea AS inner_pad, ''::bytea AS outer_pad",
    "CREATE TEMP SEQUENCE caller_serials", "CREATE TEMP SEQUENCE caller_sessions",
    "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "SET search_path = pg_temp, public, pg_catalog",
    "SET LOCAL werknetz.plants = '*'", "SET werknetz.plants TO DEFAULT",
    "SELECT set_config('werknetz.plants', '*', true)", "SET row_security = off",
    "SET plan_cache_mode = force_generic_plan", "SET debug_parallel_query = on",
    "SET check_function_bodies = off", "SELECT begin_caller_session()",
    "SELECT state_caller(NULL, false)", "SELECT state_caller('', false)",
    "SELECT lo_from_bytea(0, convert_to(current_setting('werknetz.plants'), 'UTF8'))",
    "UPDATE pg_settings SET setting = '*' WHERE name = 'werknetz.plants'",
    "PREPARE mine AS SELECT count(*) FROM annotations WHERE text LIKE '%zwick%'",
    "SET statement_timeout = 0; SET enable_seqscan = off", "DISCARD SEQUENCES",
    "DECLARE mine CURSOR WITH HOLD FOR SELECT * FROM annotations",
)  # fmt: skip


async def test_no_detour_shows_a_row(api: asyncpg.Connection) -> None:
    caller = await Caller.of(api)
    for statement in DETOURS:
        await caller.see(EMDEN)
        try:
            async with api.transaction():
                await api.execute(statement)
                assert await api.fetchval(FOREIGN) == 0, statement
        except asyncpg.PostgresError:
            pass
        assert await _foreign_rows(api) == 0, statement
        await api.execute("RESET search_path")
        caller.session = await CallerSession.begin(api, ROWS_KEY)


async def test_a_prepared_statement_serves_each_caller_its_own_rows(
    api: asyncpg.Connection,
) -> None:
    """A plan that was made for a caller of all plants serves the next caller."""
    caller = await Caller.of(api)
    await caller.state("*")
    prepared = await api.prepare(FOREIGN)
    for _ in range(7):  # PostgreSQL takes a generic plan from the sixth time
        assert await prepared.fetchval() == 1
    await caller.see(EMDEN)
    assert await prepared.fetchval() == 0
    await _set(api, "*")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await prepared.fetchval()


async def test_a_key_is_replaced_while_the_former_one_is_valid(
    plants: TwoPlants, api: asyncpg.Connection, other: asyncpg.Connection, database_url: str
) -> None:
    new = RowsKey.generate()
    await store_key(plants.owner, new)
    for key in (ROWS_KEY, new):
        session = await CallerSession.begin(api, key)
        await session.state(api, "*")
        assert await _foreign_rows(api) == 1
    former = await CallerSession.begin(other, ROWS_KEY)
    await former.state(other, "*")
    await store_key(plants.owner, new, timedelta())
    assert await _foreign_rows(other) == 0  # at once, though the signature was verified before
    for session in (former, await CallerSession.begin(api, ROWS_KEY)):
        session.plants = None
        with pytest.raises(RowsKeyRefused, match="does not know the key"):
            await session.state(other if session is former else api, "*")
    await (await CallerSession.begin(api, new)).state(api, "*")
    assert await _foreign_rows(api) == 1
    valid = {row["fingerprint"]: row["is_valid"] for row in await list_keys(database_url)}
    assert valid[new.fingerprint]
    assert not valid.get(ROWS_KEY.fingerprint)


async def test_rotation_writes_the_file_of_the_api(
    plants: TwoPlants, api: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows_key"
    fingerprint = await replace_key(url_as(database_url, OWNER), file, timedelta(hours=1))
    key = RowsKey.from_file(file)
    assert (key.fingerprint, file.stat().st_mode & 0o777) == (fingerprint, 0o600)
    await (await CallerSession.begin(api, key)).state(api, "*")
    assert await _foreign_rows(api) == 1
    assert not file.with_name("rows_key.new").exists()
    entry = await plants.owner.fetchrow("SELECT * FROM audit_log WHERE subject = 'rows_key'")
    assert (entry["action"], entry["subject_id"], entry["by"]) == (
        "rotated", fingerprint, "database",
    )  # fmt: skip
    assert json.loads(entry["before"]) == {"fingerprints": [ROWS_KEY.fingerprint]}
    assert json.loads(entry["after"]) == {"fingerprint": fingerprint, "overlap_s": 3600}
    assert file.read_text().strip() not in str(dict(entry))


@pytest.mark.parametrize(
    ("key", "words"), [(None, "WERKNETZ_ROWS_KEY is not set"), (RowsKey(b"x" * 32), "not know")]
)
async def test_without_the_right_key_nothing_is_answered_silently(
    plants: TwoPlants, database_url: str, key: RowsKey | None, words: str
) -> None:
    options = PoolOptions("test", 1, 20, follows_caller=True, rows_key=key)
    pool = Database(url_as(database_url, API), options)
    with all_plants():
        for _ in range(2):
            with pytest.raises(RowsKeyRefused, match=words) as refused:
                await pool.fetchval(FOREIGN)
            assert "migrate --rows-key" in refused.value.remedy
            with pytest.raises(RowsKeyRefused, match=words):
                async with pool.write_session():
                    raise AssertionError("a session without plants")
    await pool.close()


async def test_the_api_answers_which_key_is_refused(plants: TwoPlants, database_url: str) -> None:
    for key in (None, RowsKey.generate()):
        settings = CoreSettings(url_as(database_url, API), rows_key=key)
        app = create_app(settings, with_jobs=False)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://core") as client,
        ):
            for path in ("/health/ready", "/kpi_values?kpi=oee"):
                answer = await client.get(
                    f"/api/v1{path}", headers={"X-API-Key": generate_key().key}
                )
                document = answer.json()
                assert (answer.status_code, document["type"]) == (503, PROBLEM), path
                assert "migrate --rows-key" in document["hint"]


async def test_doctor_names_a_key_that_is_missing_or_wrong(
    api: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_ROWS_KEY", ROWS_KEY.text)
    assert await find_refusal(api) is None
    for value, words in (("", "not set"), ("ab" * 32, "not know"), ("secret", "no key")):
        monkeypatch.setenv("WERKNETZ_ROWS_KEY", value)
        refusal = await find_refusal(api)
        assert refusal is not None
        assert words in refusal[0]
        assert refusal[1]


async def test_a_pool_states_plants_again_before_they_expire(
    plants: TwoPlants, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PoolOptions("test", 1, 20, follows_caller=True, rows_key=ROWS_KEY)
    pool = Database(url_as(database_url, API), options)
    with no_caller():
        set_caller_plants([EMDEN])
        values = [await pool.fetchval(SETTING) for _ in range(2)]
        monkeypatch.setattr("werknetz.store.access.caller.RENEW_S", 0)
        set_caller_plants([ZWICK])
        values += [await pool.fetchval(SETTING) for _ in range(2)]
        async with pool.read_session() as session:
            count = await session.execute(sa.text("SELECT count(*) FROM annotations"))
            assert count.scalar() == 1
    await pool.close()
    assert (values[0] == values[1], values[2] == values[3]) == (True, False)
