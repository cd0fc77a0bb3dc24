"""What a call-off has more or less than the one that it replaced, by due date and order."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from werknetz_core.deliveries.call_offs.schemas import CallOffChangeView, CallOffEntryView

_AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)
_Place = tuple[datetime | None, str | None, str | None]


def changes_of(
    former: Iterable[CallOffEntryView], current: Iterable[CallOffEntryView]
) -> list[CallOffChangeView]:
    """Return what differs, in order of due dates; what is the same in both is left out."""
    before, now = _sums(former), _sums(current)
    places = sorted({*before, *now}, key=lambda at: (at[0] or _AT_ONCE, at[1] or "", at[2] or ""))
    return [
        CallOffChangeView(
            due_from=place[0],
            order_number=place[1],
            order_line=place[2],
            former_quantity=before.get(place, 0.0),
            quantity=now.get(place, 0.0),
            change=now.get(place, 0.0) - before.get(place, 0.0),
        )
        for place in places
        if before.get(place, 0.0) != now.get(place, 0.0)
    ]


def _sums(entries: Iterable[CallOffEntryView]) -> dict[_Place, float]:
    sums: dict[_Place, float] = {}
    for entry in entries:
        place = (entry.due_from, entry.order_number, entry.order_line)
        said = entry.quantity if entry.base_quantity is None else entry.base_quantity
        sums[place] = sums.get(place, 0.0) + (said or 0.0)
    return sums
