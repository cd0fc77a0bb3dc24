"""Pack pieces into S7 read requests and parse the answers. No I/O."""

from collections.abc import Sequence
from typing import Final

from werknetz_edge.polling.device import Refusal
from werknetz_edge.polling.grouping import AreaPiece

ITEMS_MAX: Final = 20  # variables of one request: the limit of the older CPUs
_REQUEST_HEAD: Final = 12  # header 10, function, number of items
_REQUEST_ITEM: Final = 12
_ANSWER_HEAD: Final = 14  # header 12, function, number of items
_ANSWER_ITEM: Final = 4  # return code, transport size, length
_GOOD: Final = 0xFF
_IN_BITS: Final = frozenset({0x03, 0x04, 0x05})  # transport sizes whose length counts bits

_MEANINGS: Final[dict[int, Refusal]] = {
    0x01: Refusal(0x808B_0000, "hardware error"),
    0x03: Refusal(
        0x801F_0000, "access denied: permit PUT/GET communication in the CPU's protection settings"
    ),
    0x05: Refusal(
        0x8034_0000, "address out of range: the block or area is shorter", is_divisible=True
    ),
    0x06: Refusal(0x8074_0000, "data type not supported"),
    0x07: Refusal(0x8074_0000, "data type inconsistent"),
    0x0A: Refusal(
        0x8034_0000,
        "object does not exist: no such data block, or its block access is optimized: switch that"
        " off in its properties",
    ),
}
_BAD_DEVICE: Final = 0x808B_0000


class UnreadableAnswer(Exception):
    """The answer does not match the request."""


def piece_max(pdu: int) -> int:
    """Return how many bytes one request can read."""
    return pdu - _ANSWER_HEAD - _ANSWER_ITEM


def pack_requests(pieces: Sequence[AreaPiece], pdu: int) -> list[list[int]]:
    """Fill requests with pieces, in order: request and answer each fit into a PDU."""
    requests: list[list[int]] = []
    room = 0
    items_max = min(ITEMS_MAX, (pdu - _REQUEST_HEAD) // _REQUEST_ITEM)
    for index, piece in enumerate(pieces):
        needed = _ANSWER_ITEM + piece.size
        full = not requests or len(requests[-1]) == items_max
        if full or needed > room:
            requests.append([])
            room = pdu - _ANSWER_HEAD
        requests[-1].append(index)
        room -= needed + piece.size % 2  # a fill byte precedes the next item, if there is one
    return requests


def parse_answers(content: bytes, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
    """Split the data of an answer into pieces; raise UnreadableAnswer."""
    answers: list[bytes | Refusal] = []
    at = 0
    for piece in pieces:
        head = content[at : at + _ANSWER_ITEM]
        if len(head) < _ANSWER_ITEM:
            raise UnreadableAnswer(f"the answer ends before item {len(answers) + 1}")
        code, transport, length = head[0], head[1], int.from_bytes(head[2:])
        at += _ANSWER_ITEM
        if code != _GOOD:
            answers.append(_MEANINGS.get(code, Refusal(_BAD_DEVICE, f"return code {code:#04x}")))
            continue
        size = (length + 7) // 8 if transport in _IN_BITS else length
        content_of_item = content[at : at + size]
        if len(content_of_item) != piece.size:
            raise UnreadableAnswer(f"item has {len(content_of_item)} bytes, not {piece.size}")
        answers.append(content_of_item)
        at += size + size % 2
    if at < len(content):
        raise UnreadableAnswer(f"{len(content) - at} bytes more than requested")
    return answers
