"""Quality of a value as an OPC UA status code (32 bits), for every protocol."""

from typing import Final

GOOD: Final = 0x0000_0000
UNCERTAIN: Final = 0x4000_0000
UNCERTAIN_TIME: Final = 0x40BC_0000  # time set by us: the source's was missing or impossible
BAD: Final = 0x8000_0000
BAD_STALE: Final = 0x8031_0000  # BadNoCommunication: the source sends no values
OVERFLOW: Final = 0x0000_0480  # InfoType DataValue with Overflow bit: earlier values were lost


def is_good(status: int) -> bool:
    return status < UNCERTAIN


def is_bad(status: int) -> bool:
    return status >= BAD


def severity(status: int) -> str:
    if is_good(status):
        return "good"
    return "bad" if is_bad(status) else "uncertain"
