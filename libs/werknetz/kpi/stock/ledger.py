"""The ledger of one stock item: a count sets the balance, a movement changes it.

A movement is applied once. A count includes the movements at its instant. If it differs from the
expected balance, the difference is stored with it: some movement was not reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Final
from uuid import UUID

NEGLIGIBLE: Final = 1e-9
"""Below this, quantities are equal: they are sums of floats."""


@dataclass(frozen=True, slots=True)
class StockCount:
    """A quantity counted at an instant (µs UTC), in base units. A document may have many rows."""

    at_us: int
    quantity: float
    event_id: UUID
    document: str = ""
    known_us: int = 0


@dataclass(frozen=True, slots=True)
class LedgerMovement:
    """An inflow (+) or outflow (-), in base units. `leg`: an event may move between two places."""

    at_us: int
    quantity: float
    event_id: UUID
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance after an entry. `difference`, of a count: counted less expected."""

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
    """The balance before the entries; `is_counted`: it is based on a count."""

    balance: float = 0.0
    is_counted: bool = False


def compute_balances(
    counts: Iterable[StockCount],
    moves: Iterable[LedgerMovement],
    opening: OpeningBalance | None = None,
) -> list[Balance]:
    """Return the balance after each entry, in order of time; the order of the input is irrelevant.

    The first count has no difference, since no quantity was expected before it.
    """
    before = opening or OpeningBalance()
    balance, is_counted = before.balance, before.is_counted
    balances: list[Balance] = []
    for at_us, entries in groupby(_sort(counts, moves), key=lambda entry: entry.at_us):
        for position, entry in enumerate(_merge_counts(list(entries))):
            if isinstance(entry, LedgerMovement):
                balance += entry.quantity
                balances.append(
                    Balance(
                        at_us, position, "move", entry.event_id, entry.leg, _round_to_zero(balance),
                        entry.quantity,
                    )
                )  # fmt: skip
                continue
            difference = _round_to_zero(entry.quantity - balance) if is_counted else None
            balance, is_counted = entry.quantity, True
            balances.append(
                Balance(at_us, position, "count", entry.event_id, 0, balance, 0.0, difference)
            )
    return balances


def find_below_zero(
    balances: Sequence[Balance], opening: OpeningBalance | None = None
) -> list[Balance]:
    """Return the entries with which the balance fell below zero."""
    last = (opening or OpeningBalance()).balance
    below = []
    for entry in balances:
        if entry.balance < -NEGLIGIBLE <= last:
            below.append(entry)
        last = entry.balance
    return below


def _sort(
    counts: Iterable[StockCount], moves: Iterable[LedgerMovement]
) -> list[StockCount | LedgerMovement]:
    """Order by time; at one instant movements are first, and each kind has an order of its own."""
    ordered_moves = sorted(moves, key=lambda move: (move.at_us, move.event_id.bytes, move.leg))
    ordered_counts = sorted(counts, key=lambda count: (count.at_us, count.event_id.bytes))
    entries: tuple[Iterable[StockCount | LedgerMovement], ...] = (ordered_moves, ordered_counts)
    return list(merge(*entries, key=lambda entry: entry.at_us))


def _merge_counts(entries: list[StockCount | LedgerMovement]) -> list[StockCount | LedgerMovement]:
    """Add up the rows of a document's count; of several documents the last received one counts."""
    moves: list[StockCount | LedgerMovement] = [
        entry for entry in entries if isinstance(entry, LedgerMovement)
    ]
    rows: dict[str, list[StockCount]] = {}
    for entry in entries:
        if isinstance(entry, StockCount):
            rows.setdefault(entry.document, []).append(entry)
    merged = [
        StockCount(
            parts[0].at_us, sum(part.quantity for part in parts),
            min((part.event_id for part in parts), key=lambda event_id: event_id.bytes),
            document, max(part.known_us for part in parts),
        )
        for document, parts in rows.items()
    ]  # fmt: skip
    merged.sort(key=lambda count: (count.known_us, count.document))
    return [*moves, *merged]


def _round_to_zero(quantity: float) -> float:
    return 0.0 if abs(quantity) < NEGLIGIBLE else quantity
