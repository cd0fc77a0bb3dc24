"""The IDoc connector fulfils the `Connector` contract."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.file_source import file_source
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz_edge.idoc import create


def content_of(first: int, count: int) -> str:
    items = "".join(
        f"<E1EDL24><POSNR>{n}</POSNR><quantity>{n}</quantity></E1EDL24>"
        for n in range(first, first + count)
    )
    control = f"<EDI_DC40><DOCNUM>{first}</DOCNUM><IDOCTYP>DELVRY07</IDOCTYP></EDI_DC40>"
    return f"<DELVRY07><IDOC>{control}<E1EDL20>{items}</E1EDL20></IDOC></DELVRY07>"


@pytest_asyncio.fixture(params=["folder"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ControlledSource]:
    async with file_source(request.param, tmp_path, create, content_of, "xml") as controlled:
        yield controlled


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_idoc(
    check: Callable[[ControlledSource], Awaitable[None]], source: ControlledSource
) -> None:
    await check(source)
