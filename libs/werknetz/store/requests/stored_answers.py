"""Answers of requests with an Idempotency-Key, stored for their repetition."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from werknetz.store.tables.access import stored_answers

STORED_FOR: Final = sa.text("interval '24 hours'")
_EXPIRED_MAX: Final = 20  # rows that a request removes: more than the one that it adds
_A: Final = stored_answers.c


def try_lock(caller: int, key_hash: bytes) -> sa.Select[tuple[bool]]:
    """Lock a key of a caller until the transaction ends; false: another transaction has it.

    A process that dies loses its connection and so the lock: no key stays locked.
    """
    digest = hashlib.sha256(caller.to_bytes(8, "big", signed=True) + key_hash).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    return sa.select(sa.func.pg_try_advisory_xact_lock(sa.cast(number, sa.BigInteger)))


def find_answer(caller: int, key_hash: bytes) -> sa.Select[Any]:
    """Select the answer to an earlier request with the key, if it is not too old.

    `age_s` is its age in seconds; `status` is null while the request has no answer.
    """
    age = sa.func.clock_timestamp() - _A.created_at
    return sa.select(
        _A.fingerprint, _A.status, _A.headers, _A.body,
        sa.cast(sa.extract("epoch", age), sa.Double).label("age_s"),
    ).where(
        _A.caller == caller, _A.key_hash == key_hash,
        _A.created_at > sa.func.clock_timestamp() - STORED_FOR,
    )  # fmt: skip


def delete_expired() -> sa.Delete:
    """Delete a few answers that are too old, without waiting for others who delete them."""
    row_id: sa.ColumnElement[Any] = sa.literal_column("ctid")
    expired = (
        sa.select(row_id)
        .select_from(stored_answers)
        .where(_A.created_at <= sa.func.clock_timestamp() - STORED_FOR)
        .order_by(_A.created_at)
        .limit(_EXPIRED_MAX)
        .with_for_update(skip_locked=True)
    )
    return sa.delete(stored_answers).where(row_id.in_(expired))


def delete_former(caller: int, key_hash: bytes) -> sa.Delete:
    """Delete the answer to a request with the key that is too old."""
    return sa.delete(stored_answers).where(_A.caller == caller, _A.key_hash == key_hash)


def begin_request(
    caller: int, key_hash: bytes, fingerprint: bytes
) -> sa.sql.dml.ReturningInsert[Any]:
    """Note a request that has no answer yet; it returns nothing where one is out of sight.

    A caller whose plants have changed does not see its answers of before.
    """
    return (
        insert(stored_answers)
        .values(caller=caller, key_hash=key_hash, fingerprint=fingerprint)
        .on_conflict_do_nothing()
        .returning(_A.caller)
    )


def store_answer(
    caller: int, key_hash: bytes, status: int, headers: Mapping[str, str], body: bytes | None
) -> sa.Update:
    """Store the answer to a request; `body` None: it is too large."""
    return (
        sa.update(stored_answers)
        .where(_A.caller == caller, _A.key_hash == key_hash)
        .values(status=status, headers=dict(headers), body=body)
    )
