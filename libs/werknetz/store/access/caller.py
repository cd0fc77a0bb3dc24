"""The plants of whoever a database connection works for; row-level security reads them.

PostgreSQL shows the API's role only rows of the plants in the setting `werknetz.plants`; without
it, none. A request sets the plants of its key once; each connection that it takes is given them
before its first statement. The connection remembers them, so that the next caller with the same
plants costs no round trip.
"""

import json
from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

ALL_PLANTS: Final = "*"
NO_PLANT: Final = ""
SET_PLANTS: Final = "SELECT set_config('werknetz.plants', $1, false)"
# Views with the names of tables that the API may only read through them.
SEARCH_PATH: Final = "werknetz_api, public"
_SET_LOCAL: Final = sa.text("SELECT set_config('werknetz.plants', :plants, true)")
_REMEMBERED: Final = "werknetz.plants"  # in the pool's notes about a connection
_plants: Final[ContextVar[str]] = ContextVar("werknetz_plants", default=NO_PLANT)


def setting_of(plants: Sequence[str] | None) -> str:
    """Return the value of the setting for paths of plants; None: all plants."""
    return ALL_PLANTS if plants is None else json.dumps(sorted(plants))


def set_caller_plants(plants: Sequence[str] | None) -> None:
    """State whose rows the rest of this task may see; None: those of all plants."""
    _plants.set(setting_of(plants))


def sees_all_plants() -> bool:
    """Return whether connections that are taken now see the rows of all plants."""
    return _plants.get() == ALL_PLANTS


@contextmanager
def no_caller() -> Iterator[None]:
    """Show no plant's row until a caller is stated; afterwards as before."""
    token = _plants.set(NO_PLANT)
    try:
        yield
    finally:
        _plants.reset(token)


@contextmanager
def all_plants() -> Iterator[None]:
    """Show the rows of all plants to connections that are taken within: work for no caller."""
    token = _plants.set(ALL_PLANTS)
    try:
        yield
    finally:
        _plants.reset(token)


@asynccontextmanager
async def follow_ups(transaction: AsyncConnection) -> AsyncIterator[None]:
    """Show a transaction the rows of all plants while it marks what a change concerns.

    A change of one plant may concern messages that belong to no plant yet. What is read within
    goes to no caller. An error ends the transaction, and with it the setting.
    """
    await transaction.execute(_SET_LOCAL, {"plants": ALL_PLANTS})
    yield
    await transaction.execute(_SET_LOCAL, {"plants": _plants.get()})


async def give_plants(connection: asyncpg.Connection, remembered: MutableMapping[Any, Any]) -> None:
    """Give a connection, outside a transaction, the plants of the caller.

    What it has is forgotten first: after an error it is set again, and nobody inherits it.
    """
    plants = _plants.get()
    if remembered.get(_REMEMBERED) == plants:
        return
    remembered.pop(_REMEMBERED, None)
    await connection.execute(SET_PLANTS, plants)
    remembered[_REMEMBERED] = plants
