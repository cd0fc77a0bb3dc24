"""Full disks: small file systems in memory, filled by a ballast file. Mounting them needs root."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chaos.scenarios.scenario import NotPossible, scenario
from chaos.stage import Stage

FULL_S = 8.0


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    if os.geteuid() != 0:
        raise NotPossible("mounting a small file system needs root")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mount = subprocess.run(command, capture_output=True, text=True, check=False)
    if mount.returncode:
        raise NotPossible(f"no tmpfs can be mounted: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))
    return ballast


@scenario("disk-full-spool", prepare=lambda folder: _small_disk(folder / "edge-spool", 16))
async def fill_spool_disk(stage: Stage) -> None:
    for name in ("ingest", "second-ingest"):
        stage.children[name].kill()
    ballast = _fill(stage.spool_folder())
    await asyncio.sleep(FULL_S)
    await stage.kill("edge")  # it starts on the full disk, too
    await asyncio.sleep(FULL_S)
    ballast.unlink()
    for name in ("ingest", "second-ingest"):
        stage.start(name)
    await asyncio.sleep(2)


@scenario("disk-full-postgres", prepare=lambda folder: _small_disk(folder / "state/postgres", 256))
async def fill_postgres_disk(stage: Stage) -> None:
    server = stage.server("DATABASE")
    ballast = _fill(server.folder)
    await asyncio.sleep(FULL_S)
    ballast.unlink()
    await asyncio.sleep(2)
    if not server.is_running:  # it ends when its write-ahead log cannot be written
        server.kill()
        await server.start()


@scenario("disk-full-valkey", prepare=lambda folder: _small_disk(folder / "state/valkey", 8))
async def fill_valkey_disk(stage: Stage) -> None:
    server = stage.server("REDIS")
    ballast = _fill(server.folder)
    await asyncio.sleep(FULL_S)
    ballast.unlink()
    await asyncio.sleep(2)
    if not server.is_running:
        server.kill()
        await server.start()
