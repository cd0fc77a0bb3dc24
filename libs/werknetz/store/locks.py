"""Advisory locks that end with the transaction. Each kind of work has a number of its own."""

from typing import Final

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock($1)"
TRY_LOCK_OF: Final = "SELECT pg_try_advisory_xact_lock($1, $2)"
"""$1: the kind of work; $2: the id of the machine, signal or supplier."""

LOCK_OF: Final = "SELECT pg_advisory_xact_lock(:kind, :id)"
"""Waits. `kind`: the kind of work; `id`: of its subject."""
