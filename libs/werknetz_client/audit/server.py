"""Verifies the audit log of a server, all of it or its newest part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from werknetz_client.audit.chain import (
    BreakKind,
    ChainBreak,
    Expectation,
    Seal,
    Verification,
    verify_chain,
)
from werknetz_client.client import Client

ATTEMPTS: Final = 3
"""Retention may remove entries during a walk; the next one begins after them."""


def verify_log(
    client: Client, *, newest: int | None = None, heads: Sequence[Seal] = ()
) -> Verification:
    """Walk the chain up to its stored head; `newest`: only so many entries of it.

    `heads`: seals that were noted at another place, for example with an export.
    """
    for _ in range(ATTEMPTS):
        head = client.audit.head(whole=newest is None)
        stored = Seal(head["seq"], head["hash"])
        after = 0 if newest is None else max(0, stored.seq - newest)
        verification = verify_chain(
            client.audit.chain(after=after),
            Expectation((*heads, stored), is_whole=newest is None),
        )
        is_undisturbed = client.audit.head()["first_seq"] == head["first_seq"]
        if verification.broken is None or is_undisturbed:
            break
    unsealed = head["unsealed_id"]
    if verification.broken is None and unsealed is not None:
        detail = f"the entry with the id {unsealed} has no seal: it was put past the chain"
        return replace(
            verification, broken=ChainBreak(BreakKind.INSERTED, verification.last.seq, detail)
        )
    return verification
