"""The categories of lost time, in the order in which they reduce calendar time to good time.

    calendar − off shift → planned − planned down → busy − stops → production − speed → net
    − scrap → good

`planned` is POT, `busy` PBT, `production` APT, `net` PRI × PQ and `good` PRI × GQ of ISO 22400-2.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from werknetz.domain.state import MachineState

STEPS: Final = ("calendar", "planned", "busy", "production", "net", "good")
"""What remains after each step; the last has no losses of its own."""


class LossKind(StrEnum):
    PLANNED = "planned"  # outside planned busy time: no loss of OEE
    LOSS = "loss"
    NOT_JUDGED = "not_judged"  # neither run time nor loss: an input is unknown


@dataclass(frozen=True, slots=True)
class LossCategory:
    """`step`: the step whose time it reduces. `big_loss`: which of the six big losses it is."""

    name: str
    step: str
    kind: LossKind
    description: str
    big_loss: str | None = None
    parent: str | None = None

    @property
    def is_loss(self) -> bool:
        return self.kind is LossKind.LOSS


_LOSS: Final = LossKind.LOSS
_ALL: Final = (
    LossCategory("off_shift", "calendar", LossKind.PLANNED, "Time without a shift"),
    LossCategory("planned_down", "planned", LossKind.PLANNED, "Breaks, planned maintenance (PDOT)"),
    LossCategory("unknown", "busy", LossKind.NOT_JUDGED, "The state is unknown"),
    LossCategory("no_order", "busy", _LOSS, "Available without an order (ADOT)"),
    LossCategory("set_up", "busy", _LOSS, "Set-up (AUST)", "set_up_and_adjustment"),
    LossCategory("malfunction", "busy", _LOSS, "Malfunction and repair", "breakdowns"),
    LossCategory("minor_stop", "busy", _LOSS, "Short malfunctions", "idling_and_minor_stops"),
    LossCategory("supply_caused", "busy", _LOSS, "Starved or suspended while a material was out of "
                 "stock", "idling_and_minor_stops", parent="external"),
    LossCategory("starved", "busy", _LOSS, "Starved for another reason", "idling_and_minor_stops",
                 parent="external"),
    LossCategory("blocked", "busy", _LOSS, "Cannot discharge its parts", "idling_and_minor_stops",
                 parent="external"),
    LossCategory("suspended", "busy", _LOSS, "Stopped by an unspecified external cause",
                 "idling_and_minor_stops", parent="external"),
    LossCategory("idle", "busy", _LOSS, "Stopped, cause unknown", "idling_and_minor_stops"),
    LossCategory("speed_not_judged", "production", LossKind.NOT_JUDGED,
                 "Produced without a known ideal cycle or count"),
    LossCategory("speed", "production", _LOSS, "Slower than the ideal cycle (APT − PRI × PQ); "
                 "negative: faster", "reduced_speed"),
    LossCategory("start_up", "net", _LOSS, "Ideal cycles of scrap of start-ups",
                 "start_up_rejects"),
    LossCategory("scrap", "net", _LOSS, "Ideal cycles of other scrap", "production_rejects"),
)  # fmt: skip
CATEGORIES: Final = {category.name: category for category in _ALL}
STOPS: Final = frozenset(
    category.name for category in _ALL if category.step == "busy" and category.is_loss
)
"""Losses that are intervals of time, which can have a reason."""

_DELAYS: Final = {
    MachineState.MALFUNCTION: "malfunction",
    MachineState.REPAIR: "malfunction",
    MachineState.BLOCKED: "blocked",
    MachineState.STARVED: "starved",
    MachineState.SUSPENDED: "suspended",
}
_BY_TIME: Final = {
    "off_shift": "off_shift",
    "pdot": "planned_down",
    "unknown": "unknown",
    "aust": "set_up",
    "adot": "no_order",
}


def category_of(time_category: str, state: int, *, is_minor: bool = False) -> str | None:
    """Return the loss category of a state interval; None: it is production time.

    `time_category` is that of the stored intervals: off_shift, pdot, unknown, apt, aust, adet,
    adot. `is_minor`: the whole fault is shorter than the threshold of minor stops.
    """
    if time_category != "adet":
        return _BY_TIME.get(time_category)
    if is_minor and state == MachineState.MALFUNCTION:
        return "minor_stop"
    return _DELAYS.get(MachineState(state), "idle")
