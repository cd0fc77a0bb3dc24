"""The handshake and the acks, message by message; the simulation covers their combinations."""

import sqlite3
from uuid import UUID, uuid4

import pytest

from werknetz.events.batch import GapClosed, Samples
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
from werknetz_edge.spool.spool import Spool

INCARNATION = UUID(int=77)
ONE = Samples(point=bytes(4), time=bytes(8), value=bytes(8), status=bytes(4))


def sender_of(batches: int = 0, window_bytes: int = 1_000_000) -> tuple[Sender, Spool]:
    spool = Spool(sqlite3.connect(":memory:", isolation_level=None), "press", clock_us=lambda: 5)
    for _ in range(batches):
        spool.append([ONE])
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4, window_bytes=window_bytes)
    return sender, spool


def hello_of(sender: Sender, now_s: float = 0.0) -> Hello:
    (hello,) = sender.poll(now_s)
    assert isinstance(hello, Hello)
    return hello


def welcome_to(sender: Sender, spool: Spool, last_seq: int = 0, now_s: float = 0.0) -> None:
    hello = hello_of(sender, now_s)
    digest = spool.hash_at(last_seq) or b"?"
    sender.on_message(
        Welcome(hello.nonce, hello.epoch, spool.spool_id, last_seq, digest, INCARNATION), now_s
    )


def seqs(sender: Sender, now_s: float) -> list[int]:
    return [message.seq for message in sender.poll(now_s) if isinstance(message, BatchEnvelope)]


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


def test_a_database_older_than_the_spool_is_reported() -> None:
    sender, spool = sender_of(3)
    spool.trim(2, retention_us=0)
    before = spool.spool_id
    hello = hello_of(sender)
    sender.on_message(Welcome(hello.nonce, hello.epoch, before, 1, b"x" * 16, INCARNATION), 0.0)
    assert spool.spool_id != before
    assert sender.alarm == "unrecoverable"


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


def test_a_hello_that_two_incarnations_answer_hides_no_loss() -> None:
    """The reply of the first arrives, the second is restored: trimmed batches become a gap.

    Both grant the same epoch. If the second applied batches before the sender has met it, its
    watermark would no longer show that it lacks what the replaced spool had trimmed.
    """
    restored = UUID(int=78)
    clock = [5]
    spool = Spool(
        sqlite3.connect(":memory:", isolation_level=None), "press", clock_us=lambda: clock[0]
    )
    spool.append([ONE])
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    welcome_to(sender, spool)
    sender.poll(0.1)
    sender.on_message(Ack(INCARNATION, spool.spool_id, 1, spool.last_hash), 0.2)
    clock[0] = 9
    assert spool.trim(1, retention_us=0) == 1
    spool.append([ONE])
    spool.replace("fork")
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    welcome_to(sender, spool)  # by the first incarnation, before its database is restored
    batches = [message for message in sender.poll(1.0) if isinstance(message, BatchEnvelope)]
    row = Watermark(spool.spool_id, sender.epoch, 0, GENESIS)  # the repeated hello set the epoch
    plan = Receiver("press", restored).plan(row, batches, 1.0)
    assert (len(batches), plan.run) == (2, ())
    for reply in plan.replies:
        sender.on_message(reply, 1.1)
    first = hello_of(sender, 3.0)
    assert first.incarnation == INCARNATION
    sender.on_message(answer_hello(row, first, restored), 3.1)
    hello = hello_of(sender, 3.1)
    assert (hello.incarnation, hello.epoch, hello.base) == (restored, first.epoch, first.base)
    sender.on_message(answer_hello(row, hello, restored), 3.2)
    assert sender.alarm == "unrecoverable"


def test_a_lease_that_only_a_restored_database_knows_fences_nobody() -> None:
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    granted = sender.epoch
    sender.on_message(Ack(UUID(int=78), spool.spool_id, 0, GENESIS), 0.2)
    for now_s in (2.0, 2.1):  # a hello for the former database, then one for the restored one
        hello = hello_of(sender, now_s)
        sender.on_message(LeaseRefused(hello.nonce, granted + 7, incarnation=UUID(int=78)), now_s)
        assert sender.state == "handshaking"
    again = hello_of(sender, 2.1)
    assert again.epoch > again.base == granted + 7
    assert (again.spool_id, spool.last_seq) == (hello.spool_id, 1)  # nothing was replaced


@pytest.mark.parametrize("incarnation", [INCARNATION, None])
def test_a_lease_of_the_same_database_fences(incarnation: UUID | None) -> None:
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    sender.on_link_changed(1.0)
    hello = hello_of(sender, 1.0)
    sender.on_message(LeaseRefused(hello.nonce, 2**30, incarnation=incarnation), 1.1)
    assert sender.is_fenced


def test_what_a_restored_database_lacks_may_overlap() -> None:
    """Another copy of the spool may have sent it under another id."""
    sender, spool = sender_of(3)
    welcome_to(sender, spool)
    assert [batch.lane for batch in spool.read(1, 10_000)] == ["live"] * 3
    sender.on_message(Ack(UUID(int=78), spool.spool_id, 0, GENESIS), 0.2)
    hello = hello_of(sender, 2.0)
    welcome = Welcome(
        hello.nonce, hello.epoch, spool.spool_id, 2, spool.hash_at(2) or b"", UUID(int=78)
    )
    sender.on_message(welcome, 2.1)
    assert [batch.lane for batch in spool.read(1, 10_000)] == ["live", "live", "backfill"]


@pytest.mark.parametrize(
    ("incarnation", "state"),
    [(None, "fenced"), (INCARNATION, "fenced"), (UUID(int=78), "handshaking")],
)
def test_only_the_database_of_the_welcome_fences(incarnation: UUID | None, state: str) -> None:
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    sender.on_message(Fenced(sender.epoch + 1, incarnation), 0.2)
    assert sender.state == state


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


@pytest.mark.parametrize("incarnation", [INCARNATION, None])
def test_a_refused_disk_that_no_database_has_confirmed_is_replaced_at_once(
    incarnation: UUID | None,
) -> None:
    sender, spool = sender_of(1)
    hello = hello_of(sender)
    assert hello.incarnation is None
    sender.on_message(LeaseRefused(hello.nonce, 7, 99, incarnation), 0.1)
    assert sender.alarm == "spool_replaced"
    assert spool.spool_id != hello.spool_id
    assert hello_of(sender, 0.1).base == 7


def test_a_restarted_process_greets_a_restored_database_before_it_takes_over() -> None:
    """Refused once for the other database, then for its lease: only that replaces the spool."""
    former, spool = sender_of(1)
    welcome_to(former, spool)
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    hello = hello_of(sender)
    assert hello.incarnation == INCARNATION
    sender.on_message(LeaseRefused(hello.nonce, 2**30, incarnation=UUID(int=78)), 0.1)
    again = hello_of(sender, 0.1)
    assert (again.spool_id, again.epoch) == (hello.spool_id, hello.epoch)
    sender.on_message(LeaseRefused(again.nonce, 2**30, incarnation=UUID(int=78)), 0.2)
    assert sender.alarm == "spool_rolled_back"
    assert hello_of(sender, 0.2).base == 2**30


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


def test_a_watermark_that_fell_is_a_restore_although_the_incarnation_is_the_same() -> None:
    """A dump or files that are put back in place keep it; the newer database is remembered."""
    clock = [5]
    spool = Spool(
        sqlite3.connect(":memory:", isolation_level=None), "press", clock_us=lambda: clock[0]
    )
    spool.append([ONE])
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    welcome_to(sender, spool, last_seq=1)
    assert spool.trim(1, retention_us=0) == 1
    spool.replace("fork")
    spool.append([ONE])
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    welcome_to(sender, spool, last_seq=0)
    assert sender.alarm == ""
    sender.on_link_changed(1.0)
    welcome_to(sender, spool, last_seq=2, now_s=1.0)
    assert spool.confirmed_seq == 2
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    welcome_to(sender, spool, last_seq=0)
    assert sender.alarm == "unrecoverable"
    assert spool.confirmed_seq == 0
