"""Which batches the writer applies, and which replies it sends."""

from uuid import UUID

import msgspec

from werknetz.events.codec import GENESIS, chain_hash
from werknetz.link.receiver import ACKED_SPOOLS_MAX, Receiver
from werknetz.link.watermark import Watermark
from werknetz.link.wire import Ack, BatchEnvelope, Fenced, Forked, ResendRequest

SPOOL, INCARNATION = UUID(int=1), UUID(int=2)
NEW = Watermark(SPOOL, 7, 0, GENESIS)


def chain(count: int) -> list[BatchEnvelope]:
    batches, previous = [], GENESIS
    for seq in range(1, count + 1):
        payload = b"p%d" % seq
        digest = chain_hash(previous, payload)
        batches.append(BatchEnvelope("press", SPOOL, 7, seq, previous, digest, "live", payload))
        previous = digest
    return batches


def damage_payload(batch: BatchEnvelope) -> BatchEnvelope:
    return msgspec.structs.replace(batch, payload=b"damaged")


def ack_of(batch: BatchEnvelope) -> Ack:
    return Ack(INCARNATION, SPOOL, batch.seq, batch.hash)


def test_a_good_copy_after_a_damaged_one_leaves_nothing_missing() -> None:
    first, second = chain(2)
    plan = Receiver("press", INCARNATION).plan(NEW, [first, damage_payload(second), second], 0.0)
    assert plan.run == (first, second)
    assert plan.replies == (ack_of(second),)
    plan = Receiver("press", INCARNATION).plan(NEW, [first, damage_payload(second)], 0.0)
    assert plan.run == (first,)
    assert plan.replies == (ack_of(first), ResendRequest(SPOOL, 2))


def test_duplicates_are_acknowledged_again() -> None:
    first, second = chain(2)
    row = Watermark(SPOOL, 7, 2, second.hash)
    plan = Receiver("press", INCARNATION).plan(row, [first, second], 0.0)
    assert (plan.run, plan.watermark, plan.replies) == ((), row, (ack_of(second),))
    assert Receiver("press", INCARNATION).plan(row, [], 0.0).replies == ()


def test_a_batch_of_another_epoch_is_fenced_and_not_applied() -> None:
    [batch] = chain(1)
    old = msgspec.structs.replace(batch, epoch=6)
    plan = Receiver("press", INCARNATION).plan(NEW, [old], 0.0)
    assert (plan.run, plan.replies, plan.alarm) == ((), (Fenced(7, INCARNATION),), None)


def test_a_fork_stops_the_run_and_raises_an_alarm() -> None:
    first, second = chain(2)
    twin = msgspec.structs.replace(first, payload=b"x", hash=chain_hash(GENESIS, b"x"))
    row = Watermark(SPOOL, 7, 1, twin.hash)
    plan = Receiver("press", INCARNATION).plan(row, [first, second], 0.0)
    assert plan.run == ()
    assert plan.replies == (Forked(SPOOL, 1, twin.hash),)
    assert plan.alarm is not None
    assert plan.alarm.startswith("fork: ")


def test_a_request_is_repeated_after_a_second_and_not_before() -> None:
    receiver, third = Receiver("press", INCARNATION), chain(3)[2]
    request = ResendRequest(SPOOL, 1)
    assert receiver.plan(NEW, [third], 10.0).replies == (request,)
    assert receiver.plan(NEW, [third], 10.9).replies == ()
    assert receiver.plan(NEW, [third], 11.0).replies == (request,)
    assert receiver.plan(NEW, [third], 11.5).replies == ()
    other = Watermark(SPOOL, 7, 1, chain(1)[0].hash)
    assert receiver.plan(other, [third], 11.5).replies == (ResendRequest(SPOOL, 2),)


def test_acks_are_repeated_every_five_seconds_for_the_latest_spools() -> None:
    receiver = Receiver("press", INCARNATION)
    acks = [
        receiver.ack_of(Watermark(UUID(int=n), 7, n, b"h")) for n in range(ACKED_SPOOLS_MAX + 1)
    ]
    assert receiver.repeat_acks(4.9) == []
    assert receiver.repeat_acks(5.0) == acks[1:]
    assert receiver.repeat_acks(9.9) == []
    newest = receiver.ack_of(Watermark(UUID(int=1), 7, 9, b"h"))
    assert receiver.repeat_acks(10.0) == [*acks[2:], newest]


def test_a_batch_for_another_incarnation_is_not_applied() -> None:
    """The sender compares watermarks only with the database that has welcomed it."""
    former = [msgspec.structs.replace(batch, incarnation=UUID(int=3)) for batch in chain(2)]
    plan = Receiver("press", INCARNATION).plan(NEW, former, 0.0)
    assert (plan.run, plan.watermark) == ((), NEW)
    assert plan.replies == (Ack(INCARNATION, SPOOL, 0, GENESIS),)
    current = [msgspec.structs.replace(batch, incarnation=INCARNATION) for batch in chain(2)]
    assert Receiver("press", INCARNATION).plan(NEW, [*former, *current], 0.0).run == (*current,)
