"""A shortage warning as one sentence, with times in the plant's time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from werknetz_core.forecast.shortage_warnings.schemas import (
    MissingDeliveryView,
    ShortageWarningView,
)


def warning_text(warning: ShortageWarningView, zone: ZoneInfo) -> str:
    """Return which line stops when, for want of which material, and the delivery behind it."""
    lines = ", ".join(line.equipment for line in warning.lines)
    material = " ".join(filter(None, (warning.material, warning.description)))
    verb = "run short" if warning.empty_at is None else "stop"
    effect = (
        f"{lines} will {verb} on {_format_time(warning.short_at, zone)} for want of {material} "
        f"({warning.warehouse})"
    )
    if not warning.deliveries:
        return f"{effect}: no delivery due before then is late, too little was called off."
    largest = max(warning.deliveries, key=lambda delivery: delivery.open_quantity)
    others = len(warning.deliveries) - 1
    suffix = f" And {others} more." if others else ""
    return f"{effect}: {_cause_text(largest, warning.unit, zone)}.{suffix}"


def _cause_text(delivery: MissingDeliveryView, unit: str | None, zone: ZoneInfo) -> str:
    quantity = f"{delivery.open_quantity:,.10g} {unit or ''}".rstrip()
    cause = (
        f"{delivery.supplier_name} owes {quantity} of call-off {delivery.call_off}, "
        f"due {_format_time(delivery.due_from, zone)}"
    )
    hours = delivery.delay_s / 3600
    if delivery.expected_at is None:
        return f"{cause}, {hours:,.1f} h overdue, no date announced"
    return f"{cause}, expected {_format_time(delivery.expected_at, zone)}, {hours:,.1f} h late"


def _format_time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
