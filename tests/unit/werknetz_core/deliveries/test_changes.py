"""What a call-off changed: only what differs, by due date and order."""

from datetime import UTC, datetime
from uuid import UUID

from werknetz_core.deliveries.call_offs.changes import changes_of
from werknetz_core.deliveries.call_offs.schemas import CallOffEntryView

MONDAY, TUESDAY = (datetime(2026, 11, day, tzinfo=UTC) for day in (23, 24))


def entry(due: datetime | None, quantity: float, order: str | None = None) -> CallOffEntryView:
    empty = dict.fromkeys(CallOffEntryView.model_fields)
    values = {"event_id": UUID(int=1), "event": "", "due_from": due, "quantity": quantity}
    return CallOffEntryView.model_validate({**empty, **values, "order_number": order})


def test_more_less_new_and_gone() -> None:
    previous = [entry(MONDAY, 10), entry(MONDAY, 5), entry(TUESDAY, 7), entry(None, 1, "A")]
    current = [entry(MONDAY, 20), entry(TUESDAY, 7), entry(TUESDAY, 2, "A")]
    changes = [(c.due_from, c.order_number, c.change) for c in changes_of(previous, current)]
    assert changes == [(None, "A", -1.0), (MONDAY, None, 5.0), (TUESDAY, "A", 2.0)]


def test_the_base_unit_counts_where_it_is_known() -> None:
    boxes = entry(MONDAY, 2).model_copy(update={"base_quantity": 24.0})
    assert changes_of([entry(MONDAY, 24)], [boxes]) == []
