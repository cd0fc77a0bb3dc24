"""Something to watch in a running demo: found by its folder, which it holds locked."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from werknetz_demo.embedded.state import StateError
from werknetz_demo.supplier import NAME
from werknetz_simulator.supplier.edifact import misspelt
from werknetz_simulator.supplier.feed import EDI, put
from werknetz_simulator.supplier.place import PARTNERS, Place

PREFIX: Final = "werknetz-demo-"
"""Of the folders that a demo without `--data` makes for itself."""


def running(data: Path | None) -> Path:
    """Return the folder of the running demo; raise StateError with what to do."""
    if data is not None:
        if not _is_held(data):
            raise StateError(f"no demo runs in {data}: start it with `werknetz demo --data {data}`")
        return data.absolute()
    found = [*_ours()]
    if len(found) != 1:
        what = "no demo runs" if not found else f"{len(found)} demos run"
        raise StateError(f"{what} in {tempfile.gettempdir()}: name its folder with --data")
    return found[0]


def drop_bad_edi(folder: Path) -> Path:
    """Put a despatch advice with a misspelt quantity into the supplier's SFTP folder."""
    inbox = Place(folder / NAME).files(PARTNERS[0]) / EDI
    if not inbox.is_dir():
        raise StateError(f"{folder} has no supplier yet: wait until the demo says it is there")
    now_us = time.time_ns() // 1000
    document, content = misspelt(now_us)
    file = inbox / f"DESADV_{document}.edi"
    put(file, content, now_us)
    return file


def _ours() -> Iterator[Path]:
    """Only folders of our own user: anybody may make one with this name."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.lstat().st_uid == os.getuid() and _is_held(folder):
            yield folder


def _is_held(folder: Path) -> bool:
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
