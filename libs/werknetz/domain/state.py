"""What a machine is doing, and how the codes of foreign specifications say it.

The number alone never says it: OPC 30060 counts PackML's Execute as 4, TR88 tags as 6.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class MachineState(IntEnum):
    """What a machine is doing. The numbers are kept in samples: never renumber."""

    UNKNOWN = 0
    PRODUCING = 1
    SETUP = 2
    IDLE = 3  # not executing, no cause given
    MALFUNCTION = 4  # a cause inside the machine
    BLOCKED = 5  # cannot give its parts away
    STARVED = 6  # gets no material
    SUSPENDED = 7  # a cause outside the machine, not said which
    MAINTENANCE = 8  # planned maintenance
    REPAIR = 9  # corrective maintenance
    OFF = 10

    @property
    def label(self) -> str:
        return self.name.lower()


_S = MachineState
# PackML's 17 states in the order of OPC 30060, counted from 0 there and from 1 in TR88's tags.
_PACKML_BY_NAME: Final[Mapping[str, MachineState]] = {
    "Clearing": _S.MALFUNCTION,
    "Stopped": _S.IDLE,
    "Starting": _S.IDLE,
    "Idle": _S.IDLE,
    "Suspended": _S.SUSPENDED,
    "Execute": _S.PRODUCING,
    "Stopping": _S.IDLE,
    "Aborting": _S.MALFUNCTION,
    "Aborted": _S.MALFUNCTION,
    "Holding": _S.MALFUNCTION,
    "Held": _S.MALFUNCTION,
    "Unholding": _S.MALFUNCTION,
    "Suspending": _S.SUSPENDED,
    "Unsuspending": _S.SUSPENDED,
    "Resetting": _S.IDLE,
    "Completing": _S.IDLE,
    "Complete": _S.IDLE,
}
_TR88_NUMBERS: Final = (
    "Clearing", "Stopped", "Starting", "Idle", "Suspended", "Execute", "Stopping", "Aborting",
    "Aborted", "Holding", "Held", "Unholding", "Suspending", "Unsuspending", "Resetting",
    "Completing", "Complete",
)  # fmt: skip
_OPC_30060_NUMBERS: Final[Mapping[str, int]] = {
    "Clearing": 0, "Stopped": 1, "Starting": 2, "Idle": 3, "Execute": 4, "Suspended": 5,
    "Stopping": 6, "Aborting": 7, "Aborted": 8, "Holding": 9, "Unholding": 10, "Held": 11,
    "Suspending": 12, "Unsuspending": 13, "Resetting": 14, "Completing": 15, "Complete": 16,
}  # fmt: skip

STATE_TABLES: Final[Mapping[str, Mapping[str, MachineState]]] = {
    "packml/opc-30060": {
        str(number): _PACKML_BY_NAME[name] for name, number in _OPC_30060_NUMBERS.items()
    },
    "packml/tr88": {
        str(number): _PACKML_BY_NAME[name] for number, name in enumerate(_TR88_NUMBERS, start=1)
    },
    "werknetz": {str(int(state)): state for state in MachineState},
}
"""State tables by (specification/numbering); codes are the source's code written as text."""
