"""The result of an inspection."""

from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.machines.amounts import amount_of, limits_of


def is_good(event: EventRevision) -> bool | None:
    """Return the result of an inspection; None: it states none."""
    if event.text("defect") is not None:
        return False
    if any((amount_of(event, name) or 0.0) > 0 for name in ("scrap_quantity", "rework_quantity")):
        return False
    value, (lower, upper) = event.number("value"), limits_of(event)
    has_limits = lower is not None or upper is not None
    if value is not None and has_limits:
        return (lower is None or value >= lower) and (upper is None or value <= upper)
    good = amount_of(event, "good_quantity")
    return None if good is None else good > 0
