"""Amounts that machines cannot have: they do not count, the rest of their event does."""

from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_worker.projection.event_revisions import EventRevision

_AMOUNTS: Final = (
    "inspected_quantity", "good_quantity", "scrap_quantity", "rework_quantity", "attended_s",
    "work_s", "planned_run_s_per_item",
)  # fmt: skip


def amount_of(event: EventRevision, name: str) -> float | None:
    """Return a quantity or duration; None: there is none, or it is below zero."""
    number = event.number(name)
    return None if number is not None and number < 0 else number


def limits_of(event: EventRevision) -> tuple[float | None, float | None]:
    """Return the specification limits; none where the lower one is above the upper one."""
    lower, upper = event.number("lower_limit"), event.number("upper_limit")
    if lower is not None and upper is not None and lower > upper:
        return None, None
    return lower, upper


def find_impossible(event: EventRevision) -> Sentence | None:
    """Return which values of an event cannot be, with the remedy; None: all can."""
    problems = [
        Sentence("finding_detail.amount_below_zero", name=name, number=number)
        for name in _AMOUNTS
        if (number := event.number(name)) is not None and number < 0
    ]
    lower, upper = event.number("lower_limit"), event.number("upper_limit")
    if lower is not None and upper is not None and lower > upper:
        problems.append(Sentence("finding_detail.limits_reversed", lower=lower, upper=upper))
    if not problems:
        return None
    return Sentence("finding_detail.impossible_amounts", problems=problems)
