"""What a sender does when the database is another one, or was restored to an older state."""

import sqlite3
from uuid import UUID, uuid4

import pytest

from plumbing.sender import INCARNATION, ONE, hello_of, sender_of, welcome_to
from werknetz.events.codec import GENESIS
from werknetz.link.receiver import Receiver
from werknetz.link.sender import Sender
from werknetz.link.watermark import Watermark, answer_hello, is_set_back
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Fenced,
    Hello,
    LeaseRefused,
    Welcome,
)
from werknetz_edge.spool.spool import Spool


def test_a_database_older_than_the_spool_is_reported() -> None:
    sender, spool = sender_of(3)
    spool.trim(2, retention_us=0)
    before = spool.spool_id
    hello = hello_of(sender)
    sender.on_message(Welcome(hello.nonce, hello.epoch, before, 1, b"x" * 16, INCARNATION), 0.0)
    assert spool.spool_id != before
    assert sender.alarm == "unrecoverable"


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


@pytest.mark.parametrize(("in_force", "base"), [(3, 3), (0, 0), (2**40, None)])
def test_a_hello_for_another_database_builds_on_the_lease_that_it_knows(
    in_force: int, base: int | None
) -> None:
    """Otherwise the restored database would take it for a sign that it was set back once more."""
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    granted, restored = sender.epoch, UUID(int=78)
    sender = Sender("press", spool, random=lambda: 0.5, nonce=uuid4)
    hello = hello_of(sender)
    assert (hello.base, hello.incarnation) == (granted, INCARNATION)
    sender.on_message(LeaseRefused(hello.nonce, in_force, incarnation=restored), 0.1)
    hello = hello_of(sender, 0.1)
    assert (hello.base, hello.incarnation) == (granted if base is None else base, restored)
    if base is None:
        return
    row = Watermark(spool.spool_id, in_force, 0, GENESIS)
    assert not is_set_back(row, hello, restored)
    sender.on_message(answer_hello(row, hello, restored), 0.2)
    sender.on_link_changed(0.3)
    assert hello_of(sender, 0.3).base == hello.epoch  # granted by this database


def test_a_lease_of_a_third_database_is_known_after_its_refusal() -> None:
    """A refusal of the second database says nothing about the lease of the third."""
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    hello = hello_of_again(sender, 1.0)
    sender.on_message(LeaseRefused(hello.nonce, 0, incarnation=UUID(int=78)), 1.1)
    hello = hello_of(sender, 1.1)
    sender.on_message(LeaseRefused(hello.nonce, 2**40, incarnation=UUID(int=78)), 1.2)
    assert hello_of(sender, 1.2).base == 2**40


@pytest.mark.parametrize(("above_own", "is_fenced"), [(-1, False), (0, False), (1, True)])
def test_a_database_that_is_restored_twice_fences_only_for_a_lease_above_the_own_one(
    above_own: int, is_fenced: bool
) -> None:
    """First to a state before the lease, then to a later one, while the hello is on its way."""
    sender, spool = sender_of(1)
    welcome_to(sender, spool)
    granted = sender.epoch
    sender.on_message(Ack(UUID(int=78), spool.spool_id, 0, GENESIS), 0.2)
    hello = hello_of(sender, 2.0)
    sender.on_message(LeaseRefused(hello.nonce, 3, incarnation=UUID(int=78)), 2.1)
    hello = hello_of(sender, 2.1)
    sender.on_message(LeaseRefused(hello.nonce, 3, incarnation=INCARNATION), 2.2)
    hello = hello_of(sender, 2.2)
    assert (hello.base, hello.incarnation) == (3, INCARNATION)
    in_force = granted + above_own
    sender.on_message(LeaseRefused(hello.nonce, in_force, incarnation=INCARNATION), 2.3)
    assert sender.is_fenced == is_fenced
    if not is_fenced:
        row = Watermark(spool.spool_id, in_force, 1, spool.hash_at(1) or b"")
        sender.on_message(answer_hello(row, hello_of(sender, 2.3), INCARNATION), 2.4)
        assert sender.state == "running"


def hello_of_again(sender: Sender, now_s: float) -> Hello:
    sender.on_link_changed(now_s)
    return hello_of(sender, now_s)
