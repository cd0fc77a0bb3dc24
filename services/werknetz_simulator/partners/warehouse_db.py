"""The books of warehouses that have a database: a table that only grows, in SQLite.

How far it got is kept in the same transaction as the rows: what is told again is not booked again.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.partners import Relation
from werknetz_simulator.partners.timeline import CallOff, Count, Receipt, Shipment, Told
from werknetz_simulator.plants.plan import instant_of

TABLE: Final = "buchungen"
KINDS: Final = {"receipt": "WE", "move": "BU", "count": "INV"}
_SCHEMA: Final = f"""
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS {TABLE} (
        id INTEGER PRIMARY KEY, zeit TEXT NOT NULL, art TEXT NOT NULL, beleg TEXT NOT NULL,
        lager TEXT NOT NULL, material TEXT NOT NULL, menge REAL NOT NULL, einheit TEXT NOT NULL,
        lieferschein TEXT, lieferant TEXT);
    CREATE TABLE IF NOT EXISTS stand (eins INTEGER PRIMARY KEY CHECK (eins = 1), bis_us INTEGER);
"""
_ADD: Final = f"""
    INSERT INTO {TABLE} (zeit, art, beleg, lager, material, menge, einheit, lieferschein, lieferant)
    VALUES (?, ?, ?, ?, ?, ?, 'ST', ?, ?)"""  # noqa: S608 - a constant


def open_books(file: Path) -> None:
    """Make the file with its table, so that an edge finds it however early it asks."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10.0)) as database:
        database.executescript(_SCHEMA)


def book(file: Path, said: Iterable[tuple[Relation, Told]], until_us: int) -> None:
    """Book what was up to the instant, unless it is booked already."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10.0)) as database:
        row = database.execute("SELECT bis_us FROM stand").fetchone()
        booked_us = -1 if row is None else int(row[0])
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            _ADD, [_row(relation, told) for relation, told in said if told.at_us > booked_us]
        )
        database.execute("INSERT OR REPLACE INTO stand VALUES (1, ?)", (max(until_us, booked_us),))
        database.execute("COMMIT")


def _row(relation: Relation, told: Told) -> tuple[str | float | None, ...]:
    assert not isinstance(told, CallOff | Shipment)  # noqa: S101 - who books does not announce
    is_receipt = isinstance(told, Receipt)
    kind = "receipt" if is_receipt else "count" if isinstance(told, Count) else "move"
    return (
        instant_of(told.at_us).isoformat(timespec="microseconds"), KINDS[kind], told.number,
        relation.warehouse.code, relation.material, float(told.quantity),
        told.note if isinstance(told, Receipt) else None,
        relation.firm.number if is_receipt else None,
    )  # fmt: skip
