"""Liveness of a process: its main loop touches a file, `werknetz alive` checks its age.

A file, because edge, writer and worker have no port; and a process that hangs must not appear
alive because another thread of it still answers.
"""

import os
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
    alive_file().touch()


def seconds_since_touch(path: Path | None = None) -> float | None:
    """Return the seconds since the last touch; None where there was none."""
    try:
        touched_at = (path or alive_file()).stat().st_mtime
    except FileNotFoundError:
        return None
    return max(0.0, time.time() - touched_at)
