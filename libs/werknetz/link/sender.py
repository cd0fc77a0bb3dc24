"""The connector's side of the link as pure state: messages and times in, actions out.

It never touches spool, socket or clock; the pump and the simulation drive the same code.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from werknetz.link.wire import Ack, Downlink, Fenced, Hello, Need, Welcome

WINDOW_BYTES: Final = 16 * 1024 * 1024
STALLED_S: Final = 30.0
HELLO_EVERY_S: Final = 2.0
BACK_OFF_MAX: Final = 8.0


class Kept(Protocol):
    """What the sender must know of the spool."""

    @property
    def spool_id(self) -> UUID: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def last_hash(self) -> bytes: ...
    @property
    def first_seq(self) -> int:
        """The oldest batch that is kept; last_seq + 1 if none is."""

    def hash_of(self, seq: int) -> bytes | None:
        """The chain's hash at seq, the genesis at 0; None if it is not kept any more."""


@dataclass(frozen=True, slots=True)
class SayHello:
    hello: Hello


@dataclass(frozen=True, slots=True)
class Send:
    """Read batches from here on, up to so many bytes (at least one batch), and send them."""

    from_seq: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Everything up to here is in the database: may be trimmed after the retention time."""

    seq: int


@dataclass(frozen=True, slots=True)
class ReplaceSpool:
    """The spool cannot go on: open a new one, carry over what is kept, record the gap."""

    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """We are fenced: stop acknowledging upstream, delete nothing."""

    detail: str


Action = SayHello | Send | Confirmed | ReplaceSpool | Alarm


class Sender:
    """Go-back-N over one spool (R3, R4, R7, R8, R11)."""

    def __init__(
        self,
        connector: str,
        spool: Kept,
        *,
        lane: str = "live",
        nonce: Callable[[], bytes],
        jitter: Callable[[], float],
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        """`nonce` makes 16 random bytes, `jitter` a number in 0 … 1."""
        self._connector, self._spool, self._lane = connector, spool, lane
        self._make_nonce, self._jitter, self._window = nonce, jitter, window_bytes
        self.epoch: int | None = None
        self.incarnation: UUID | None = None
        self.acked = 0
        self.fenced = False
        self._sent = 0  # the highest that is in flight or acked; go-back-N moves it back
        self._highest_sent = 0
        self._in_flight: deque[tuple[int, int]] = deque()
        self._in_flight_bytes = 0
        self._nonce: bytes | None = nonce()
        self._hello_at = float("-inf")
        self._progress_at = 0.0
        self._patience = 1.0

    @property
    def welcomed(self) -> bool:
        return self._nonce is None

    def tick(self, now: float) -> list[Action]:
        """Do what time asks for: say hello again, send what fits, send again after a stall."""
        if self.fenced:
            return []
        if not self.welcomed:
            return self._say_hello(now)
        stalled_s = STALLED_S * self._patience * (1 + 0.25 * self._jitter())
        if self._sent > self.acked and now - self._progress_at >= stalled_s:
            self._patience = min(self._patience * 2, BACK_OFF_MAX)
            self._go_back(now)
        return self._send()

    def sent(self, seq: int, size: int, now: float) -> None:
        """Take note that a batch went out; batches go out in order."""
        if not self._in_flight:
            self._progress_at = now
        self._sent = seq
        self._highest_sent = max(self._highest_sent, seq)
        self._in_flight.append((seq, size))
        self._in_flight_bytes += size

    def link_restored(self, now: float) -> None:
        """The wire was cut, or its server forgot everything: ask, and send again (R7)."""
        self._restart(now)

    def spool_replaced(self, now: float) -> None:
        """The spool has a new id: begin with its hello."""
        self.acked = self._highest_sent = 0
        self.epoch = None
        self._restart(now)

    def hear(self, message: Downlink, now: float) -> list[Action]:
        match message:
            case Welcome():
                return self._welcome(message, now)
            case Ack():
                return self._ack(message, now)
            case Need():
                return self._need(message, now)
            case Fenced():
                return self._fence(message)

    def _welcome(self, welcome: Welcome, now: float) -> list[Action]:
        if welcome.nonce != self._nonce or welcome.spool_id != self._spool.spool_id:
            return []
        if welcome.last_seq > self._spool.last_seq:
            return [
                ReplaceSpool(
                    "spool_rolled_back",
                    f"the database knows {welcome.last_seq} batches of this spool, "
                    f"the spool itself {self._spool.last_seq}",
                )
            ]
        if welcome.last_seq + 1 < self._spool.first_seq:
            return [
                ReplaceSpool(
                    "unrecoverable",
                    f"the database wants batch {welcome.last_seq + 1}, "
                    f"the oldest kept is {self._spool.first_seq}",
                )
            ]
        known = self._spool.hash_of(welcome.last_seq)
        if known is not None and known != welcome.last_hash:
            return [
                ReplaceSpool("fork", f"batch {welcome.last_seq} is another one in the database")
            ]
        self._nonce = None
        self.epoch, self.incarnation = welcome.epoch, welcome.incarnation
        self.acked = welcome.last_seq
        self._highest_sent = max(self._highest_sent, self.acked)
        self._patience = 1.0
        self._go_back(now)
        return [Confirmed(self.acked), *self._send()]

    def _ack(self, ack: Ack, now: float) -> list[Action]:
        if not self.welcomed or ack.spool_id != self._spool.spool_id:
            return []
        if ack.incarnation != self.incarnation or ack.last_seq < self.acked:
            # Another life of the database, or it knows less than it did; or only an old message
            # that the link repeated. Ask: a welcome is bound to our question, an ack is not.
            self._restart(now)
            return self._say_hello(now)
        if ack.last_seq > self._highest_sent:
            return []  # forged, or for a clone: never trim for it
        if ack.last_seq == self.acked:
            return []
        self.acked = ack.last_seq
        self._sent = max(self._sent, self.acked)
        while self._in_flight and self._in_flight[0][0] <= self.acked:
            self._in_flight_bytes -= self._in_flight.popleft()[1]
        self._progress_at, self._patience = now, 1.0
        return [Confirmed(self.acked), *self._send()]

    def _need(self, need: Need, now: float) -> list[Action]:
        if (
            not self.welcomed
            or need.spool_id != self._spool.spool_id
            or need.incarnation != self.incarnation
            or not self.acked < need.from_seq <= self._sent
        ):
            return []
        self._go_back(now)
        return self._send()

    def _fence(self, fenced: Fenced) -> list[Action]:
        # While we ask for an epoch, the newer one may be our own whose welcome was lost.
        if not self.welcomed or self.epoch is None or fenced.epoch <= self.epoch or self.fenced:
            return []
        self.fenced = True
        return [
            Alarm(
                f"another process speaks for {self._connector} with epoch {fenced.epoch}, ours is "
                f"{self.epoch}: stop one of the two and start the other again"
            )
        ]

    def _say_hello(self, now: float) -> list[Action]:
        if now - self._hello_at < HELLO_EVERY_S or self._nonce is None:
            return []
        self._hello_at = now
        spool = self._spool
        return [
            SayHello(
                Hello(
                    self._connector,
                    spool.spool_id,
                    self._lane,
                    spool.last_seq,
                    spool.last_hash,
                    self._nonce,
                )
            )
        ]

    def _send(self) -> list[Action]:
        free = self._window - self._in_flight_bytes
        if self._sent >= self._spool.last_seq or (free <= 0 and self._in_flight):
            return []
        return [Send(self._sent + 1, max(free, 1))]

    def _go_back(self, now: float) -> None:
        self._sent = self.acked
        self._in_flight.clear()
        self._in_flight_bytes = 0
        self._progress_at = now

    def _restart(self, now: float) -> None:
        if self.welcomed:
            self._nonce = self._make_nonce()
            self._hello_at = float("-inf")
        self._go_back(now)
