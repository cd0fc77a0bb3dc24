"""A shortage warning as one sentence, with times in the plant's time zone."""

from zoneinfo import ZoneInfo

from werknetz.texts.formats import ZonedTime
from werknetz.texts.sentence import Sentence
from werknetz_core.forecast.shortage_warnings.schemas import (
    MissingDeliveryView,
    ShortageWarningView,
)


def warning_code(warning: ShortageWarningView) -> str:
    """Return the code of the sentence: whether lines stop, or run short."""
    return "run_short" if warning.empty_at is None else "stop"


def warning_text(warning: ShortageWarningView, zone: ZoneInfo) -> Sentence:
    """Return which line stops when, for want of which material, and the delivery behind it."""
    return Sentence(
        f"shortage.{warning_code(warning)}",
        lines=[line.equipment for line in warning.lines], at=ZonedTime(warning.short_at, zone),
        material=" ".join(filter(None, (warning.material, warning.description))),
        warehouse=warning.warehouse, cause=_cause_text(warning, zone),
    )  # fmt: skip


def _cause_text(warning: ShortageWarningView, zone: ZoneInfo) -> Sentence:
    if not warning.deliveries:
        return Sentence("shortage.nothing_due_in_time")
    largest: MissingDeliveryView = max(warning.deliveries, key=lambda line: line.open_quantity)
    further = len(warning.deliveries) - 1
    expected = largest.expected_at
    return Sentence(
        "shortage.overdue" if expected is None else "shortage.late",
        supplier=largest.supplier_name, quantity=largest.open_quantity,
        unit=f" {warning.unit}" if warning.unit else "", call_off=largest.call_off,
        due=ZonedTime(largest.due_from, zone),
        expected="" if expected is None else ZonedTime(expected, zone),
        hours=largest.delay_s / 3600,
        others=Sentence("shortage.others", number=further) if further else "",
    )  # fmt: skip
