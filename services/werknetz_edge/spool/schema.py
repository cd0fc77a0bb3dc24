"""Tables of a spool's file, and what brings a file of an older version up to date.

Names are part of the file format. A row of `checkpoints` holds those of a batch that have the same
`width`, one after another; `last` numbers the last of them. Of a batch: `at_us` is when it
was accepted by the wall clock; `from_us` and `to_us` bound that time and the times of its samples,
so a gap record that stands for the batch holds although the clock was wrong; `age_us` is the
running time of the spool at that moment and `up_us` the uptime of the machine (null after a
reboot), which no change of the clock affects. Rows of older versions have null there.
"""

import sqlite3
from typing import Final
from uuid import UUID

from werknetz.events.codec import GENESIS

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spool (
  one INTEGER PRIMARY KEY CHECK (one = 1), spool_id BLOB NOT NULL, last_seq INTEGER NOT NULL,
  last_hash BLOB NOT NULL, base_seq INTEGER NOT NULL, base_hash BLOB NOT NULL,
  base_at_us INTEGER NOT NULL, created_at_us INTEGER NOT NULL, epoch INTEGER NOT NULL,
  base_epoch INTEGER NOT NULL, used INTEGER NOT NULL, doubt_at_us INTEGER, incarnation BLOB,
  age_us INTEGER NOT NULL DEFAULT 0, trimmed_from_us INTEGER, trimmed_to_us INTEGER,
  boot_id TEXT NOT NULL DEFAULT '', base_up_us INTEGER, doubt_up_us INTEGER,
  overlap_until_age_us INTEGER NOT NULL DEFAULT 0, confirmed_seq INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS batches (
  seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, lane TEXT NOT NULL, hash BLOB NOT NULL,
  payload BLOB NOT NULL, from_us INTEGER, to_us INTEGER, age_us INTEGER,
  up_us INTEGER);
CREATE TABLE IF NOT EXISTS points (number INTEGER PRIMARY KEY, definition BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (
  last INTEGER PRIMARY KEY, width INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS last_values (
  one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, rows BLOB NOT NULL);
"""
_FORMER_CHECKPOINTS: Final = "marks"  # one a row, up to version 0.2
_RENAMED_TABLES: Final = {"told": "last_values"}  # of version 0.1
_ADDED_COLUMNS: Final = {
    "spool": {
        "age_us": "INTEGER NOT NULL DEFAULT 0",
        "trimmed_from_us": "INTEGER",
        "trimmed_to_us": "INTEGER",
        "boot_id": "TEXT NOT NULL DEFAULT ''",
        "base_up_us": "INTEGER",
        "doubt_up_us": "INTEGER",
        "overlap_until_age_us": "INTEGER NOT NULL DEFAULT 0",
        "confirmed_seq": "INTEGER NOT NULL DEFAULT 0",
    },
    "batches": {
        "from_us": "INTEGER",
        "to_us": "INTEGER",
        "age_us": "INTEGER",
        "up_us": "INTEGER",
    },
}


def prepare_tables(
    db: sqlite3.Connection, spool_id: UUID, *, now_us: int, up_us: int, boot_id: str
) -> bool:
    """Create or upgrade the tables inside the caller's transaction; a new file gets this id.

    Returns whether the file is new, or has lost its content.

    Whatever is stored is in doubt until the core confirms it: a file may be copied or rolled back
    while no process has it open. So the doubt begins with its newest batch.
    """
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for old in _RENAMED_TABLES.keys() & names:
        db.execute(f"ALTER TABLE {old} RENAME TO {_RENAMED_TABLES[old]}")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    if _FORMER_CHECKPOINTS in names:
        db.execute(
            "INSERT INTO checkpoints SELECT number, length(mark), mark FROM marks"
            " WHERE length(mark) > 0"
        )
        db.execute("DROP TABLE marks")
    if _add_columns(db):
        # Up to version 0.1 the newest trimmed batch alone showed that the spool had trimmed.
        db.execute(
            "UPDATE spool SET trimmed_from_us = created_at_us, trimmed_to_us = base_at_us"
            " WHERE base_at_us > created_at_us"
        )
    inserted = db.execute(
        "INSERT OR IGNORE INTO spool (one, spool_id, last_seq, last_hash, base_seq, base_hash,"
        " base_at_us, created_at_us, epoch, base_epoch, used, boot_id, base_up_us)"
        " VALUES (1, ?, 0, ?, 0, ?, ?, ?, 0, 0, 0, ?, ?)",
        (spool_id.bytes, GENESIS, GENESIS, now_us, now_us, boot_id, up_us),
    )
    (last_boot_id,) = db.execute("SELECT boot_id FROM spool").fetchone()
    if last_boot_id != boot_id or not boot_id:
        db.execute("UPDATE batches SET up_us = NULL WHERE up_us IS NOT NULL")
        db.execute(
            "UPDATE spool SET boot_id = ?, base_up_us = NULL, doubt_up_us = NULL", (boot_id,)
        )
    db.execute(
        "UPDATE spool SET doubt_at_us = coalesce((SELECT coalesce(from_us, at_us) FROM batches"
        " ORDER BY seq DESC LIMIT 1), base_at_us), doubt_up_us = CASE WHEN EXISTS"
        " (SELECT 1 FROM batches) THEN (SELECT up_us FROM batches ORDER BY seq DESC LIMIT 1)"
        " ELSE base_up_us END WHERE doubt_at_us IS NULL"
    )
    db.execute(
        "UPDATE spool SET age_us = max(age_us, coalesce((SELECT max(age_us) FROM batches), 0))"
    )
    return inserted.rowcount == 1


def _add_columns(db: sqlite3.Connection) -> bool:
    is_changed = False
    for table, columns in _ADDED_COLUMNS.items():
        existing = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        for name in [name for name in columns if name not in existing]:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")
            is_changed = True
    return is_changed
