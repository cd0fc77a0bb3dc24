"""A folder in memory for a server of the session, where the machine has the room for it.

A test that has a database of its own creates and drops it. Each time PostgreSQL syncs some hundred
files, which costs a disk ten times as long as the rest of the test. No test needs a file of the
session's servers to survive the machine, only the process.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

MEMORY: Final = Path("/dev/shm")
# Of each worker: PostgreSQL's log of a GB, twice that during a checkpoint, and the copies.
ROOM_BYTES: Final = 4 << 30
_PREFIX: Final = "werknetz-tests-"


@contextmanager
def memory_folder(elsewhere: Path) -> Iterator[Path]:
    """Give a folder in memory and remove it in the end; without room there, the other one."""
    if not _has_room():
        yield elsewhere
        return
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room() -> bool:
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return False
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    room = ROOM_BYTES * workers
    return free >= room and psutil.virtual_memory().available >= room


def _remove_abandoned() -> None:
    """Remove the folders of sessions that were killed: they would take memory until a restart."""
    for folder in MEMORY.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
