"""Machine states, and the state codes of other specifications.

A code is unambiguous only with its numbering: PackML's Execute is 4 in OPC 30060, 6 in TR88.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class MachineState(IntEnum):
    """State of a machine. The numbers are stored in samples: never change them."""

    UNKNOWN = 0
    PRODUCING = 1
    SETUP = 2
    IDLE = 3  # not producing, cause unknown
    MALFUNCTION = 4  # cause inside the machine
    BLOCKED = 5  # cannot discharge its parts
    STARVED = 6  # no material arrives
    SUSPENDED = 7  # cause outside the machine, unspecified
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
"""State tables by specification and numbering; keys are the codes of the source as text."""
