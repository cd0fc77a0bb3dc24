"""A process says that its main loop turns, by touching a file; `werknetz alive` looks at it.

A file, because edge, writer and worker have no port to ask, and a process that hangs
must not look well because a thread of it still answers.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final

STALE_AFTER_S: Final = 30.0


def alive_file() -> Path:
    """Return the file to touch: WERKNETZ_ALIVE_FILE, else one in the temporary folder."""
    given = os.environ.get("WERKNETZ_ALIVE_FILE")
    return Path(given) if given else Path(tempfile.gettempdir()) / "werknetz.alive"


def touch() -> None:
    """Say that the main loop has just turned. Call it from the loop itself, every few seconds."""
    alive_file().touch()


def seconds_since_touch(path: Path | None = None) -> float | None:
    """Return for how long the loop has been silent, in seconds; None: it never spoke."""
    try:
        touched_at = (path or alive_file()).stat().st_mtime
    except FileNotFoundError:
        return None
    return max(0.0, time.time() - touched_at)
