"""The connector's side of the link: which messages to send next, and how to react to replies.

It reads the spool and does no other I/O; time and randomness are passed in. Whatever contradicts
the sender's state (an ack below the last one, another incarnation) leads to a new handshake, whose
nonce distinguishes a current reply from one that the link repeats.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from werknetz.events.batch import LaneName
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Fenced,
    Forked,
    Hello,
    LeaseRefused,
    ResendRequest,
    ToCore,
    ToEdge,
    Welcome,
)
from werknetz.runtime.backoff import Backoff

WINDOW_BYTES: Final = 16 * 1024 * 1024
CHUNK_BYTES: Final = 1024 * 1024
STALL_S: Final = 30.0
STALL_MAX_S: Final = 240.0
CONFIRM_EVERY_S: Final = 60.0
HELLO_MIN_S: Final = 1.0
HELLO_MAX_S: Final = 30.0
NONCES_MAX: Final = 8
EPOCH_LEAP: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SpooledBatch:
    """A stored batch with its position in the hash chain."""

    seq: int
    prev_hash: bytes
    hash: bytes
    lane: LaneName
    payload: bytes


class SpoolReader(Protocol):
    """The part of the spool that the sender uses. Called from one thread only."""

    @property
    def spool_id(self) -> UUID: ...
    @property
    def epoch(self) -> int:
        """The epoch that was requested last."""

    @property
    def base_epoch(self) -> int:
        """The epoch that was granted last."""

    @property
    def last_seq(self) -> int: ...
    @property
    def last_hash(self) -> bytes: ...
    @property
    def used(self) -> bool:
        """Whether the core has ever confirmed this spool."""

    @property
    def base_seq(self) -> int:
        """The last batch that was trimmed; 0: none was."""

    @property
    def confirmed_seq(self) -> int:
        """Up to which batch the core has stored this spool at the last welcome, or before."""

    def hash_at(self, seq: int) -> bytes | None:
        """The chain hash after that batch; None if it is no longer stored."""

    def read(self, from_seq: int, bytes_max: int) -> Sequence[SpooledBatch]:
        """Batches in order; at least one if any is stored from that sequence on."""

    def keep_epoch(self, epoch: int, base: int) -> None:
        """Store the epoch before it is requested, and the one that was granted last."""

    @property
    def incarnation(self) -> UUID | None:
        """The database incarnation that confirmed the spool last."""

    @property
    def has_trimmed(self) -> bool:
        """Whether this spool, or one that it replaced, has ever trimmed batches."""

    def confirm(self, incarnation: UUID, last_seq: int) -> None:
        """The core stores this chain up to `last_seq`: the file is not an old copy.

        If it is another incarnation, the batches after it may overlap with what it stores.
        """

    def replace(self, cause: str, core_us: int) -> None:
        """Start a new spool: a new id, a gap record, then the stored batches, which may overlap.

        `core_us`: the wall clock of the core in µs; 0: unknown.
        """


class Sender:
    """Sends the batches of one lane of one connector."""

    def __init__(
        self,
        connector: str,
        spool: SpoolReader,
        *,
        random: Callable[[], float],
        nonce: Callable[[], UUID],
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self.connector = connector
        self.state = "handshaking"  # handshaking, running, fenced
        self.acked = 0
        self.alarm = ""
        self._spool = spool
        self._random = random
        self._new_nonce = nonce
        self._window_bytes = window_bytes
        self._was_welcomed = False
        self._epoch = 0
        self._incarnation: UUID | None = None  # of the last welcome
        self._hello_incarnation = spool.incarnation  # the database for which hellos are
        self._epoch_max: int | None = None  # its lease, if another database granted the one we had
        self._nonces: deque[UUID] = deque(maxlen=NONCES_MAX)  # of this handshake
        self._hello_at_s = 0.0
        self._hello_backoff = Backoff(HELLO_MIN_S, HELLO_MAX_S, random=random)
        self._sent_seq = 0  # the highest sequence ever given to the link
        self._next_seq = 1
        self._in_flight: deque[tuple[int, int]] = deque()  # (seq, bytes), bounded by the window
        self._in_flight_bytes = 0
        self._progress_at_s = 0.0
        self._stall = Backoff(STALL_S, STALL_MAX_S, jitter=0)
        self._rewound_at_s = 0.0
        self._confirmed_at_s = 0.0

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def is_fenced(self) -> bool:
        """Whether another process holds the lease: acknowledge nothing, trim nothing (R4)."""
        return self.state == "fenced"

    @property
    def has_more(self) -> bool:
        """Whether stored batches wait that the window has room for."""
        is_left = self.state == "running" and self._next_seq <= self._spool.last_seq
        return is_left and not self.is_blocked

    @property
    def is_blocked(self) -> bool:
        """Whether the window is full: nothing is sent before an acknowledgement."""
        return self._in_flight_bytes >= self._window_bytes

    def on_link_changed(self, now_s: float) -> None:
        """Handshake after a reconnect or with another Redis: batches in flight may be lost (R7)."""
        self._rehandshake(now_s, at_once=True)

    def poll(self, now_s: float) -> list[ToCore]:
        """Return the messages to send now; call again at once while it returns batches."""
        if self.state == "running" and self._in_flight and self._is_stalled(now_s):
            self._stall.next_s()
            self._rehandshake(now_s, at_once=True)
        if self.state == "running" and now_s - self._confirmed_at_s >= CONFIRM_EVERY_S:
            self._rehandshake(now_s, at_once=True)  # a restored database may not know us
        if self.state == "handshaking":
            return self._hello(now_s) if now_s >= self._hello_at_s else []
        return list(self._batches(now_s)) if self.state == "running" else []

    def on_message(self, message: ToEdge, now_s: float) -> None:
        """React to a reply of the core; repeated, late and foreign replies change nothing."""
        match message:
            case Welcome() if self._is_reply_to_hello(message.nonce):
                self._on_welcome(message, now_s)
            case LeaseRefused() if self._is_reply_to_hello(message.nonce):
                self._on_refused(message, now_s)
            case Ack():
                self._on_ack(message, now_s)
            case ResendRequest() if message.spool_id == self._spool.spool_id:
                self._on_resend_request(message, now_s)
            case Fenced() if message.incarnation not in (None, self._incarnation):
                self._rehandshake(now_s)  # a late reply, or a restored database
            case Fenced() if self.state == "running" and message.epoch > self._epoch:
                self._fence(message.epoch)
            case Fenced() if message.epoch < self._epoch:
                self._rehandshake(now_s)  # the database was restored to an older epoch
            case Forked() if message.spool_id == self._spool.spool_id:
                self._rehandshake(now_s)
            case _:
                pass

    def _is_reply_to_hello(self, nonce: UUID) -> bool:
        # A slow core answers when the next hello is under way: its answer to any of them counts.
        return self.state == "handshaking" and nonce in self._nonces

    def _hello(self, now_s: float) -> list[ToCore]:
        if not self._epoch and self._spool.epoch > self._spool.base_epoch:
            self._epoch = self._spool.epoch  # requested before a crash, perhaps granted
        elif not self._epoch:
            self._request_epoch_above(self._spool.base_epoch)
        nonce = self._new_nonce()
        self._nonces.append(nonce)
        self._hello_at_s = now_s + self._hello_backoff.next_s()
        spool = self._spool
        base = (
            spool.base_epoch if self._epoch_max is None else min(spool.base_epoch, self._epoch_max)
        )
        return [
            Hello(
                connector=self.connector,
                spool_id=spool.spool_id,
                epoch=self._epoch,
                last_seq=spool.last_seq,
                last_hash=spool.last_hash,
                nonce=nonce,
                base=base,
                incarnation=self._hello_incarnation,
            )
        ]

    def _request_epoch_above(self, epoch: int) -> None:
        # A random step: two copies of a disk do not request the same epoch.
        requested = epoch + 1 + int(self._random() * EPOCH_LEAP)
        self._spool.keep_epoch(requested, epoch)  # stored first: it may be granted
        self._epoch_max = None
        self._epoch = requested

    def _on_welcome(self, welcome: Welcome, now_s: float) -> None:
        spool = self._spool
        if welcome.spool_id != spool.spool_id or welcome.epoch != self._epoch:
            return
        self._nonces.clear()
        self._was_welcomed = True
        self._hello_incarnation, self._epoch_max = welcome.incarnation, None
        if spool.base_epoch != self._epoch:
            spool.keep_epoch(self._epoch, self._epoch)
        if welcome.last_seq > spool.last_seq:
            self._replace("spool_rolled_back", welcome.at_us, now_s)
        elif welcome.last_seq < spool.base_seq or self._is_lost_by_restore(welcome):
            spool.confirm(welcome.incarnation, welcome.last_seq)
            self._replace("unrecoverable", welcome.at_us, now_s)
        elif not self._same_chain(welcome):
            self._replace("fork", welcome.at_us, now_s)
        else:
            spool.confirm(welcome.incarnation, welcome.last_seq)
            self.state = "running"
            self.acked = welcome.last_seq
            self._incarnation = welcome.incarnation
            self._sent_seq = max(self._sent_seq, welcome.last_seq)
            self._hello_backoff.reset()
            self._confirmed_at_s = now_s
            self._rewind(welcome.last_seq + 1, now_s)

    def _is_lost_by_restore(self, welcome: Welcome) -> bool:
        """Return whether a restored database may lack batches that a former spool trimmed."""
        spool = self._spool
        is_restored = spool.incarnation not in (None, welcome.incarnation)
        # Files of a cluster or a dump put back in place keep the incarnation.
        is_restored = is_restored or welcome.last_seq < spool.confirmed_seq
        return is_restored and spool.has_trimmed and welcome.last_seq == 0

    def _same_chain(self, welcome: Welcome) -> bool:
        return self._spool.hash_at(welcome.last_seq) == welcome.last_hash

    def _on_refused(self, refused: LeaseRefused, now_s: float) -> None:
        if None not in (refused.incarnation, self._hello_incarnation) and (
            refused.incarnation != self._hello_incarnation
        ):
            self._hello_incarnation, self._epoch_max = refused.incarnation, refused.epoch
            self._rehandshake(now_s, at_once=True)
            return
        if self._epoch_max is not None and refused.epoch <= self._spool.base_epoch:
            # Restored once more, to a later state: that lease was this disk's, or is older.
            self._epoch_max = refused.epoch
            self._rehandshake(now_s, at_once=True)
            return
        if self._was_welcomed and refused.incarnation in (None, self._incarnation):
            self._fence(refused.epoch)
            return
        if self._was_welcomed:  # a restored database, with a lease of an earlier disk
            self._request_epoch_above(refused.epoch)
            self._rehandshake(now_s, at_once=True)
            return
        # The lease was granted to this connector, but not to this disk: the disk is new, restored
        # from a backup, or a copy.
        cause = "spool_rolled_back" if self._spool.used else "spool_replaced"
        self._replace(cause, refused.at_us, now_s)
        self._request_epoch_above(refused.epoch)  # above the epoch in force

    def _replace(self, cause: str, core_us: int, now_s: float) -> None:
        self.alarm = cause
        self._spool.replace(cause, core_us)
        # A copy of the old spool may hold the same lease.
        self._request_epoch_above(self._epoch)
        self.acked = 0
        self._sent_seq = 0
        self._hello_backoff.reset()
        self._rewind(1, now_s)
        self._rehandshake(now_s, at_once=True)

    def _fence(self, epoch: int) -> None:
        self.state = "fenced"
        self.alarm = f"fenced: another process holds the lease with epoch {epoch}"

    def _on_ack(self, ack: Ack, now_s: float) -> None:
        if ack.spool_id != self._spool.spool_id or ack.last_seq > self._sent_seq:
            return
        if ack.incarnation != self._incarnation or ack.last_seq < self.acked:
            self._rehandshake(now_s)
            return
        if self._spool.hash_at(ack.last_seq) != ack.last_hash:
            self._rehandshake(now_s)  # another copy of this spool sent a batch of this sequence
            return
        self._confirmed_at_s = now_s
        if ack.last_seq == self.acked:
            return
        self.acked = ack.last_seq
        self._next_seq = max(self._next_seq, self.acked + 1)
        self._progress_at_s = now_s
        self._stall.reset()
        self._drop_acked()

    def _drop_acked(self) -> None:
        while self._in_flight and self._in_flight[0][0] <= self.acked:
            self._in_flight_bytes -= self._in_flight.popleft()[1]

    def _on_resend_request(self, request: ResendRequest, now_s: float) -> None:
        if request.from_seq <= self.acked:
            self._rehandshake(now_s)
        elif request.from_seq < self._next_seq and now_s - self._rewound_at_s >= HELLO_MIN_S:
            self._rewind(request.from_seq, now_s)

    def _rehandshake(self, now_s: float, *, at_once: bool = False) -> None:
        if self.state == "fenced" or (self.state == "handshaking" and not at_once):
            return
        self.state = "handshaking"
        self._nonces.clear()
        wait_s = 0.0 if at_once else HELLO_MIN_S * self._random()
        self._hello_at_s = now_s + wait_s

    def _rewind(self, seq: int, now_s: float) -> None:
        self._next_seq = seq
        while self._in_flight and self._in_flight[-1][0] >= seq:
            self._in_flight_bytes -= self._in_flight.pop()[1]
        self._drop_acked()  # a welcome acknowledges batches, too
        self._rewound_at_s = now_s
        self._progress_at_s = now_s

    def _is_stalled(self, now_s: float) -> bool:
        return now_s - self._progress_at_s >= self._stall.delay_s * (1 + self._random() / 4)

    def _batches(self, now_s: float) -> list[BatchEnvelope]:
        room = self._window_bytes - self._in_flight_bytes
        if room <= 0 or self._next_seq > self._spool.last_seq:
            return []
        if not self._in_flight:
            self._progress_at_s = now_s
        envelopes: list[BatchEnvelope] = []
        for batch in self._spool.read(self._next_seq, min(room, CHUNK_BYTES)):
            size = len(batch.payload)
            self._in_flight.append((batch.seq, size))
            self._in_flight_bytes += size
            self._next_seq = batch.seq + 1
            envelopes.append(self._envelope(batch))
        self._sent_seq = max(self._sent_seq, self._next_seq - 1)
        return envelopes

    def _envelope(self, batch: SpooledBatch) -> BatchEnvelope:
        return BatchEnvelope(
            connector=self.connector,
            spool_id=self._spool.spool_id,
            epoch=self._epoch,
            seq=batch.seq,
            prev_hash=batch.prev_hash,
            hash=batch.hash,
            lane=batch.lane,
            payload=batch.payload,
            incarnation=self._incarnation,
        )
