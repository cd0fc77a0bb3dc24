"""A real edge process is killed while it polls a server: every change is stored once."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from plumbing.edgeplant import plant_of, until_stored
from plumbing.rest_source import rest_source

pytestmark = [pytest.mark.asyncio, pytest.mark.slow, pytest.mark.timeout(900)]
ROWS = 600
KILLS = 5


async def test_changes_arrive_once_while_the_edge_is_killed(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    endpoint = {
        "path": "/rows",
        "parameters": {"since": "{cursor}", "size": "7"},
        "records": "data.items",
        "key": "n",
        "changed_at": {"path": "at_us", "format": "unix_us"},
        "cursor": {"format": "unix_us", "lag_s": 2},
        "paging": {"style": "link", "path": "next"},
        "period_s": 0.1,
    }
    rule = {
        "source": "rest/rows",
        "kind": "job_started",
        "fields": {"equipment": {"constant": "e"}, "order_number": "n"},
    }
    endpoint["parameters"] = {"since": "{cursor}", "size": "7", "style": "link"}
    async with rest_source() as source:
        document = {
            "connector": "erp", "protocol": "rest",
            "options": {
                "url": source.url, "allow": ["127.0.0.1"], "endpoints": {"rows": endpoint},
            },
            "mapping": {"name": "erp", "version": 1, "events": [rule]},
        }  # fmt: skip
        plant = plant_of(tmp_path, database_url, redis_url, document)
        try:
            for kill in range(KILLS):
                requests_before = len(source.requests)
                for number in range(ROWS // KILLS):
                    at_us = time.time_ns() // 1_000
                    source.rows.append({"n": kill * (ROWS // KILLS) + number, "at_us": at_us})
                async with asyncio.timeout(120):
                    while len(source.requests) < requests_before + 3:
                        assert plant.children["edge"].is_alive, plant.log("edge")
                        await asyncio.sleep(0.01)
                await asyncio.sleep(random.uniform(0, 0.1))
                plant.children["edge"].kill()
                plant.start_edge()
            stored = await until_stored(
                database_url, "SELECT body ->> 'order_number' FROM business_events", ROWS
            )
        finally:
            plant.stop()
    assert sorted(int(row[0]) for row in stored) == list(range(ROWS))
