"""A warning in one sentence, in the words and the time of the plant."""

from datetime import datetime
from zoneinfo import ZoneInfo

from werknetz_core.forecast.shortage_warnings.schemas import (
    MissingDeliveryView,
    ShortageWarningView,
)


def sentence(warning: ShortageWarningView, zone: ZoneInfo) -> str:
    """Return who stops when, for want of what, and because of whom."""
    lines = ", ".join(line.equipment for line in warning.lines)
    part = " ".join(filter(None, (warning.material, warning.description)))
    stops = "run short" if warning.empty_at is None else "stop"
    first = (
        f"{lines} will {stops} on {_clock(warning.short_at, zone)} for want of {part} "
        f"({warning.warehouse})"
    )
    if not warning.deliveries:
        return f"{first}: nothing that is due before then is late, too little was called off."
    worst = max(warning.deliveries, key=lambda one: one.open_quantity)
    more = len(warning.deliveries) - 1
    beside = f" And {more} more." if more else ""
    return f"{first}: {_because(worst, warning.unit, zone)}.{beside}"


def _because(delivery: MissingDeliveryView, unit: str | None, zone: ZoneInfo) -> str:
    quantity = f"{delivery.open_quantity:,.10g} {unit or ''}".rstrip()
    what = (
        f"{delivery.supplier_name} owes {quantity} of call-off {delivery.call_off}, "
        f"due {_clock(delivery.due_from, zone)}"
    )
    hours = delivery.delay_s / 3600
    if delivery.expected_at is None:
        return f"{what}, {hours:,.1f} h overdue, and nobody has said when it comes"
    return f"{what}, expected {_clock(delivery.expected_at, zone)}, {hours:,.1f} h late"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
