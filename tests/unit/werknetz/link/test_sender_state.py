"""What a sender remembers, and what a new spool, an ack and a rewind change of it."""

import sqlite3
from uuid import uuid4

import pytest

from plumbing.sender import INCARNATION, hello_of, sender_of, seqs, welcome_to
from werknetz.link.sender import HELLO_MIN_S, STALL_S, Sender
from werknetz.link.wire import Ack, Hello, LeaseRefused, ResendRequest, Welcome
from werknetz_edge.spool.spool import Spool


def ack(sender: Sender, spool: Spool, seq: int, now_s: float = 1.0) -> None:
    digest = spool.hash_at(seq) or b""
    sender.on_message(Ack(INCARNATION, spool.spool_id, seq, digest), now_s)


def test_a_new_sender_has_nothing_acknowledged() -> None:
    sender, _ = sender_of(2)
    assert (sender.acked, sender.epoch, sender.state, sender.alarm) == (0, 0, "handshaking", "")


def test_a_restart_requests_the_same_epoch_whatever_its_random_number() -> None:
    spool = Spool(sqlite3.connect(":memory:", isolation_level=None), "press", clock_us=lambda: 5)
    first = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    again = Sender("press", spool, random=lambda: 0.9, nonce=uuid4)
    assert hello_of(first).epoch == hello_of(again).epoch


def test_a_granted_epoch_is_followed_by_one_above_it() -> None:
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    again = Sender("press", spool, random=lambda: 0.0, nonce=uuid4)
    assert hello_of(again).epoch == sender.epoch + 1


@pytest.mark.parametrize("is_spool_right", [True, False])
def test_a_welcome_of_another_spool_or_epoch_changes_nothing(is_spool_right: bool) -> None:
    sender, spool = sender_of(1)
    hello = hello_of(sender)
    spool_id = spool.spool_id if is_spool_right else uuid4()
    epoch = hello.epoch + is_spool_right
    sender.on_message(Welcome(hello.nonce, epoch, spool_id, 0, bytes(16), INCARNATION), 0.0)
    assert (sender.state, sender.alarm) == ("handshaking", "")


def test_a_new_spool_has_a_new_epoch_and_an_early_hello() -> None:
    sender, spool = sender_of(3)
    now_s = 0.0
    for _ in range(4):  # each hello waits longer for an answer
        hello = hello_of(sender, now_s)
        now_s += 10.0
    sender.on_message(
        Welcome(hello.nonce, hello.epoch, spool.spool_id, 9, b"x" * 16, INCARNATION), now_s
    )
    assert sender.alarm == "spool_rolled_back"
    [repeated] = sender.poll(now_s)
    assert isinstance(repeated, Hello)
    assert repeated.epoch > hello.epoch
    assert sender.poll(now_s + HELLO_MIN_S)


def test_a_new_spool_has_sent_nothing() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    sender.on_link_changed(1.0)
    hello = hello_of(sender, 1.0)
    sender.on_message(
        Welcome(hello.nonce, hello.epoch, spool.spool_id, 9, b"x" * 16, INCARNATION), 1.0
    )
    for seq in (1, 2):
        ack(sender, spool, seq)
        assert sender.acked == 0


def test_what_is_acknowledged_is_not_sent_again_after_a_rewind() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    sender.on_message(ResendRequest(spool.spool_id, 1), 5.0)
    ack(sender, spool, 2, 5.0)
    assert seqs(sender, 5.0) == [3]
    ack(sender, spool, 3, 5.1)
    assert seqs(sender, 5.1) == []


def test_an_ack_of_some_batches_opens_the_window_by_them() -> None:
    size = len(sender_of(1)[1].read(1, 1)[0].payload)
    sender, spool = sender_of(5, window_bytes=2 * size)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2]
    assert seqs(sender, 0.0) == []
    ack(sender, spool, 1)
    assert seqs(sender, 1.0) == [3]


def test_a_window_with_one_byte_left_lets_a_batch_pass() -> None:
    size = len(sender_of(1)[1].read(1, 1)[0].payload)
    sender, spool = sender_of(5, window_bytes=2 * size + 1)
    welcome_to(sender, spool)
    sent = seqs(sender, 0.0)
    while more := seqs(sender, 0.0):
        sent += more
    assert sent == [1, 2, 3]


def test_progress_begins_the_wait_for_a_stall_again() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    ack(sender, spool, 1, STALL_S - 1)
    assert sender.poll(STALL_S * 1.5) == []
    assert isinstance(sender.poll(STALL_S * 2.5)[0], Hello)


def test_a_rewind_begins_the_wait_for_a_stall_again() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    sender.on_message(ResendRequest(spool.spool_id, 3), STALL_S - 1)
    assert seqs(sender, STALL_S - 1) == [3]
    assert sender.poll(STALL_S * 1.5) == []


def test_progress_makes_the_next_stall_a_short_one() -> None:
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert seqs(sender, 0.0) == [1, 2, 3]
    now_s = STALL_S * 1.2
    welcome_to(sender, spool, now_s=now_s)  # after a stall: the next one takes twice as long
    assert seqs(sender, now_s) == [1, 2, 3]
    ack(sender, spool, 1, now_s)
    assert isinstance(sender.poll(now_s + STALL_S * 1.2)[0], Hello)


def test_a_refused_disk_requests_an_epoch_above_the_lease() -> None:
    sender, _ = sender_of(1)
    hello = hello_of(sender)
    sender.on_message(LeaseRefused(hello.nonce, hello.epoch + 500, 0, None), 0.0)
    assert hello_of(sender).epoch > hello.epoch + 500
