"""Statements over failed sign-ins: who must wait, and until when."""

from typing import Final

import sqlalchemy as sa

# An account at an address, an account at addresses where it never signed in (address ''), an
# address with all accounts (account '').
BLOCKED_UNTIL: Final = sa.text("""
SELECT max(blocked_until) FROM sign_in_failures
WHERE blocked_until > :now AND (
    account = CAST(:account AS bytea) AND address = CAST(:address AS text)
    OR account = CAST(:account AS bytea) AND address = '' AND NOT CAST(:is_known AS boolean)
    OR account = '' AND address = CAST(:address AS text))""")

# Whether the person has signed in from the address before.
IS_KNOWN_ADDRESS: Final = sa.text("""
SELECT EXISTS (SELECT FROM sessions WHERE user_id = :user_id AND address = :address)""")

ADD_FAILURE: Final = sa.text("""
INSERT INTO sign_in_failures AS f (account, address, failures, last_at)
VALUES (:account, :address, 1, :now)
ON CONFLICT (account, address) DO UPDATE SET last_at = :now,
    failures = CASE WHEN f.last_at <= :before THEN 1 ELSE f.failures + 1 END
RETURNING failures""")

BLOCK: Final = sa.text("""
UPDATE sign_in_failures SET blocked_until = :until
WHERE account = :account AND address = :address""")

FORGET_FAILURES: Final = sa.text("""
DELETE FROM sign_in_failures WHERE account = :account AND address = :address""")

FORGET_ACCOUNT: Final = sa.text("DELETE FROM sign_in_failures WHERE account = :account")

PURGE_FAILURES: Final = sa.text("""
DELETE FROM sign_in_failures WHERE (account, address) IN (
    SELECT account, address FROM sign_in_failures
    WHERE last_at <= :before LIMIT 1000 FOR UPDATE SKIP LOCKED)""")

# A code of a second factor is accepted once: of two requests at once, one changes the row.
USE_TOTP_STEP: Final = sa.text("""
UPDATE users SET totp_last_step = :step
WHERE id = :user_id AND coalesce(totp_last_step, -1) < :step RETURNING id""")

USE_RECOVERY_CODE: Final = sa.text("""
UPDATE users SET recovery_hashes = array_remove(recovery_hashes, CAST(:hash AS bytea))
WHERE id = :user_id AND CAST(:hash AS bytea) = ANY (recovery_hashes)
RETURNING cardinality(recovery_hashes)""")
