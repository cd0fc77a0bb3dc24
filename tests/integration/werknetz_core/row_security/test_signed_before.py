"""Migrations 0040 and 0041: connections of an API of before go on, and they can be undone."""

import asyncpg
import pytest

from plumbing.servers import API, ROWS_KEY, url_as
from werknetz.store.access.rows_key import END_SIGNED

from ..test_schema_entries import _migrate as migrate  # noqa: TID252 - the same schema
from .two_plants import FOREIGN, Caller, TwoPlants, error_of

pytestmark = pytest.mark.asyncio
SOURCES = """
SELECT proname, prosrc FROM pg_proc WHERE proname IN ('state_caller', 'stated_plants')
ORDER BY proname"""
HOUR_S = 3600


async def _state_as_before(
    api: asyncpg.Connection, *, version: str = "v1", valid_s: int = HOUR_S
) -> None:
    """State all plants with a value of the form that an API of before signs."""
    number = await api.fetchval("SELECT begin_caller_session()")
    end_s = await api.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint") + valid_s
    value = version + ROWS_KEY.sign(number, 2, end_s, "*").removeprefix("v2")
    await api.execute("SELECT state_caller($1, false)", value)


async def test_a_connection_of_before_goes_on(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    await TwoPlants(owner).fill()
    await migrate(database_url, downgrade_to="0038")
    former = await asyncpg.connect(url_as(database_url, API))
    await _state_as_before(former)
    assert await former.fetchval(FOREIGN) == 1
    await migrate(database_url, upgrade_to="head")
    assert await former.fetchval(FOREIGN) == 1
    await _state_as_before(former)  # it is renewed, or is given to the next caller
    assert await former.fetchval(FOREIGN) == 1
    await former.execute("SELECT set_config('werknetz.plants', 'v1 *', false)")
    assert await error_of(former, FOREIGN) is asyncpg.InvalidAuthorizationSpecificationError
    await (await Caller.of(former)).state("*")  # now by an API of today
    assert await former.fetchval(FOREIGN) == 1
    await former.close()
    await migrate(database_url, downgrade_to="0038")
    former = await asyncpg.connect(url_as(database_url, API))
    await _state_as_before(former)
    assert await former.fetchval(FOREIGN) == 1
    await former.close()
    await owner.close()


async def test_a_connection_from_before_signatures_are_bounded_goes_on(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    await TwoPlants(owner).fill()
    await migrate(database_url, downgrade_to="0040")
    before = await owner.fetch(SOURCES)
    former = await asyncpg.connect(url_as(database_url, API))
    await _state_as_before(former, version="v2", valid_s=10 * HOUR_S)
    await _state_as_before(former, version="v2")
    prepared = await former.prepare(FOREIGN)
    assert await prepared.fetchval() == 1
    await migrate(database_url, upgrade_to="0041")
    assert await prepared.fetchval() == 1
    for version in ("v1", "v2"):
        await _state_as_before(former, version=version)
        assert await prepared.fetchval() == 1
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="longer than"):
        await _state_as_before(former, version="v2", valid_s=10 * HOUR_S)
    await owner.fetchval(END_SIGNED)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await prepared.fetchval()
    await (await Caller.of(former)).state("*")
    assert await prepared.fetchval() == 1
    await migrate(database_url, downgrade_to="0040")
    assert await owner.fetch(SOURCES) == before
    assert await prepared.fetchval() == 1
    await former.close()
    await owner.close()
