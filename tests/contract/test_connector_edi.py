"""The EDI connector fulfils the `Connector` contract, with a folder and with SFTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.file_source import file_source
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz_edge.edi import create


def content_of(first: int, count: int) -> str:
    lines = "".join(f"LIN+++X:IN'QTY+12:{n}:PCE'" for n in range(first, first + count))
    return (
        f"UNB+UNOC:3+A+B+260101:0101+{first}'UNH+1+DESADV:D:96A:UN'BGM+351+{first}'{lines}"
        f"UNT+{2 * count + 3}+1'UNZ+1+{first}'"
    )


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ControlledSource]:
    async with file_source(request.param, tmp_path, create, content_of, "edi") as controlled:
        yield controlled


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_edi(
    check: Callable[[ControlledSource], Awaitable[None]], source: ControlledSource
) -> None:
    await check(source)
