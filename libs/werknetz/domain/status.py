"""Quality of a value: the OPC UA status code, 32 bits, whatever the protocol was."""

from typing import Final

GOOD: Final = 0x0000_0000
UNCERTAIN: Final = 0x4000_0000
UNCERTAIN_TIME: Final = 0x40BC_0000  # we set the time: the source's was missing or impossible
BAD: Final = 0x8000_0000
BAD_STALE: Final = 0x8031_0000  # BadNoCommunication: the source says nothing any more
OVERFLOW: Final = 0x0000_0480  # InfoType DataValue + Overflow bit: values were lost before this


def is_good(status: int) -> bool:
    return status < UNCERTAIN


def is_bad(status: int) -> bool:
    return status >= BAD


def severity(status: int) -> str:
    if is_good(status):
        return "good"
    return "bad" if is_bad(status) else "uncertain"
