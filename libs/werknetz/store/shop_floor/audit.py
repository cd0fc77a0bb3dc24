"""Statements over the audit log: entries of database commands, its chain and its retention."""

from typing import Final

BY_DATABASE: Final = "database"
"""Who made a change with access to the database instead of an API key."""

# $1: action; $2, $3: subject and its id; $4, $5: before and after as JSON. From where: the
# connection, whose application name names the command, its user and host.
ADD_AUDIT_ENTRY: Final = f"""
INSERT INTO audit_log (by, action, subject, subject_id, before, after, client, address)
VALUES ('{BY_DATABASE}', $1, $2, $3, $4::jsonb, $5::jsonb,
    nullif(current_setting('application_name'), ''), host(inet_client_addr()))"""  # noqa: S608 - made of constants

# $1: by; $2: action; $3, $4: subject and its id; $5: after as JSON; $6, $7, $8: from where.
ADD_AUDIT_ENTRY_OF: Final = """
INSERT INTO audit_log (by, action, subject, subject_id, after, address, client, trace_id)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)"""

# What the hash of an entry covers: its columns that have a value, as PostgreSQL prints JSON. The
# function `audit_canonical` of the database makes the same text when it seals the entry.
CANONICAL: Final = """
SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(a) || jsonb_build_object(
    'at', to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')))
WHERE value <> 'null'::jsonb"""

# $1: the seal before the first; $2: how many at most.
AUDIT_CHAIN: Final = f"""
SELECT s.seq, encode(s.previous, 'hex') AS previous, encode(s.hash, 'hex') AS hash,
    s.entry_id, CASE WHEN a.id IS NOT NULL THEN ({CANONICAL}) END AS entry
FROM audit_seals s LEFT JOIN audit_log a ON a.id = s.entry_id
WHERE s.seq > $1 ORDER BY s.seq LIMIT $2"""  # noqa: S608 - made of constants

# The newest seal as it is stored apart, and from which hash the chain begins after a removal.
AUDIT_HEAD: Final = """
SELECT h.seq, encode(h.hash, 'hex') AS hash, (SELECT min(seq) FROM audit_seals) AS first_seq,
    r.to_seq AS removed_to_seq, r.hash AS removed_to_hash
FROM audit_head h LEFT JOIN LATERAL (
    SELECT (after ->> 'to_seq')::bigint AS to_seq, after ->> 'hash' AS hash FROM audit_log
    WHERE subject = 'audit' AND action = 'removed' ORDER BY id DESC LIMIT 1
) AS r ON true"""

RECENT_ENTRIES: Final = 10_000

# An entry that no seal names, because it was inserted past the trigger. $1: among how many of the
# newest; null: of all.
UNSEALED_AUDIT_ENTRY: Final = """
SELECT a.id FROM audit_log a LEFT JOIN audit_seals s ON s.entry_id = a.id
WHERE s.entry_id IS NULL
    AND a.id > coalesce((SELECT max(id) FROM audit_log) - $1::bigint, 0) ORDER BY a.id LIMIT 1"""

# $1: older than this instant. Returns how many; refused where the chain is broken before.
REMOVE_AUDIT_ENTRIES: Final = "SELECT remove_audit_entries($1)"
