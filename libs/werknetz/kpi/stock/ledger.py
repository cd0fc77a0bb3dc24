"""The ledger of one stock item: counts are truths, movements change what is there.

A movement is applied once. Those at a count's instant are in the count. Where a count differs
from what was expected, the difference is kept beside it: something was not told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

NOTHING: Final = 1e-9
"""Below this, quantities are equal: they are sums of floats."""


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted at an instant (µs UTC), in base units. A document may tell it in rows."""

    at_us: int
    quantity: float
    event_id: UUID
    document: str = ""
    known_us: int = 0


@dataclass(frozen=True, slots=True)
class Move:
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
class Opening:
    """What was there before the entries; `counted`: some count said so."""

    balance: float = 0.0
    counted: bool = False


def balances(
    counts: Iterable[Count], moves: Iterable[Move], opening: Opening | None = None
) -> list[Balance]:
    """Return the balance after each entry, in order of time, whatever order they are given in.

    Without any count before, the expected quantity is not known and a count has no difference.
    """
    before = opening or Opening()
    balance, counted = before.balance, before.counted
    found: list[Balance] = []
    for at_us, entries in groupby(_in_order(counts, moves), key=lambda entry: entry.at_us):
        for position, entry in enumerate(_merged(list(entries))):
            if isinstance(entry, Move):
                balance += entry.quantity
                found.append(
                    Balance(
                        at_us, position, "move", entry.event_id, entry.leg, _clean(balance),
                        entry.quantity,
                    )
                )  # fmt: skip
                continue
            difference = _clean(entry.quantity - balance) if counted else None
            balance, counted = entry.quantity, True
            found.append(
                Balance(at_us, position, "count", entry.event_id, 0, balance, 0.0, difference)
            )
    return found


def below_zero(found: Sequence[Balance], opening: Opening | None = None) -> list[Balance]:
    """Return the entries with which the balance fell below zero."""
    last = (opening or Opening()).balance
    fallen = []
    for entry in found:
        if entry.balance < -NOTHING <= last:
            fallen.append(entry)
        last = entry.balance
    return fallen


def _in_order(counts: Iterable[Count], moves: Iterable[Move]) -> list[Count | Move]:
    entries: list[Count | Move] = [*moves, *counts]
    entries.sort(key=_order)
    return entries


def _order(entry: Count | Move) -> tuple[int, bool, int, str, bytes, int]:
    if isinstance(entry, Move):
        return entry.at_us, False, 0, "", entry.event_id.bytes, entry.leg
    return entry.at_us, True, entry.known_us, entry.document, entry.event_id.bytes, 0


def _merged(entries: list[Count | Move]) -> list[Count | Move]:
    """Add up the rows of one document's count; of several documents the last known one holds."""
    moves: list[Count | Move] = [entry for entry in entries if isinstance(entry, Move)]
    rows: dict[str, list[Count]] = {}
    for entry in entries:
        if isinstance(entry, Count):
            rows.setdefault(entry.document, []).append(entry)
    merged = [
        Count(
            parts[0].at_us, sum(part.quantity for part in parts),
            min((part.event_id for part in parts), key=lambda one: one.bytes),
            document, max(part.known_us for part in parts),
        )
        for document, parts in rows.items()
    ]  # fmt: skip
    merged.sort(key=lambda count: (count.known_us, count.document))
    return [*moves, *merged]


def _clean(quantity: float) -> float:
    return 0.0 if abs(quantity) < NOTHING else quantity
