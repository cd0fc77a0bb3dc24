"""Delivers what a fenced process has accepted and the core does not have.

Another process holds the lease of the live stream, so this one reads nothing more. Its batches go
through the backfill stream, which needs no lease and where equal rows are stored once.
"""

import random
from uuid import uuid4

from werknetz.link.sender import Sender
from werknetz.link.wire import link_name_of
from werknetz_edge.spool.spool import Spool


class BacklogSender(Sender):
    """Stays fenced for its owner while it sends the rest of the spool."""

    @property
    def is_fenced(self) -> bool:
        return True


def backlog_sender_of(connector: str, spool: Spool, alarm: str) -> BacklogSender:
    """Make the spool a new one, since its id belongs to the live stream; return its sender."""
    spool.replace("fork")
    name = link_name_of(connector, "backfill")
    sender = BacklogSender(name, spool, random=random.random, nonce=uuid4)
    sender.alarm = alarm
    return sender
