"""Every kind of connector that fails with any exception is replaced; its siblings go on."""

import asyncio
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import pytest

from werknetz.connector.contract import Connector, Delivery, Redeliverable
from werknetz.runtime.log import get_logger
from werknetz_edge.config import GROUP, EdgeConfig, load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.pipeline import source as source_module
from werknetz_edge.pipeline.source import Source

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted((ROOT / "docs").rglob("*.md"))
EDGE_FILE: Final = re.compile(r'^```yaml title="edge file"\n(.*?)^```', re.DOTALL | re.MULTILINE)
HISTORY: Final = """
connector: past
protocol: history
options: {plant: palma-3, since_us: 1, start_us: 1, end_us: 1}
mapping: {name: past, version: 1}
"""
STAGES: Final = ("connect", "read", "acknowledge", "close")


def _first_file_of_each_protocol() -> dict[str, str]:
    files = {"history": HISTORY}
    for page in PAGES:
        for text in EDGE_FILE.findall(page.read_text(encoding="utf-8")):
            match = re.search(r"^protocol: (\w+)", text, re.MULTILINE)
            if match is not None:
                files.setdefault(match[1], text)
    return files


FILES: Final = _first_file_of_each_protocol()


def test_every_kind_is_covered() -> None:
    assert set(FILES) == {point.name for point in entry_points(group=GROUP)}


def break_at(connector: Connector, stage: str) -> Connector:
    """Make the instance raise at one stage, and stay offline at the others; `close` is its own."""

    async def fail(*_: Any) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'encrypt'")

    async def connect(_: Any) -> None:
        if stage == "connect":
            await fail()

    async def read(_: Any) -> Delivery:
        if stage == "read":
            await fail()
        if stage == "close":
            raise ConnectionResetError("cut")
        return Delivery(acknowledge=fail)

    methods: dict[str, Any] = {"connect": connect, "read": read, "__slots__": ()}
    if stage == "close":
        methods["close"] = fail
    connector.__class__ = type("Hostile", (type(connector),), methods)
    return connector


@pytest.mark.asyncio
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("protocol", sorted(FILES))
async def test_a_defect_is_isolated(
    protocol: str, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RETRY_MIN_S", "RETRY_MAX_S", "DEFECT_MIN_S", "DEFECT_MAX_S"):
        monkeypatch.setattr(source_module, name, 0.001)
    file = tmp_path / "edge.yaml"
    file.write_text(FILES[protocol], encoding="utf-8")
    config: EdgeConfig = load_config(file)
    config.folder.mkdir(parents=True, exist_ok=True)
    created: list[Connector] = []

    def create() -> Connector:
        created.append(break_at(create_connector(config), stage))
        return created[-1]

    async def store(_: Delivery) -> None:
        """Everything is on disk."""

    async def load_checkpoints() -> list[bytes]:
        return []

    source = Source(create(), store, load_checkpoints, get_logger("test"), create)
    running = asyncio.ensure_future(source.run())
    try:
        async with asyncio.timeout(90):
            while len(created) < 3 and not running.done():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await source.close()
    assert len(created) >= 3
    failed = created[0].status
    if stage != "close":
        assert failed.state == "failed"
        assert failed.detail.startswith(f"{stage}: AttributeError: 'NoneType'")
    assert isinstance(created[0], Redeliverable) == isinstance(created[1], Redeliverable)
