"""Statements about the schema itself."""

from typing import Final

_LOCK_ID: Final = 0x5745524B  # "WERK"
# Held by the session that migrates: one migration at a time.
LOCK_MIGRATION: Final = f"SELECT pg_advisory_lock({_LOCK_ID})"
UNLOCK_MIGRATION: Final = f"SELECT pg_advisory_unlock({_LOCK_ID})"

# Fails with UndefinedTable before the first migration, and where no valid key has signed whose rows
# the connection may see.
CHECK_READING: Final = "SELECT count(*), caller_sees_all() FROM incarnations"
