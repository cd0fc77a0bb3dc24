"""Whoever has a connection of the API's role, but not its key, cannot choose whose rows it sees.

He also has what he may have seen elsewhere: values of other connections, of logs, of statements.
"""

import json
from datetime import timedelta

import asyncpg
import pytest

from plumbing.servers import ROWS_KEY
from werknetz.store.access.caller import CallerSession
from werknetz.store.access.rows_key import RowsKey, RowsKeyRefused
from werknetz_core.rows_keys.store import store_key

from .two_plants import (
    FOREIGN,
    PLANTS,
    REFUSED,
    SETTING,
    Caller,
    TwoPlants,
    error_of,
    foreign_rows,
)

pytestmark = pytest.mark.asyncio
EMDEN, ZWICK = PLANTS
BOTH = json.dumps(sorted(PLANTS))


async def _set(api: asyncpg.Connection, value: str) -> None:
    await api.execute("SELECT set_config('werknetz.plants', $1, false)", value)


async def test_the_right_value_shows_rows(api: asyncpg.Connection) -> None:
    """Else the attacks below would prove nothing."""
    await (await Caller.of(api)).state("*")
    assert await foreign_rows(api) == 1


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
        by_setting = await foreign_rows(api)
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
        assert await foreign_rows(api) == 0
        assert await error_of(api, f"SELECT state_caller('{foreign}', false)") in REFUSED
    assert await foreign_rows(other) == 1


async def test_a_former_value_of_the_connection_is_of_no_use(api: asyncpg.Connection) -> None:
    """A caller of all plants had the connection before, and somebody has noted the value."""
    caller = await Caller.of(api)
    await caller.state("*")
    former = await api.fetchval(SETTING)
    await caller.see(EMDEN)
    await _set(api, former)
    assert await foreign_rows(api) == 0
    assert await error_of(api, f"SELECT state_caller('{former}', false)") in REFUSED
    for statement in ("RESET werknetz.plants", "RESET ALL", "DISCARD SEQUENCES"):
        await api.execute(statement)
        assert await foreign_rows(api) == 0
    await _set(api, former)
    assert await foreign_rows(api) == 0


async def test_a_value_expires(api: asyncpg.Connection) -> None:
    caller = await Caller.of(api)
    now_s = await api.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
    number = caller.session.number
    assert number is not None
    for serial, (end_s, count) in enumerate(((now_s + 3600, 1), (now_s - 1, 0), (0, 0)), start=2):
        value = ROWS_KEY.sign(number, serial, end_s, "*")
        await api.execute("SELECT state_caller($1, false)", value)
        assert await foreign_rows(api) == count


async def test_whoever_has_the_key_signs_for_an_hour_at_most(api: asyncpg.Connection) -> None:
    """Else a value that was stated before its key ended would be valid for ever."""
    number = (await Caller.of(api)).session.number
    assert number is not None
    now_s = await api.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
    for serial, end_s in enumerate((now_s + 3600 + 90, now_s + 86_400, 99_999_999_999), start=2):
        value = ROWS_KEY.sign(number, serial, end_s, "*")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="longer than"):
            await api.execute("SELECT state_caller($1, false)", value)
        await _set(api, value)
        assert await foreign_rows(api) == 0


async def test_a_transaction_from_before_the_end_of_a_key_states_no_plants(
    plants: TwoPlants, api: asyncpg.Connection
) -> None:
    """Its snapshot has the key as long as it lasts."""
    session = await CallerSession.begin(api, ROWS_KEY)
    for isolation in ("repeatable_read", "serializable"):
        transaction = api.transaction(isolation=isolation)
        await transaction.start()
        with pytest.raises(asyncpg.InvalidTransactionStateError):
            await session.state(api, "*")
        await transaction.rollback()
    async with api.transaction():
        await api.fetchval("SELECT 1")
        await store_key(plants.owner, RowsKey.generate(), timedelta())
        with pytest.raises(RowsKeyRefused):
            await session.state(api, "*")


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
        assert await foreign_rows(api) == 0, statement
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
