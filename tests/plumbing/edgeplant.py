"""An edge and a writer as real processes, and what they have stored."""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from werknetz_demo.embedded.process import Child

TESTS = Path(__file__).parents[1]


@dataclass
class EdgePlant:
    """One edge and one writer, as processes that may be killed."""

    folder: Path
    environment: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        self.children[name] = Child.start(
            [sys.executable, "-m", "chaos.program", name, *arguments],
            log=self.folder / f"{name}.log",
            folder=TESTS,
            environment=self.environment | {"WERKNETZ_ALIVE_FILE": str(self.folder / name)},
        )

    def start_edge(self) -> None:
        self.start("edge", str(self.folder / "edge.yaml"))

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def plant_of(
    folder: Path, database_url: str, redis_url: str, document: dict[str, Any]
) -> EdgePlant:
    """Start both with the document as the edge's file."""
    (folder / "edge.yaml").write_text(yaml.safe_dump(document))
    environment = os.environ | {
        "WERKNETZ_DATABASE_URL": database_url,
        "WERKNETZ_REDIS_URL": redis_url,
    }
    plant = EdgePlant(folder, environment)
    plant.start("ingest")
    plant.start_edge()
    return plant


async def until_stored(
    database_url: str, statement: str, expected: int, within_s: float = 120
) -> list[Any]:
    """Ask until so many rows are there; then once more, as too many may come later."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(within_s):
            while len(await connection.fetch(statement)) < expected:  # noqa: ASYNC110  another process
                await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        return list(await connection.fetch(statement))
    finally:
        await connection.close()
