"""`python -m chaos.program edge FILE` or `ingest`: the two commands under test, and no others.

Two faults that no other process can cause are planted here, so production code needs no hook:
CHAOS_CLOCK_FILE holds how many seconds this process's wall clock is ahead (the monotonic clock is
not affected, as with a real clock that is set); CHAOS_SYNC_FILE holds how many of the next commits
fail in the way in which SQLite reports a failed fsync.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

_true_time_ns = time.time_ns
_connect = sqlite3.connect


def _read(path: Path | None) -> float:
    try:
        return float(path.read_text()) if path else 0.0
    except (FileNotFoundError, ValueError):
        return 0.0


def plant_clock(path: Path | None) -> None:
    def time_ns() -> int:
        return _true_time_ns() + int(_read(path) * 1e9)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


class FailingConnection(sqlite3.Connection):
    """Rolls back and reports an I/O error instead of a commit, as often as the file says."""

    path: Path | None = None

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        left = int(_read(self.path)) if sql == "COMMIT" else 0
        if left and self.path:
            self.path.write_text(str(left - 1))
            super().execute("ROLLBACK")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return super().execute(sql, *arguments)


def plant_sync(path: Path | None) -> None:
    FailingConnection.path = path

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return _connect(*arguments, **({"factory": FailingConnection} | options))

    sqlite3.connect = connect  # type: ignore[assignment]  # the same call, with another factory


def main() -> None:
    plant_clock(Path(p) if (p := os.environ.get("CHAOS_CLOCK_FILE")) else None)
    plant_sync(Path(p) if (p := os.environ.get("CHAOS_SYNC_FILE")) else None)
    import typer  # after the faults are planted

    from werknetz_core.ingest import cli as ingest
    from werknetz_edge import cli as edge

    app = typer.Typer()
    edge.register(app)
    ingest.register(app)
    app()


if __name__ == "__main__":
    main()
