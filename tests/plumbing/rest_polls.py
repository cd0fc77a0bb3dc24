"""Polls of a controlled REST source: its endpoints, and reading until there are enough rows."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plumbing.rest_source import RestSource
from werknetz.connector.contract import Delivery
from werknetz_edge.rest import create
from werknetz_edge.rest.connector import RestConnector

PATIENCE_S = 60.0
NOW_US = time.time_ns() // 1_000
ROWS = {
    "path": "/rows",
    "parameters": {"since": "{cursor}", "size": "10"},
    "records": "data.items",
    "key": "n",
    "changed_at": {"path": "at_us", "format": "unix_us"},
    "cursor": {"format": "unix_us", "lag_s": 1},
    "paging": {"style": "token", "path": "next", "parameter": "token"},
    "period_s": 0.05,
}
ALL = {"path": "/all", "period_s": 0.05, "key": "n"}


def connector_of(
    source: RestSource, folder: Path, endpoint: dict[str, Any], **more: Any
) -> RestConnector:
    options = {
        "url": source.url, "allow": ["127.0.0.1"], "endpoints": {"rows": endpoint},
        "timeout_s": 5, **more,
    }  # fmt: skip
    connector = create("erp", options, folder)
    assert isinstance(connector, RestConnector)
    return connector


def rows(first: int, count: int, at_us: int = NOW_US) -> list[dict[str, Any]]:
    return [{"n": first + n, "at_us": at_us + n} for n in range(count)]


async def next_delivery(connector: RestConnector, within_s: float = PATIENCE_S) -> Delivery:
    async with asyncio.timeout(within_s):
        return await connector.read()


async def read_numbers(connector: RestConnector, count: int) -> list[int]:
    """Read and acknowledge until there are `count` records."""
    numbers: list[int] = []
    while len(numbers) < count:
        delivery = await next_delivery(connector)
        numbers += [record.fields["n"] for record in delivery.records]
        await delivery.acknowledge()
    return numbers


async def read_until(connector: RestConnector, is_over: Callable[[], bool]) -> list[Delivery]:
    """Read until a delivery comes, and return it, or until it is over without one."""
    read = asyncio.ensure_future(connector.read())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not read.done() and not is_over():
                await asyncio.wait([read], timeout=0.01)
        return [read.result()] if read.done() else []
    finally:
        read.cancel()
        await asyncio.gather(read, return_exceptions=True)


async def read_polls(
    connector: RestConnector, source: RestSource, requests: int = 15
) -> list[Delivery]:
    """Read over so many further requests: requests, not seconds, as a machine may be busy."""
    last = len(source.requests) + requests
    return await read_until(connector, lambda: len(source.requests) >= last)
