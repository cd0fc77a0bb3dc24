"""The bookings of warehouses with a database: an append-only table in SQLite.

The progress is stored in the same transaction as the rows, so repeated events are not booked twice.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.partners import SupplyRelation
from werknetz_simulator.partners.timeline import (
    CallOff,
    GoodsReceipt,
    InventoryCount,
    PartnerEvent,
    Shipment,
)
from werknetz_simulator.plants.plan import instant_of

TABLE: Final = "buchungen"
BOOKING_KINDS: Final = {"receipt": "WE", "move": "BU", "count": "INV"}
_UNITS: Final = {"PCE": "ST", "KGM": "kg"}
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
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608 - a constant


def create_database(file: Path) -> None:
    """Create the file with its table, so that an early edge finds it."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10.0)) as database:
        database.executescript(_SCHEMA)


def insert_events(
    file: Path, events: Iterable[tuple[SupplyRelation, PartnerEvent]], until_us: int
) -> None:
    """Insert the events up to the instant, except those already booked."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10.0)) as database:
        row = database.execute("SELECT bis_us FROM stand").fetchone()
        booked_us = -1 if row is None else int(row[0])
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            _ADD, [_row(relation, event) for relation, event in events if event.at_us > booked_us]
        )
        database.execute("INSERT OR REPLACE INTO stand VALUES (1, ?)", (max(until_us, booked_us),))
        database.execute("COMMIT")


def _row(relation: SupplyRelation, event: PartnerEvent) -> tuple[str | float | None, ...]:
    assert not isinstance(event, CallOff | Shipment)  # noqa: S101 - sorted out before
    is_receipt = isinstance(event, GoodsReceipt)
    kind = "receipt" if is_receipt else "count" if isinstance(event, InventoryCount) else "move"
    return (
        instant_of(event.at_us).isoformat(timespec="microseconds"), BOOKING_KINDS[kind],
        event.number, relation.warehouse.code, relation.material, float(event.quantity),
        _UNITS[relation.unit],
        event.delivery_note if isinstance(event, GoodsReceipt) else None,
        relation.firm.number if is_receipt else None,
    )  # fmt: skip
