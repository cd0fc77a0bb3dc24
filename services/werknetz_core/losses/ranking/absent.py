"""Why losses have no value of a dimension: what cannot have one, and what nobody has entered."""

from dataclasses import dataclass
from typing import Final

from werknetz.kpi.losses.categories import CATEGORIES, LossKind


@dataclass(frozen=True, slots=True)
class Absent:
    """Why losses have no value of a dimension. Losses of different texts are different groups."""

    text: str


NO_PLANT: Final = Absent("not in a plant")
NO_LINE: Final = Absent("not in a line")
NO_SHIFT: Final = Absent("between shifts")
_WITHOUT_REASON: Final = {
    "speed": Absent("slow cycles"),
    "scrap": Absent("scrap, no reason entered"),
    "start_up": Absent("start-up scrap, no reason entered"),
}
_NOT_ENTERED: Final = Absent("no reason entered")
_NO_ORDER: Final = Absent("no order")
_ORDER_UNKNOWN: Final = Absent("no order is known")


def why_no_reason(category: str) -> Absent:
    if CATEGORIES[category].is_loss:
        return _WITHOUT_REASON.get(category, _NOT_ENTERED)
    return _not_lost(category)


def why_no_order(category: str) -> Absent:
    return _NO_ORDER if category == "no_order" else _ORDER_UNKNOWN


def why_no_big_loss(category: str) -> Absent:
    """Return why a category is none of the six big losses: they are losses while an order runs."""
    if CATEGORIES[category].is_loss:
        return Absent("none of the six: no order")
    return _not_lost(category)


def _not_lost(category: str) -> Absent:
    """Return why time is neither run time nor loss, in the words of its category."""
    loss = CATEGORIES[category]
    prefix = "not judged" if loss.kind is LossKind.NOT_JUDGED else "planned"
    return Absent(f"{prefix}: {loss.description[0].lower()}{loss.description[1:]}")
