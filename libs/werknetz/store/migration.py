"""Statements about the schema itself."""

from typing import Final

_LOCK_ID: Final = 0x5745524B  # "WERK"
# Held by the session that migrates: one migration at a time.
LOCK_MIGRATION: Final = f"SELECT pg_advisory_lock({_LOCK_ID})"
UNLOCK_MIGRATION: Final = f"SELECT pg_advisory_unlock({_LOCK_ID})"

# Fails with UndefinedTable before the first migration.
CHECK_TABLES: Final = "SELECT count(*) FROM incarnations"
