"""A sender with a spool in memory, and the answers of a core to it."""

import sqlite3
from uuid import UUID, uuid4

from werknetz.events.batch import Samples
from werknetz.link.sender import Sender
from werknetz.link.wire import (
    BatchEnvelope,
    Hello,
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
