"""A shortage warning as one sentence, with times in the plant's time zone."""

from zoneinfo import ZoneInfo

from werknetz_core.forecast.shortage_warnings.schemas import (
    MissingDeliveryView,
    ShortageWarningView,
)
from werknetz_core.texts.catalogue import sentence
from werknetz_core.texts.formats import number_text, time_text
from werknetz_core.texts.language import Language


def warning_code(warning: ShortageWarningView) -> str:
    """Return the code of the sentence: whether lines stop, or run short."""
    return "run_short" if warning.empty_at is None else "stop"


def warning_text(warning: ShortageWarningView, zone: ZoneInfo, language: Language) -> str:
    """Return which line stops when, for want of which material, and the delivery behind it."""
    return sentence(
        "shortage", warning_code(warning), language,
        lines=", ".join(line.equipment for line in warning.lines),
        at=time_text(warning.short_at, zone, language),
        material=" ".join(filter(None, (warning.material, warning.description))),
        warehouse=warning.warehouse, cause=_cause_text(warning, zone, language),
    )  # fmt: skip


def _cause_text(warning: ShortageWarningView, zone: ZoneInfo, language: Language) -> str:
    if not warning.deliveries:
        return sentence("shortage", "nothing_due_in_time", language)
    largest: MissingDeliveryView = max(warning.deliveries, key=lambda line: line.open_quantity)
    further = len(warning.deliveries) - 1
    number = number_text(further, language)
    quantity = number_text(largest.open_quantity, language)
    expected = largest.expected_at
    return sentence(
        "shortage", "overdue" if expected is None else "late", language,
        supplier=largest.supplier_name, quantity=f"{quantity} {warning.unit or ''}".rstrip(),
        call_off=largest.call_off, due=time_text(largest.due_from, zone, language),
        expected="" if expected is None else time_text(expected, zone, language),
        hours=number_text(largest.delay_s / 3600, language, digits=1),
        others=sentence("shortage", "others", language, number=number) if further else "",
    )  # fmt: skip
