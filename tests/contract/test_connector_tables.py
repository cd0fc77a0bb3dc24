"""The tables connector keeps the promises of the contract, with a folder and with SFTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.filestand import file_stand
from werknetz.connector.conformance import CHECKS, Stand
from werknetz_edge.tables import create

SOURCE = {"name": "t", "as": "readings", "time": {"column": "us", "format": "unix_us"}}
OPTIONS = {"sources": [SOURCE]}


def written(first: int, count: int) -> str:
    rows = "".join(f"{1_790_000_000_000_000 + n},{n}\n" for n in range(first, first + count))
    return f"us,n\n{rows}"


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    async with file_stand(request.param, tmp_path, create, written, "csv", OPTIONS) as made:
        yield made


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_tables(check: Callable[[Stand], Awaitable[None]], stand: Stand) -> None:
    await check(stand)
