"""10,000 OPC UA items of one server on one edge: memory an item, CPU time a value."""

import asyncio
import sys
from pathlib import Path

import yaml

from bench.measure import Measure
from bench.scale.stage import ScaleStage, scale_stage
from werknetz_demo.embedded.process import free_port

FEW, MANY = 100, 10_000
ROUNDS = 8
TESTS = Path(__file__).parents[2]


def measures(_short: bool) -> list[Measure]:
    return asyncio.run(_measure())


async def _measure() -> list[Measure]:
    async with scale_stage() as stage:
        stage.run("ingest", "ingest")
        few_mib, _ = await _subscribe(stage, FEW)
        many_mib, value_us = await _subscribe(stage, MANY)
    item_kib = (many_mib - few_mib) * 1024 / (MANY - FEW)
    return [
        Measure(
            f"scale: {MANY:,} OPC UA items on one edge, 1 Hz",
            f"{many_mib:.0f} MiB, {item_kib:.1f} KiB an item, {value_us:.1f} µs CPU a value",
        )
    ]


async def _subscribe(stage: ScaleStage, items: int) -> tuple[float, float]:
    """Return MiB of the edge and microseconds of its CPU for each value."""
    port, name = free_port(), f"edge-{items}"
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.scale.opcua_server", str(port), str(items)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=TESTS,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        await asyncio.wait_for(server.stdout.readline(), 120)
        stage.run(name, "edge", str(_edge_file(stage.folder, port, name)))
        stored = f"SELECT sum(sample_count) FROM spools WHERE connector_id = '{name}'"

        async def has(rows: int) -> bool:
            return await stage.count(stored) >= rows

        await stage.until(lambda: has(items), every_s=0.2)  # its first value of each
        before_s, before = stage.spent_s(name), await stage.count(stored)
        server.stdin.write(f"{ROUNDS}\n".encode())
        await asyncio.wait_for(server.stdout.readline(), 120)
        await stage.until(lambda: has(before + items * ROUNDS * 9 // 10), every_s=0.2)
        values = await stage.count(stored) - before
        used_us = (stage.spent_s(name) - before_s) / values * 1e6
        return stage.rss_mib(name), used_us
    finally:
        server.kill()
        await server.wait()


def _edge_file(folder: Path, port: int, name: str) -> Path:
    file = folder / f"{name}.yaml"
    options = {
        "url": f"opc.tcp://127.0.0.1:{port}/scale", "policy": "None", "allow_insecure": True,
        "publishing_ms": 1000, "sampling_ms": 1000, "browse": [{"root": "/Objects/Scale"}],
    }  # fmt: skip
    file.write_text(
        yaml.safe_dump(
            {
                "connector": name, "protocol": "opcua", "options": options,
                "spool": {"folder": str(folder / f"{name}-spool")},
                "mapping": {"name": name, "version": 1, "unmapped": "store-as-is", "rules": []},
            }
        )
    )  # fmt: skip
    return file
