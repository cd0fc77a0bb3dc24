"""The handshake and the acks, message by message; the simulation covers their combinations."""

from uuid import UUID, uuid4

import pytest

from plumbing.sender import INCARNATION, hello_of, sender_of, seqs, welcome_to
from werknetz.events.batch import GapClosed
from werknetz.events.codec import GENESIS, decode
from werknetz.link.receiver import Receiver
from werknetz.link.sender import NONCES_MAX, STALL_S, Sender
from werknetz.link.watermark import Watermark, answer_hello
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Fenced,
    Hello,
    LeaseRefused,
    ResendRequest,
    Welcome,
)


def test_batches_wait_for_the_welcome() -> None:
    sender, spool = sender_of(2)
    assert isinstance(sender.poll(0.0)[0], Hello)
    assert sender.poll(0.1) == []
    sender, spool = sender_of(2)
    welcome_to(sender, spool)
    assert seqs(sender, 0.2) == [1, 2]


def test_a_welcome_of_another_nonce_changes_nothing() -> None:
    sender, spool = sender_of(1)
    hello = hello_of(sender)
    sender.on_message(Welcome(uuid4(), hello.epoch, spool.spool_id, 0, bytes(16), INCARNATION), 0.0)
    assert sender.state == "handshaking"


@pytest.mark.parametrize(
    ("ack", "acked"),
    [
        (Ack(INCARNATION, UUID(int=0), 1, b""), 0),  # another spool
        (Ack(INCARNATION, UUID(int=1), 3, b""), 0),  # never sent
        (Ack(UUID(int=9), UUID(int=1), 1, b""), 0),  # an unknown incarnation of the database
        (Ack(INCARNATION, UUID(int=1), 1, b"twin"), 0),  # of a copy of the spool
        (Ack(INCARNATION, UUID(int=1), 1, b""), 1),
    ],
)
def test_an_ack_is_taken_only_when_it_fits(ack: Ack, acked: int) -> None:
    sender, spool = sender_of(2)
    welcome_to(sender, spool)
    sender.poll(0.0)
    spool_id = spool.spool_id if ack.spool_id == UUID(int=1) else ack.spool_id
    digest = ack.last_hash or spool.hash_at(ack.last_seq) or b""
    sender.on_message(Ack(ack.incarnation, spool_id, ack.last_seq, digest), 1.0)
    assert sender.acked == acked


def test_the_window_bounds_what_is_in_flight() -> None:
    sender, spool = sender_of(10, window_bytes=120)
    welcome_to(sender, spool)
    sent = seqs(sender, 0.0)
    while more := seqs(sender, 0.0):
        sent += more
    assert 1 <= len(sent) < 10
    sender.on_message(
        Ack(INCARNATION, spool.spool_id, sent[-1], spool.hash_at(sent[-1]) or b""), 1.0
    )
    assert seqs(sender, 1.0)[0] == sent[-1] + 1


def test_need_and_silence_send_again() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    sender.on_message(ResendRequest(spool.spool_id, 2), 5.0)
    assert seqs(sender, 5.0) == [2, 3]
    now_s = 5.0 + STALL_S * 2
    welcome_to(sender, spool, last_seq=1, now_s=now_s)
    assert seqs(sender, now_s) == [2, 3]


def test_a_core_that_knows_more_means_a_new_spool() -> None:
    sender, spool = sender_of(2)
    before = spool.spool_id
    hello = hello_of(sender)
    sender.on_message(Welcome(hello.nonce, hello.epoch, before, 5, b"x" * 16, INCARNATION), 0.0)
    assert spool.spool_id != before
    assert sender.alarm == "spool_rolled_back"
    assert hello_of(sender).spool_id == spool.spool_id


def test_a_newer_lease_fences_and_an_older_one_does_not() -> None:
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    sender.on_message(Fenced(sender.epoch - 1), 1.0)
    assert sender.state == "handshaking"
    welcome_to(sender, spool, now_s=10.0)
    sender.on_message(Fenced(sender.epoch + 1), 11.0)
    assert sender.is_fenced
    assert sender.poll(100.0) == []


def test_a_repeated_hello_changes_nothing_and_a_twin_is_refused() -> None:
    row = Watermark(UUID(int=1), 7, 0, bytes(16))
    late = Hello("press", UUID(int=1), 5, 0, bytes(16), UUID(int=2), base=4)
    again = Hello("press", UUID(int=1), 7, 0, bytes(16), UUID(int=2), base=4)
    later = Hello("press", UUID(int=1), 9, 0, bytes(16), UUID(int=2), base=7)
    assert answer_hello(row, late, INCARNATION) == LeaseRefused(
        UUID(int=2), 7, incarnation=INCARNATION
    )
    assert isinstance(answer_hello(row, again, INCARNATION), Welcome)
    assert isinstance(answer_hello(row, later, INCARNATION), Welcome)


def test_the_writer_applies_the_run_and_requests_missing_batches() -> None:
    sender, spool = sender_of(5)
    welcome_to(sender, spool)
    batches = [message for message in sender.poll(0.0) if isinstance(message, BatchEnvelope)]
    row = Watermark(spool.spool_id, sender.epoch, 0, bytes(16))
    receiver = Receiver("press", INCARNATION)
    plan = receiver.plan(row, [batches[4], batches[1], batches[0], batches[1]], 0.0)
    assert [envelope.seq for envelope in plan.run] == [1, 2]
    ack = Ack(INCARNATION, spool.spool_id, 2, batches[1].hash)
    assert plan.replies == (ack, ResendRequest(spool.spool_id, 3))
    again = receiver.plan(plan.watermark, [batches[4]], 0.1)
    assert again.replies == ()
    assert receiver.repeat_acks(5.0) == [ack]


def test_a_welcome_empties_the_window() -> None:
    sender, spool = sender_of(20, window_bytes=120)
    welcome_to(sender, spool)
    sent = []
    while more := seqs(sender, 0.0):
        sent += more
    sender.on_link_changed(1.0)
    welcome_to(sender, spool, last_seq=sent[-1], now_s=1.0)
    assert seqs(sender, 1.0)[0] == sent[-1] + 1


@pytest.mark.parametrize("from_seq", [1, 2, 3, 4])
def test_batches_that_are_sent_again_leave_the_window(from_seq: int) -> None:
    _, spool = sender_of(9)
    size = len(spool.read(1, 1)[0].payload)
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4, window_bytes=4 * size)
    welcome_to(sender, spool)
    assert seqs(sender, 0.1) == [1, 2, 3, 4]
    assert seqs(sender, 0.2) == []
    sender.on_message(ResendRequest(spool.spool_id, from_seq), 5.0)
    assert seqs(sender, 5.1) == [*range(from_seq, 5)]
    assert seqs(sender, 5.2) == []
    sender.on_message(Ack(INCARNATION, spool.spool_id, 4, spool.hash_at(4) or b""), 5.3)
    assert seqs(sender, 5.4) == [5, 6, 7, 8]


def test_the_gap_of_a_replaced_spool_lasts_until_the_clock_of_the_core() -> None:
    for core_us, expected in ((4, 5), (60, 60)):  # the clock of this spool stands at 5
        sender, spool = sender_of(1)
        hello = hello_of(sender)
        welcome = Welcome(
            hello.nonce, hello.epoch, spool.spool_id, 1, b"another", INCARNATION, core_us
        )
        sender.on_message(welcome, 0.1)
        closed = decode(spool.read(1, 1)[0].payload).records[1]
        assert isinstance(closed, GapClosed)
        assert (sender.alarm, closed.to_us) == ("fork", expected)


def test_the_answer_to_an_earlier_hello_of_this_handshake_counts() -> None:
    """A core that is slower than the next hello would otherwise never be in time."""
    sender, spool = sender_of(1)
    first = hello_of(sender, 0.0)
    second = hello_of(sender, 2.0)
    assert first.nonce != second.nonce
    sender.on_message(
        Welcome(first.nonce, first.epoch, spool.spool_id, 0, GENESIS, INCARNATION), 3.0
    )
    assert sender.state == "running"


def test_the_answer_to_an_earlier_handshake_does_not_count() -> None:
    sender, spool = sender_of(1)
    first = hello_of(sender, 0.0)
    sender.on_link_changed(0.5)
    hello_of(sender, 0.5)
    sender.on_message(
        Welcome(first.nonce, first.epoch, spool.spool_id, 0, GENESIS, INCARNATION), 3.0
    )
    assert sender.state == "handshaking"


def test_only_the_newest_hellos_are_remembered() -> None:
    sender, spool = sender_of(1)
    hellos = [hello_of(sender, 100.0 * turn) for turn in range(NONCES_MAX + 1)]
    for hello, state in ((hellos[0], "handshaking"), (hellos[1], "running")):
        welcome = Welcome(hello.nonce, hello.epoch, spool.spool_id, 0, GENESIS, INCARNATION)
        sender.on_message(welcome, 1000.0)
        assert sender.state == state


def test_a_second_stall_takes_twice_as_long() -> None:
    """The core may only be slow: each stall without progress waits longer than the one before."""
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1]
    stalled_s = STALL_S * 1.125  # with this random number
    assert sender.poll(stalled_s - 0.01) == []
    welcome_to(sender, spool, now_s=stalled_s)
    assert seqs(sender, stalled_s) == [1]
    assert sender.poll(2 * stalled_s + 0.01) == []
    assert sender.state == "running"


def test_a_replaced_spool_has_nothing_acknowledged() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool, last_seq=2)
    sender.poll(0.1)
    sender.on_link_changed(1.0)
    hello = hello_of(sender, 1.0)
    sender.on_message(
        Welcome(hello.nonce, hello.epoch, spool.spool_id, 2, b"another", INCARNATION), 1.1
    )
    assert (sender.alarm, sender.acked) == ("fork", 0)
