"""One process, several connectors: those that fail in any way do not disturb the healthy one."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import yaml
from redis import Redis

from plumbing.edgeplant import EdgePlant
from plumbing.opcua_plant import options, plant
from plumbing.waiting import until
from werknetz.link.redis import status_key
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.stack import ua

pytestmark = [pytest.mark.asyncio, pytest.mark.slow, pytest.mark.timeout(600)]
STAGES: Final = ("create", "connect", "read", "acknowledge", "close", "task", "details")
PLUGIN: Final = """
import asyncio

from werknetz.connector.contract import ConnectionLost, ConnectorStatus, Delivery, Reading


class Hostile:
    def __init__(self, stage):
        self.status = ConnectorStatus()
        self._stage = stage

    def _reach(self, stage):
        if stage == self._stage:
            raise AttributeError(f"bug in {stage}")

    async def connect(self):
        self._reach("connect")
        if self._stage == "details":
            self.status.details = None

    async def read(self):
        self._reach("read")
        await asyncio.sleep(0.05)
        if self._stage == "close":
            raise ConnectionLost("cut")
        if self._stage == "task":
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.to_thread(self._reach, "task"))
        if self._stage == "details":
            self._reach("details")
        return Delivery([Reading("x", 1)], acknowledge=self._acknowledge)

    async def _acknowledge(self):
        self._reach("acknowledge")

    async def close(self):
        self._reach("close")


def create(connector_id, options, folder):
    if options["stage"] == "create":
        raise ImportError("bug in create")
    return Hostile(options["stage"])
"""


def install_plugin(folder: Path) -> Path:
    """Install the hostile connector into a folder for PYTHONPATH."""
    metadata = folder / "hostile-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "hostile_connector.py").write_text(PLUGIN)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n")
    entry = "[werknetz.connectors]\nhostile = hostile_connector:create\n"
    (metadata / "entry_points.txt").write_text(entry)
    return folder


def edge_file(folder: Path, connector: str, protocol: str, options_: dict[str, Any]) -> str:
    document = {
        "connector": connector,
        "protocol": protocol,
        "options": options_,
        "mapping": {"name": connector, "version": 1, "unmapped": "store-as-is"},
        "spool": {"folder": str(folder / "spool" / connector)},
    }
    file = folder / f"{connector}.yaml"
    file.write_text(yaml.safe_dump(document))
    return str(file)


class Statuses:
    """What the connectors report."""

    def __init__(self, redis_url: str) -> None:
        self._client = Redis.from_url(redis_url, decode_responses=True)

    def of(self, connector: str) -> tuple[str, str]:
        state, detail = self._client.hmget(status_key(connector), "state", "detail")
        return str(state), str(detail)


async def largest(database_url: str, connector: str, signal: str) -> float:
    connection = await asyncpg.connect(database_url, timeout=60)
    try:
        value = await connection.fetchval(
            "SELECT max(sa.value) FROM samples sa JOIN signals s ON s.id = sa.signal_id"
            " WHERE s.connector_id = $1 AND s.key LIKE '%' || $2",
            connector,
            signal,
        )
        return float(value or 0)
    finally:
        await connection.close(timeout=60)


async def write_until_stored(nodes: dict[str, Any], database_url: str, first: int) -> int:
    """Change a value until a change of these is in the database; return the next number."""
    number = first
    async with asyncio.timeout(120):
        while await largest(database_url, "healthy", "Cell.Count") < first:
            await nodes["Count"].write_value(ua.Variant(number, ua.VariantType.UInt32))
            number += 1
            await asyncio.sleep(0.2)
    return number


async def test_one_process_survives_every_connector(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    plugins = install_plugin(tmp_path / "plugins")
    statuses, port = Statuses(redis_url), free_port()
    async with plant(port) as (_, nodes):
        files = [edge_file(tmp_path, "healthy", "opcua", options(port, silence_s=30))]
        files += [
            edge_file(tmp_path, f"bad-{stage}", "hostile", {"stage": stage}) for stage in STAGES
        ]
        environment = os.environ | {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "PYTHONPATH": os.pathsep.join([str(plugins), *sys.path]),
        }
        running = EdgePlant(tmp_path, environment)
        running.start("ingest")
        running.start("edge", *files)
        try:
            number = await write_until_stored(nodes, database_url, 1)

            def is_shown() -> bool:
                shown = [statuses.of(f"bad-{stage}") for stage in STAGES if stage != "close"]
                return all(
                    state == "failed" and "bug in" in detail and "next attempt in" in detail
                    for state, detail in shown
                )

            await until(is_shown, within_s=120)
            assert statuses.of("healthy")[0] == "running"
            assert running.children["edge"].is_alive, running.log("edge")
            await write_until_stored(nodes, database_url, number)
            log = running.log("edge")
            assert all(f"bad-{stage}" in log for stage in STAGES)
            assert statuses.of("bad-read")[1].startswith("read: AttributeError: bug in read")
        finally:
            running.stop()
