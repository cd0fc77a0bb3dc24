"""When the sender sends, waits, repeats and shakes hands again. Its random number is always 0.5."""

import sqlite3
from uuid import UUID, uuid4

import pytest

from werknetz.events.batch import Samples
from werknetz.link.sender import (
    CONFIRM_EVERY_S,
    EPOCH_LEAP,
    HELLO_MAX_S,
    HELLO_MIN_S,
    STALL_MAX_S,
    STALL_S,
    Sender,
)
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Fenced,
    Forked,
    Hello,
    LeaseRefused,
    ResendRequest,
    Welcome,
)
from werknetz_edge.spool.spool import Spool

INCARNATION = UUID(int=77)
SAMPLE = Samples(point=bytes(4), time=bytes(8), value=bytes(8), status=bytes(4))


class Line:
    """A sender, its spool, and the replies of a core that knows the same chain."""

    def __init__(self, batches: int = 0) -> None:
        database = sqlite3.connect(":memory:", isolation_level=None)
        self.spool = Spool(database, "press", clock_us=lambda: 5)
        for _ in range(batches):
            self.spool.append([SAMPLE])
        self.sender = Sender("press", self.spool, random=lambda: 0.5, nonce=uuid4)

    def hello(self, now_s: float = 0.0) -> Hello:
        [hello] = self.sender.poll(now_s)
        assert isinstance(hello, Hello)
        return hello

    def connect(self, last_seq: int = 0, now_s: float = 0.0) -> None:
        hello, digest = self.hello(now_s), self.spool.hash_at(last_seq)
        assert digest is not None
        welcome = Welcome(
            hello.nonce, hello.epoch, self.spool.spool_id, last_seq, digest, INCARNATION
        )
        self.sender.on_message(welcome, now_s)

    def ack(self, seq: int, now_s: float, incarnation: UUID = INCARNATION) -> None:
        digest = self.spool.hash_at(seq) or b""
        self.sender.on_message(Ack(incarnation, self.spool.spool_id, seq, digest), now_s)

    def seqs(self, now_s: float) -> list[int]:
        return [m.seq for m in self.sender.poll(now_s) if isinstance(m, BatchEnvelope)]


def test_hellos_are_repeated_with_doubled_delays_up_to_the_limit() -> None:
    line, now_s, delay_s = Line(), 0.0, HELLO_MIN_S
    while delay_s < HELLO_MAX_S:
        assert line.hello(now_s)
        assert line.sender.poll(now_s + delay_s - 0.01) == []
        now_s, delay_s = now_s + delay_s, delay_s * 2
    line.connect(now_s=now_s)
    line.sender.on_link_changed(now_s)
    assert line.hello(now_s)
    assert line.hello(now_s + HELLO_MIN_S)  # a welcome resets the delay


def test_a_welcome_up_to_the_last_batch_leaves_nothing_to_send() -> None:
    line = Line(3)
    spool_id = line.spool.spool_id
    line.connect(last_seq=3)
    assert (line.sender.state, line.sender.acked, line.spool.spool_id) == ("running", 3, spool_id)
    assert line.seqs(0.0) == []
    line.spool.append([SAMPLE])
    assert line.seqs(0.0) == [4]


def test_a_welcome_of_trimmed_batches_starts_a_new_spool_and_of_the_last_trimmed_does_not() -> None:
    for last_seq, is_replaced in ((2, False), (1, True)):
        line = Line(3)
        line.connect()
        assert line.seqs(0.0) == [1, 2, 3]
        line.ack(3, 1.0)
        line.spool.trim(2, retention_us=0)
        before = line.spool.spool_id
        line.sender.on_link_changed(2.0)
        hello = line.hello(2.0)
        digest = line.spool.hash_at(last_seq) or b"x" * 16
        line.sender.on_message(
            Welcome(hello.nonce, hello.epoch, before, last_seq, digest, INCARNATION), 2.0
        )
        assert (line.spool.spool_id != before) == is_replaced


def test_an_ack_above_what_was_sent_is_ignored() -> None:
    line = Line(2)
    line.connect()
    assert line.seqs(0.0) == [1, 2]
    line.spool.append([SAMPLE])
    line.ack(3, 1.0)  # of a copy of the spool, which has sent it
    assert (line.sender.acked, line.sender.state) == (0, "running")
    line.ack(2, 1.0)
    assert line.sender.acked == 2
    assert line.seqs(1.0) == [3]


def test_acks_that_contradict_lead_to_a_handshake() -> None:
    for seq, incarnation, digest in (
        (2, UUID(int=9), None),
        (1, INCARNATION, None),
        (2, INCARNATION, b"twin"),
    ):
        line = Line(3)
        line.connect()
        assert line.seqs(0.0) == [1, 2, 3]
        line.ack(2, 1.0)
        hash_ = digest or line.spool.hash_at(seq) or b""
        line.sender.on_message(Ack(incarnation, line.spool.spool_id, seq, hash_), 1.0)
        assert line.sender.state == "handshaking"
        assert line.sender.poll(1.0 + HELLO_MIN_S * 0.5 - 0.01) == []
        assert line.hello(1.0 + HELLO_MIN_S * 0.5)


def test_without_an_ack_the_sender_shakes_hands_again_and_then_waits_longer() -> None:
    line, now_s, stall_s = Line(1), 0.0, STALL_S
    line.connect()
    assert line.seqs(now_s) == [1]
    while stall_s < CONFIRM_EVERY_S / 2:
        assert line.sender.poll(now_s + stall_s * 1.125 - 0.01) == []
        now_s += stall_s * 1.125
        line.connect(now_s=now_s)
        assert line.seqs(now_s) == [1]
        stall_s = min(stall_s * 2, STALL_MAX_S)
    line.ack(1, now_s + 1)  # progress resets the delay
    line.spool.append([SAMPLE])
    assert line.seqs(now_s + 2) == [2]
    assert line.sender.poll(now_s + 2 + STALL_S * 1.125 - 0.01) == []
    assert line.hello(now_s + 2 + STALL_S * 1.125)


def test_a_quiet_sender_confirms_that_the_core_still_knows_it() -> None:
    line = Line(1)
    line.connect(last_seq=1)
    assert line.sender.poll(CONFIRM_EVERY_S - 0.01) == []
    line.ack(1, 50.0)  # a repeated ack confirms as well
    assert line.sender.poll(CONFIRM_EVERY_S + 49.99) == []
    assert line.hello(CONFIRM_EVERY_S + 50.0)


def test_a_request_rewinds_once_a_second_and_never_forward() -> None:
    line = Line(4)
    line.connect()
    assert line.seqs(0.0) == [1, 2, 3, 4]
    line.ack(1, 0.5)
    line.sender.on_message(ResendRequest(UUID(int=5), 2), 2.0)  # another spool
    line.sender.on_message(ResendRequest(line.spool.spool_id, 5), 2.0)  # not sent yet
    assert line.seqs(2.0) == []
    line.sender.on_message(ResendRequest(line.spool.spool_id, 3), 2.0)
    assert line.seqs(2.0) == [3, 4]
    line.sender.on_message(ResendRequest(line.spool.spool_id, 3), 2.0 + HELLO_MIN_S - 0.01)
    assert line.seqs(2.99) == []
    line.sender.on_message(ResendRequest(line.spool.spool_id, 2), 2.0 + HELLO_MIN_S)
    assert line.seqs(3.0) == [2, 3, 4]
    line.sender.on_message(ResendRequest(line.spool.spool_id, 1), 5.0)
    assert line.sender.state == "handshaking"  # the core lacks what it has acknowledged


def test_a_fork_leads_to_a_handshake_and_that_of_another_spool_does_not() -> None:
    line = Line(1)
    line.connect()
    line.sender.on_message(Forked(UUID(int=5), 1, b""), 1.0)
    assert line.sender.state == "running"
    line.sender.on_message(Forked(line.spool.spool_id, 1, b""), 1.0)
    assert line.sender.state == "handshaking"


def test_fencing_needs_a_newer_epoch() -> None:
    line = Line(1)
    line.connect()
    line.sender.on_message(Fenced(line.sender.epoch), 1.0)
    assert line.sender.state == "running"
    line.sender.on_message(Fenced(line.sender.epoch + 1), 1.0)
    assert line.sender.is_fenced
    assert "fenced" in line.sender.alarm
    line.sender.on_link_changed(2.0)
    assert line.sender.poll(100.0) == []


@pytest.mark.parametrize("is_used", [False, True])
def test_a_refused_sender_starts_a_new_spool_above_the_lease_in_force(is_used: bool) -> None:
    line = Line(1)
    if is_used:
        line.connect()
        sender = Sender("press", line.spool, random=lambda: 0.5, nonce=uuid4)
        line.sender = sender
    before, hello = line.spool.spool_id, line.hello()
    line.sender.on_message(LeaseRefused(hello.nonce, 10_000_000), 0.0)
    assert line.spool.spool_id != before
    assert line.sender.alarm == ("spool_rolled_back" if is_used else "spool_replaced")
    again = line.hello()
    assert (again.base, again.epoch) == (10_000_000, 10_000_001 + EPOCH_LEAP // 2)
    assert again.spool_id == line.spool.spool_id


def test_a_welcomed_sender_that_is_refused_is_fenced() -> None:
    line = Line(1)
    line.connect()
    line.sender.on_link_changed(1.0)
    hello = line.hello(1.0)
    line.sender.on_message(LeaseRefused(hello.nonce, hello.epoch + 5), 1.0)
    assert line.sender.is_fenced


def test_after_a_crash_the_requested_epoch_is_requested_again() -> None:
    line = Line(1)
    requested = line.hello().epoch
    line.sender = Sender("press", line.spool, random=lambda: 0.5, nonce=uuid4)
    assert line.hello().epoch == requested
    line.sender.on_link_changed(1.0)
    line.connect(now_s=1.0)
    assert (line.spool.epoch, line.spool.base_epoch) == (requested, requested)
    line.sender = Sender("press", line.spool, random=lambda: 0.5, nonce=uuid4)
    assert line.hello().epoch == requested + 1 + EPOCH_LEAP // 2
