"""Connections of the owner and of the API's role, on a database with rows of two plants."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from plumbing.servers import API, url_as

from .two_plants import TwoPlants


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
