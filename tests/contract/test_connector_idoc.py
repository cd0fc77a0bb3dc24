"""The IDoc connector keeps the promises of the contract."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.filestand import file_stand
from werknetz.connector.conformance import CHECKS, Stand
from werknetz_edge.idoc import create


def written(first: int, count: int) -> str:
    items = "".join(
        f"<E1EDL24><POSNR>{n}</POSNR><quantity>{n}</quantity></E1EDL24>"
        for n in range(first, first + count)
    )
    control = f"<EDI_DC40><DOCNUM>{first}</DOCNUM><IDOCTYP>DELVRY07</IDOCTYP></EDI_DC40>"
    return f"<DELVRY07><IDOC>{control}<E1EDL20>{items}</E1EDL20></IDOC></DELVRY07>"


@pytest_asyncio.fixture(params=["folder"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    async with file_stand(request.param, tmp_path, create, written, "xml") as made:
        yield made


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_idoc(check: Callable[[Stand], Awaitable[None]], stand: Stand) -> None:
    await check(stand)
