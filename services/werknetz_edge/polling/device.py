"""What a protocol adds to polling: a machine that answers requests. Read only: it has no write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from werknetz_edge.polling.grouping import AreaPiece
from werknetz_edge.polling.plan import RequestRules


@dataclass(frozen=True, slots=True)
class Refusal:
    """No value, and why: an address that is not there, say. The session goes on."""

    status: int  # an OPC UA status code, Bad
    reason: str
    is_divisible: bool = False  # what was asked for together may be answered in parts
    is_answer: bool = True  # False: this part of the machine is silent, while others are not


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A session: what may be asked (the machine may have a say in that), and what to tell of it."""

    rules: RequestRules
    details: dict[str, str] = field(default_factory=dict)


class Device(Protocol):
    """One session with one machine; the polling connector owns its life."""

    async def open(self) -> DeviceSession:
        """Open the session, within bounded time.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """

    async def read_pieces(self, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
        """Send one request of a plan; return the bytes of each piece, or why there are none.

        The bytes have the length of the piece. Raises ConnectionLost when no answer comes in time,
        or one that cannot be trusted: what comes later must not be taken for another answer.
        """

    def name_of(self, piece: AreaPiece) -> str:
        """What operators call a piece: `unit 1, holding 100-124`."""

    async def close(self) -> None:
        """Release the session, within 3 s. Safe to call twice, and before open."""
