"""Wall clocks that are set ahead and back while data flows."""

import asyncio

from chaos.scenarios.scenario import scenario
from chaos.stage import SMALL_SPOOL_BYTES, Stage

HOUR_S = 3600.0
OFFSETS_S = (HOUR_S, -2 * HOUR_S, 40.0, -40.0, 0.0)


async def _jump(stage: Stage, *names: str) -> None:
    for ahead_s in OFFSETS_S:
        for name in names:
            stage.set_clock(name, ahead_s)
        await asyncio.sleep(1)
        await stage.kill("edge")
        await stage.flush()
        await asyncio.sleep(2)


@scenario("clock-edge")
async def jump_edge(stage: Stage) -> None:
    await _jump(stage, "edge")


@scenario("clock-core")
async def jump_core(stage: Stage) -> None:
    await _jump(stage, "ingest", "second-ingest")


@scenario("clock-edge-rolled-back", loses_disk=True)
async def jump_and_roll_back(stage: Stage) -> None:
    """The clock is an hour ahead when the copy is made, and two hours behind when it returns."""
    stage.set_clock("edge", HOUR_S)
    await asyncio.sleep(2)
    copy = stage.copy_spool("edge", "copy")
    await asyncio.sleep(4)
    stage.children["edge"].kill()
    stage.set_clock("edge", -2 * HOUR_S)
    stage.restore_spool(copy, "edge")
    stage.start("edge")
    await asyncio.sleep(4)
    stage.set_clock("edge", 0.0)


@scenario("clock-edge-full-spool", spool_bytes=SMALL_SPOOL_BYTES)
async def jump_while_full(stage: Stage) -> None:
    stage.set_clock("edge", -HOUR_S)
    await stage.fill_spool()
    stage.set_clock("edge", HOUR_S)
    await asyncio.sleep(2)
