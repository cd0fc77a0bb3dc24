"""Translate Modbus exceptions to OPC UA status codes and helpful messages."""

from typing import Final

from werknetz_edge.polling.device import Refusal

# Modbus Application Protocol 1.1b3, 7; the codes as in OPC UA Part 4, 7.38.
_MEANINGS: Final[dict[int, Refusal]] = {
    1: Refusal(0x803D_0000, "illegal function: the unit has no such table"),
    2: Refusal(0x8034_0000, "illegal data address: not there, or not all of it", is_divisible=True),
    3: Refusal(0x803C_0000, "illegal data value: try a smaller `registers_max`", is_divisible=True),
    4: Refusal(0x808B_0000, "server device failure"),
    5: Refusal(0x80B2_0000, "acknowledge: the unit needs longer"),
    6: Refusal(0x80B2_0000, "server device busy: try a longer `period_s`"),
    8: Refusal(0x808C_0000, "memory parity error"),
    10: Refusal(0x8031_0000, "gateway path unavailable: check the gateway's routing"),
    11: Refusal(0x8031_0000, "gateway target did not respond: the unit is off, or its id is wrong"),
}
_BAD_DEVICE: Final = 0x808B_0000


def refusal_of(code: int) -> Refusal:
    return _MEANINGS.get(code, Refusal(_BAD_DEVICE, f"exception {code}: see the unit's manual"))
