"""The ledger of one stock item: counts are truths, movements change what is there.

A movement is applied once. Those at a count's instant are in the count. Where a count differs
from what was expected, the difference is kept beside it: something was not told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

NEGLIGIBLE: Final = 1e-9
"""Below this, quantities are equal: they are sums of floats."""


@dataclass(frozen=True, slots=True)
class StockCount:
    """What was counted at an instant (µs UTC), in base units. A document may tell it in rows."""

    at_us: int
    quantity: float
    event_id: UUID
    document: str = ""
    known_us: int = 0


@dataclass(frozen=True, slots=True)
class StockMove:
    """What came (+) or went (-), in base units. `leg`: an event may move between two places."""

    at_us: int
    quantity: float
    event_id: UUID
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """What is there after an entry. `difference`, of a count: counted less expected."""

    at_us: int
    position: int
    kind: str  # count, move
    event_id: UUID
    leg: int
    balance: float
    change: float  # by a movement; 0 of a count
    difference: float | None = None


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """What was there before the entries; `counted`: some count said so."""

    balance: float = 0.0
    is_counted: bool = False


def compute_balances(
    counts: Iterable[StockCount], moves: Iterable[StockMove], opening: OpeningBalance | None = None
) -> list[Balance]:
    """Return the balance after each entry, in order of time, whatever order they are given in.

    Without any count before, the expected quantity is not known and a count has no difference.
    """
    before = opening or OpeningBalance()
    balance, counted = before.balance, before.is_counted
    found: list[Balance] = []
    for at_us, entries in groupby(_sort(counts, moves), key=lambda entry: entry.at_us):
        for position, entry in enumerate(_merge_counts(list(entries))):
            if isinstance(entry, StockMove):
                balance += entry.quantity
                found.append(
                    Balance(
                        at_us, position, "move", entry.event_id, entry.leg, _round_to_zero(balance),
                        entry.quantity,
                    )
                )  # fmt: skip
                continue
            difference = _round_to_zero(entry.quantity - balance) if counted else None
            balance, counted = entry.quantity, True
            found.append(
                Balance(at_us, position, "count", entry.event_id, 0, balance, 0.0, difference)
            )
    return found


def find_below_zero(
    found: Sequence[Balance], opening: OpeningBalance | None = None
) -> list[Balance]:
    """Return the entries with which the balance fell below zero."""
    last = (opening or OpeningBalance()).balance
    fallen = []
    for entry in found:
        if entry.balance < -NEGLIGIBLE <= last:
            fallen.append(entry)
        last = entry.balance
    return fallen


def _sort(counts: Iterable[StockCount], moves: Iterable[StockMove]) -> list[StockCount | StockMove]:
    entries: list[StockCount | StockMove] = [*moves, *counts]
    entries.sort(key=_sort_key_of)
    return entries


def _sort_key_of(entry: StockCount | StockMove) -> tuple[int, bool, int, str, bytes, int]:
    if isinstance(entry, StockMove):
        return entry.at_us, False, 0, "", entry.event_id.bytes, entry.leg
    return entry.at_us, True, entry.known_us, entry.document, entry.event_id.bytes, 0


def _merge_counts(entries: list[StockCount | StockMove]) -> list[StockCount | StockMove]:
    """Add up the rows of one document's count; of several documents the last known one holds."""
    moves: list[StockCount | StockMove] = [
        entry for entry in entries if isinstance(entry, StockMove)
    ]
    rows: dict[str, list[StockCount]] = {}
    for entry in entries:
        if isinstance(entry, StockCount):
            rows.setdefault(entry.document, []).append(entry)
    merged = [
        StockCount(
            parts[0].at_us, sum(part.quantity for part in parts),
            min((part.event_id for part in parts), key=lambda one: one.bytes),
            document, max(part.known_us for part in parts),
        )
        for document, parts in rows.items()
    ]  # fmt: skip
    merged.sort(key=lambda count: (count.known_us, count.document))
    return [*moves, *merged]


def _round_to_zero(quantity: float) -> float:
    return 0.0 if abs(quantity) < NEGLIGIBLE else quantity
