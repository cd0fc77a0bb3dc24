"""The tables connector fulfils the `Connector` contract, with a folder and with SFTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.file_source import file_source
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz_edge.tables import create

SOURCE = {"name": "t", "as": "readings", "time": {"column": "us", "format": "unix_us"}}
OPTIONS = {"sources": [SOURCE]}


def content_of(first: int, count: int) -> str:
    rows = "".join(f"{1_790_000_000_000_000 + n},{n}\n" for n in range(first, first + count))
    return f"us,n\n{rows}"


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ControlledSource]:
    async with file_source(
        request.param, tmp_path, create, content_of, "csv", OPTIONS
    ) as controlled:
        yield controlled


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_tables(
    check: Callable[[ControlledSource], Awaitable[None]], source: ControlledSource
) -> None:
    await check(source)
