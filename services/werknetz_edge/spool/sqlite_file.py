"""Open a small SQLite file beside the spool, in which a connector stores its progress."""

import sqlite3
from pathlib import Path
from typing import Final

BUSY_S: Final = 10.0


def open_sidefile(path: Path, schema: str) -> sqlite3.Connection:
    """Open or create the file; commits are durable, as in the spool. Raises sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(schema)
    return connection
