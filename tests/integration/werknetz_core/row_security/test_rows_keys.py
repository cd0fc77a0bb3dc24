"""Keys that sign plants are replaced, end, and are refused where they are missing or wrong."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest
import sqlalchemy as sa

from plumbing.servers import API, OWNER, ROWS_KEY, url_as
from werknetz.store.access.caller import (
    CallerSession,
    all_plants,
    give_plants,
    no_caller,
    set_caller_plants,
)
from werknetz.store.access.rows_key import END_SIGNED, RowsKey, RowsKeyRefused
from werknetz.store.session import Database, PoolOptions
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.migrate import upgrade_async
from werknetz_core.rows_keys.store import find_refusal, list_keys, replace_key, store_key
from werknetz_core.settings import CoreSettings

from .two_plants import FOREIGN, PLANTS, SETTING, TwoPlants, foreign_rows

pytestmark = pytest.mark.asyncio
EMDEN, ZWICK = PLANTS
PROBLEM = "urn:werknetz:problem:rows_key_refused"


async def test_a_key_is_replaced_while_the_former_one_is_valid(
    plants: TwoPlants, api: asyncpg.Connection, other: asyncpg.Connection, database_url: str
) -> None:
    new = RowsKey.generate()
    await store_key(plants.owner, new)
    for key in (ROWS_KEY, new):
        session = await CallerSession.begin(api, key)
        await session.state(api, "*")
        assert await foreign_rows(api) == 1
    former = await CallerSession.begin(other, ROWS_KEY)
    await former.state(other, "*")
    await store_key(plants.owner, new, timedelta())
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await other.fetchval(FOREIGN)
    assert await foreign_rows(other) == 0  # at once, though the signature was verified before
    for session in (former, await CallerSession.begin(api, ROWS_KEY)):
        session.plants = None
        with pytest.raises(RowsKeyRefused, match="does not know the key"):
            await session.state(other if session is former else api, "*")
    await (await CallerSession.begin(api, new)).state(api, "*")
    assert await foreign_rows(api) == 1
    valid = {row["fingerprint"]: row["is_valid"] for row in await list_keys(database_url)}
    assert valid[new.fingerprint]
    assert not valid.get(ROWS_KEY.fingerprint)


async def test_signatures_end_after_the_key_is_stored(plants: TwoPlants) -> None:
    """Before the commit, a connection would state its plants with the former key once more."""
    steps: list[str] = []
    plants.owner.add_query_logger(lambda query: steps.append(query.query))
    await store_key(plants.owner, RowsKey.generate(), timedelta())
    await asyncio.sleep(0)  # the driver reports a query a turn later
    assert steps.index("COMMIT;") < steps.index(END_SIGNED)


async def test_a_key_that_migrate_replaces_is_in_the_audit_log(
    plants: TwoPlants, database_url: str
) -> None:
    new = RowsKey.generate()
    for _ in range(2):  # the second time it is the one in force
        await upgrade_async(url_as(database_url, OWNER), rows_key=new)
    entries = await plants.owner.fetch("SELECT * FROM audit_log WHERE subject = 'rows_key'")
    assert [(e["action"], e["subject_id"]) for e in entries] == [("rotated", new.fingerprint)]
    assert json.loads(entries[0]["before"]) == {"fingerprints": [ROWS_KEY.fingerprint]}


async def test_a_pool_states_plants_again_once_what_it_has_is_refused(
    plants: TwoPlants, database_url: str
) -> None:
    """All signatures have ended; the key of the pool is the new one."""
    options = PoolOptions("test", 1, 20, follows_caller=True, rows_key=ROWS_KEY)
    pool = Database(url_as(database_url, API), options)
    statement = sa.text(FOREIGN)

    async def by_session() -> int:
        async with pool.read_session() as session:
            return int((await session.execute(statement)).scalar_one())

    async def by_transaction() -> int:
        async with pool.write_session() as session:
            return int((await session.execute(statement)).scalar_one())

    async def by_driver() -> int:
        return int(await pool.fetchval(FOREIGN))

    refused = (asyncpg.InvalidAuthorizationSpecificationError, sa.exc.DBAPIError)
    with all_plants():
        for count in (by_driver, by_session, by_transaction):
            assert await count() == 1
            await plants.owner.fetchval(END_SIGNED)
            with pytest.raises(refused, match="not signed for it"):
                await count()
            assert await count() == 1
    await pool.close()


async def test_a_connection_begins_again_where_the_clock_was_set(
    api: asyncpg.Connection,
) -> None:
    """PostgreSQL's clock was ahead when the session began: what it signs ends too late now."""
    notes: dict[str, CallerSession] = {}
    with all_plants():
        await give_plants(api, notes, ROWS_KEY)
        (session,) = notes.values()
        session.clock_s += 7200
        session.plants = None
        await give_plants(api, notes, ROWS_KEY)
    assert await foreign_rows(api) == 1


async def test_rotation_writes_the_file_of_the_api(
    plants: TwoPlants, api: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows_key"
    fingerprint = await replace_key(url_as(database_url, OWNER), file, timedelta(hours=1))
    key = RowsKey.from_file(file)
    assert (key.fingerprint, file.stat().st_mode & 0o777) == (fingerprint, 0o600)
    await (await CallerSession.begin(api, key)).state(api, "*")
    assert await foreign_rows(api) == 1
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
