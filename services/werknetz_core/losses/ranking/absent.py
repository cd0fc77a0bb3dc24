"""Why losses have no value of a dimension: what cannot have one, and what nobody has entered."""

from dataclasses import dataclass
from typing import Final

from werknetz.kpi.losses.categories import CATEGORIES
from werknetz.texts.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Absent:
    """Why losses have no value of a dimension. Losses of different texts are different groups."""

    text: Sentence


NO_PLANT: Final = Absent(Sentence("absent.no_plant"))
NO_LINE: Final = Absent(Sentence("absent.no_line"))
NO_SHIFT: Final = Absent(Sentence("absent.no_shift"))
_WITHOUT_REASON: Final = {
    "speed": Absent(Sentence("absent.slow_cycles")),
    "scrap": Absent(Sentence("absent.scrap_without_reason")),
    "start_up": Absent(Sentence("absent.start_up_without_reason")),
}
_NOT_LOST: Final = {
    "off_shift": Absent(Sentence("absent.off_shift")),
    "planned_down": Absent(Sentence("absent.planned_down")),
    "unknown": Absent(Sentence("absent.state_unknown")),
    "speed_not_judged": Absent(Sentence("absent.speed_not_judged")),
}
"""Of time that is neither run time nor loss."""
_NOT_ENTERED: Final = Absent(Sentence("absent.no_reason"))
_NO_ORDER: Final = Absent(Sentence("absent.no_order"))
_ORDER_UNKNOWN: Final = Absent(Sentence("absent.order_unknown"))
_NO_BIG_LOSS: Final = Absent(Sentence("absent.none_of_the_six"))


def why_no_reason(category: str) -> Absent:
    if CATEGORIES[category].is_loss:
        return _WITHOUT_REASON.get(category, _NOT_ENTERED)
    return _NOT_LOST[category]


def why_no_order(category: str) -> Absent:
    return _NO_ORDER if category == "no_order" else _ORDER_UNKNOWN


def why_no_big_loss(category: str) -> Absent:
    """Return why a category is none of the six big losses: they are losses while an order runs."""
    return _NO_BIG_LOSS if CATEGORIES[category].is_loss else _NOT_LOST[category]
