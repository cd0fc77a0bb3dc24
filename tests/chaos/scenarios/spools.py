"""Spools that are copied, rolled back, cut off or cannot be written."""

import asyncio
import os
import resource

from chaos.scenarios.scenario import scenario
from chaos.stage import Stage


@scenario("spool-cloned")
async def clone(stage: Stage) -> None:
    """A second edge starts with a copy of the spool, while the first goes on."""
    copy = stage.copy_spool("edge", "copy")
    await asyncio.sleep(2)
    stage.restore_spool(copy, "clone")
    stage.write_edge_file("clone")
    stage.start("clone")
    await asyncio.sleep(8)


@scenario("spool-cloned-both-killed")
async def clone_and_kill(stage: Stage) -> None:
    await clone(stage)
    for name in ("edge", "clone", "edge"):
        await stage.kill(name)
        await asyncio.sleep(3)


@scenario("spool-rolled-back", loses_disk=True)
async def roll_back(stage: Stage) -> None:
    copy = stage.copy_spool("edge", "copy")
    await asyncio.sleep(4)
    stage.children["edge"].kill()
    stage.restore_spool(copy, "edge")
    stage.start("edge")
    await asyncio.sleep(4)


@scenario("spool-torn", loses_disk=True)
async def tear(stage: Stage) -> None:
    """Cut the spool, and later its write-ahead log, at a random length while nobody sends."""
    for name in ("ingest", "second-ingest"):
        stage.children[name].kill()
    await asyncio.sleep(3)
    for suffix in ("", "-wal"):
        stage.children["edge"].kill()
        path = stage.spool_folder() / f"chaos.spool{suffix}"
        os.truncate(path, int(path.stat().st_size * stage.random.random()))
        stage.start("edge")
        await asyncio.sleep(4)
    for name in ("ingest", "second-ingest"):
        stage.start(name)
    await asyncio.sleep(2)


@scenario("spool-fsync-error")
async def fail_sync(stage: Stage) -> None:
    """The process ends, its supervisor starts it again, the source repeats what was not stored."""
    async with stage.restart_on_exit("edge"):
        for count in (1, 3):
            stage.fail_syncs("edge", count)
            await asyncio.sleep(6)
        stage.fail_syncs("edge", 0)
        await asyncio.sleep(2)


@scenario("spool-write-error")
async def fail_write(stage: Stage) -> None:
    """Writes fail in a running process: no file may grow (RLIMIT_FSIZE)."""
    async with stage.restart_on_exit("edge"):
        limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        pid = stage.pid_of("edge")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        await asyncio.sleep(5)
        if stage.pid_of("edge") == pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        await asyncio.sleep(3)
