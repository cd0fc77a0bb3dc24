"""Checkpoints in the spool: one row for those of a batch."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby

from werknetz.connector.contract import CHECKPOINTS_MAX, CheckpointColumn


def load_checkpoints(db: sqlite3.Connection) -> list[bytes]:
    """Return the newest checkpoints, at most CHECKPOINTS_MAX, oldest first."""
    rows = db.execute("SELECT width, content FROM checkpoints ORDER BY last")
    columns = [CheckpointColumn(width, content) for width, content in rows]
    return [checkpoint for column in columns for checkpoint in column][-CHECKPOINTS_MAX:]


def store_checkpoints(db: sqlite3.Connection, checkpoints: Sequence[bytes]) -> None:
    """Store the checkpoints of a batch in its transaction, and drop rows of superfluous ones."""
    if not checkpoints:
        return
    (last,) = db.execute("SELECT coalesce(max(last), 0) FROM checkpoints").fetchone()
    for column in _columns_of(checkpoints):
        last += len(column)
        db.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", (last, column.width, column.content))
    db.execute("DELETE FROM checkpoints WHERE last <= ?", (last - CHECKPOINTS_MAX,))


def _columns_of(checkpoints: Sequence[bytes]) -> Iterable[CheckpointColumn]:
    """Return runs of checkpoints of the same length."""
    if isinstance(checkpoints, CheckpointColumn):
        return [checkpoints]
    runs = groupby(filter(None, checkpoints), len)
    return [CheckpointColumn(width, b"".join(run)) for width, run in runs]
