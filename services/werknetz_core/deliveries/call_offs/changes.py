"""How a call-off differs from the version that it replaced, by due date and order."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from werknetz_core.deliveries.call_offs.schemas import CallOffChangeView, CallOffEntryView

_IMMEDIATELY: Final = datetime.min.replace(tzinfo=UTC)
_EntryKey = tuple[datetime | None, str | None, str | None]  # due date, order number, order line


def changes_of(
    previous: Iterable[CallOffEntryView], current: Iterable[CallOffEntryView]
) -> list[CallOffChangeView]:
    """Return the quantities that differ, by due date."""
    before, after = _sum_by_key(previous), _sum_by_key(current)
    keys = sorted({*before, *after}, key=lambda k: (k[0] or _IMMEDIATELY, k[1] or "", k[2] or ""))
    return [
        CallOffChangeView(
            due_from=key[0],
            order_number=key[1],
            order_line=key[2],
            previous_quantity=before.get(key, 0.0),
            quantity=after.get(key, 0.0),
            change=after.get(key, 0.0) - before.get(key, 0.0),
        )
        for key in keys
        if before.get(key, 0.0) != after.get(key, 0.0)
    ]


def _sum_by_key(entries: Iterable[CallOffEntryView]) -> dict[_EntryKey, float]:
    sums: dict[_EntryKey, float] = {}
    for entry in entries:
        key = (entry.due_from, entry.order_number, entry.order_line)
        quantity = entry.quantity if entry.base_quantity is None else entry.base_quantity
        sums[key] = sums.get(key, 0.0) + (quantity or 0.0)
    return sums
