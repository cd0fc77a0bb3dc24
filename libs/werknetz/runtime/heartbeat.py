"""Liveness of a process: its main loop writes a file, `werknetz alive` checks its age.

A file, because edge, writer and worker have no port; and a process that hangs must not appear
alive because another thread of it still answers.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

STALE_AFTER_S: Final = 30.0


def alive_file() -> Path:
    """Return the file to touch: WERKNETZ_ALIVE_FILE, else one in the temporary folder."""
    path = os.environ.get("WERKNETZ_ALIVE_FILE")
    return Path(path) if path else Path(tempfile.gettempdir()) / "werknetz.alive"


def touch() -> None:
    """Record that the main loop runs. Call it from the loop itself, every few seconds."""
    descriptor = os.open(alive_file(), os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        # With nanoseconds: a rounded time would be in the future for the next reader.
        os.pwrite(descriptor, f"{time.monotonic():026.9f}".encode(), 0)
    finally:
        os.close(descriptor)


def seconds_since_touch(path: Path | None = None) -> float | None:
    """Return the seconds since the last touch; None where there was none since the system started.

    Measured by the monotonic clock, which all processes of a system share: setting the wall clock
    makes no process look dead or alive.
    """
    try:
        age_s = time.monotonic() - float((path or alive_file()).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return age_s if age_s >= 0 else None


def check(silent_max_s: float = STALE_AFTER_S) -> str:
    """Return why the process does not look alive; empty: it does."""
    silent_s = seconds_since_touch()
    if silent_s is None:
        return f"no sign of life yet in {alive_file()}"
    if silent_s > silent_max_s:
        return f"silent for {silent_s:.0f} s, more than {silent_max_s:.0f} s"
    return ""


if __name__ == "__main__":
    # The container's health check: without the command line it takes a tenth of the CPU time.
    sys.exit(check() or 0)
