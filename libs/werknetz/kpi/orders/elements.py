"""Elements of a production order over all its machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.elements import Elements


@dataclass(frozen=True, slots=True)
class OrderElements(Elements):
    """Sums over the machines of an order, except the order execution time.

    `aoet_s` is from the first start to the last end of the order, with what lies in between;
    `aoet_unknown_s` is the part of it that corresponds to the machines' time of unknown state.
    """

    first_pq: float = 0.0  # produced by the first operation
    first_known_s: float = 0.0  # time in which its machines report what they produce
    last_pq: float = 0.0  # produced by the last operation: what comes out of the order
    last_known_s: float = 0.0
    # Machines of the first and of the last operation that work on another one of the order, too.
    first_shared: float = 0.0
    last_shared: float = 0.0

    def find_reported(self, name: str) -> float | None:
        """Return an element; None: it is a quantity that nobody reports."""
        gate = _GATES.get(name)
        if gate is None:
            return Elements.find_reported(self, name)
        value: float = getattr(self, name)
        return None if not getattr(self, gate) and not value else value

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether a formula over times has no known time; AOET needs no state."""
        return Elements.lacks_data_for(self, [name for name in inputs if name != "aoet_s"])


_GATES: Final = {"first_pq": "first_known_s", "last_pq": "last_known_s"}
