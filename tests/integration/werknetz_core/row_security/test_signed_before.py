"""Migration 0040: connections that stated their plants before it go on, and it can be undone."""

import asyncpg
import pytest

from plumbing.servers import API, ROWS_KEY, url_as

from ..test_schema_entries import _migrate as migrate  # noqa: TID252 - the same schema
from .two_plants import Caller, TwoPlants, error_of

pytestmark = pytest.mark.asyncio
FOREIGN = "SELECT count(*) FROM annotations WHERE text LIKE '%zwick%'"
BEFORE = "0038"


async def _state_as_before(api: asyncpg.Connection) -> None:
    """State all plants with a value of the form that an API of before signs."""
    number = await api.fetchval("SELECT begin_caller_session()")
    end_s = await api.fetchval("SELECT extract(epoch FROM now())::bigint + 600")
    value = "v1" + ROWS_KEY.sign(number, 2, end_s, "*").removeprefix("v2")
    await api.execute("SELECT state_caller($1, false)", value)


async def test_a_connection_of_before_goes_on(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    await TwoPlants(owner).fill()
    await migrate(database_url, downgrade_to=BEFORE)
    former = await asyncpg.connect(url_as(database_url, API))
    await _state_as_before(former)
    assert await former.fetchval(FOREIGN) == 1
    await migrate(database_url, upgrade_to="head")
    assert await former.fetchval(FOREIGN) == 1
    await former.execute("SELECT set_config('werknetz.plants', 'v1 *', false)")
    assert await error_of(former, FOREIGN) is asyncpg.InvalidAuthorizationSpecificationError
    await (await Caller.of(former)).state("*")  # now by an API of today
    assert await former.fetchval(FOREIGN) == 1
    await former.close()
    await migrate(database_url, downgrade_to=BEFORE)
    former = await asyncpg.connect(url_as(database_url, API))
    await _state_as_before(former)
    assert await former.fetchval(FOREIGN) == 1
    await former.close()
    await owner.close()
