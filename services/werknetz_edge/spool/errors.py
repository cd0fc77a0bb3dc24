"""What a spool raises: the input waits for room, or the process ends."""

import sqlite3


class SpoolFull(Exception):
    """No room for records; the reserve still takes gap records."""


class SpoolFailed(Exception):
    """The disk has failed: the process must end, the file stays."""


def to_spool_error(error: sqlite3.Error) -> SpoolFull | SpoolFailed:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return SpoolFull(str(error))
    return SpoolFailed(f"{type(error).__name__}: {error}")
