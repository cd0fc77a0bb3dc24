"""The interface between polling and a protocol. Read only: there is no write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from werknetz_edge.polling.grouping import AreaPiece
from werknetz_edge.polling.plan import RequestRules


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a piece has no value, for example a missing address. The session continues."""

    status: int  # an OPC UA status code, Bad
    reason: str
    is_divisible: bool = False  # smaller pieces may succeed
    is_answer: bool = True  # False: this part of the machine is silent, others are not


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """An open session: the rules for its requests and details for the status."""

    rules: RequestRules
    details: dict[str, str] = field(default_factory=dict)


class Device(Protocol):
    """One session with one machine, opened and closed by the polling connector."""

    async def open(self) -> DeviceSession:
        """Open the session, within bounded time.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """

    async def read_pieces(self, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
        """Send one request of a plan; return the bytes of each piece, or its refusal.

        The bytes have the length of the piece. Raises ConnectionLost if no answer arrives in time
        or the answer does not match: a late answer must not be taken for that of the next request.
        """

    def name_of(self, piece: AreaPiece) -> str:
        """Return the name of a piece for operators: `unit 1, holding 100-124`."""

    async def close(self) -> None:
        """Release the session, within 3 s. Safe to call twice, and before open."""
