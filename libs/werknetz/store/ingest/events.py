"""Statements that store business events, their revisions and withdrawals.

All rows are written in the order of ids, so that two writers of the same facts lock them in the
same order.
"""

from typing import Final

# Ids that are stored already are left out. Facts of one statement became known in the order of
# their delivery, a microsecond apart: of two that contradict each other, the later counts.
# The answer names the new ids only where some are not: then their content is compared.
ADD_EVENTS: Final = """
WITH added AS (
INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, item, at, mapping,
    raw_hash, body, content, version, group_key, stored_at)
SELECT new.event_id, new.kind, $1, $2, new.seq, new.source, new.item, new.at, new.mapping,
    nullif(new.raw_hash, ''::bytea), new.body::jsonb, nullif(new.content, ''::bytea), new.version,
    nullif(new.group_key, ''::bytea),
    statement_timestamp() + new.position * interval '1 microsecond'
FROM unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[],
    $9::text[], $10::bytea[], $11::text[], $12::bytea[], $13::bigint[], $14::bytea[], $15::int[])
    AS new (event_id, kind, seq, source, item, at, mapping, raw_hash, body, content, version,
        group_key, position)
ON CONFLICT (event_id) DO NOTHING RETURNING event_id)
SELECT CASE WHEN count(*) < cardinality($3) THEN array_agg(event_id) END AS event_ids,
    count(*) AS added FROM added"""

# $1: ids; $2: groups, of which all facts in force are returned but those of $3: a snapshot names
# most of its rows, and those stay as they are.
LOCK_EVENTS: Final = """
SELECT event_id, connector_id, spool_id, seq, source, item, at, mapping, raw_hash,
    body::text AS body, revision, stored_at, content, version, group_key, withdrawn_at,
    withdrawal_reason, clock_timestamp() AS read_at
FROM business_events
WHERE event_id = ANY($1::uuid[]) OR (group_key = ANY($2::bytea[]) AND withdrawn_at IS NULL
    AND event_id <> ALL($3::uuid[]))
ORDER BY event_id FOR NO KEY UPDATE"""

FORMER_VERSIONS: Final = """
SELECT event_id, version, content FROM business_event_revisions
WHERE event_id = ANY($1::uuid[]) AND version IS NOT NULL AND withdrawal_reason IS NULL"""

ADD_FORMER_REVISIONS: Final = """
INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from, known_to,
    delivered_by, item, raw_hash, content, version, withdrawal_reason)
SELECT event_id, revision, at, mapping, body::jsonb, known_from, known_to, delivered_by, item,
    raw_hash, content, version, withdrawal_reason
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::timestamptz[],
    $7::timestamptz[], $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bigint[],
    $13::text[])
    AS former (event_id, revision, at, mapping, body, known_from, known_to, delivered_by, item,
        raw_hash, content, version, withdrawal_reason)
ORDER BY event_id, revision"""

REPLACE_EVENTS: Final = """
UPDATE business_events e SET connector_id = new.connector_id, spool_id = new.spool_id,
    seq = new.seq, source = new.source, item = new.item, at = new.at, mapping = new.mapping,
    raw_hash = new.raw_hash, body = new.body::jsonb, revision = new.revision,
    stored_at = new.stored_at, content = new.content, version = new.version,
    group_key = new.group_key, withdrawn_at = new.withdrawn_at,
    withdrawal_reason = new.withdrawal_reason
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
    $7::timestamptz[], $8::text[], $9::bytea[], $10::text[], $11::int[], $12::timestamptz[],
    $13::bytea[], $14::bigint[], $15::bytea[], $16::timestamptz[], $17::text[])
    AS new (event_id, connector_id, spool_id, seq, source, item, at, mapping, raw_hash, body,
        revision, stored_at, content, version, group_key, withdrawn_at, withdrawal_reason)
WHERE e.event_id = new.event_id"""

# What became of the records of a connector, in the order of `BOOK_COUNTS`.
ADD_TO_BOOKS: Final = """
INSERT INTO connector_books AS old
    (connector_id, taken, stored, duplicates, revisions, withdrawn, ignored, quarantined)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (connector_id) DO UPDATE SET taken = old.taken + excluded.taken,
    stored = old.stored + excluded.stored, duplicates = old.duplicates + excluded.duplicates,
    revisions = old.revisions + excluded.revisions, withdrawn = old.withdrawn + excluded.withdrawn,
    ignored = old.ignored + excluded.ignored, quarantined = old.quarantined + excluded.quarantined
"""
