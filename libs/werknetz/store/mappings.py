"""Statements over mapping versions and over what a replay corrects."""

from typing import Final

from werknetz.store.ingest.records import INSERT_STAGED

DOCUMENTS: Final = """
SELECT DISTINCT ON (name, version) id, name || '@' || version AS label, document
FROM mapping_versions WHERE name || '@' || version = ANY($1::text[]) AND digest <> ''
ORDER BY name, version, (state IN ('active', 'used')) DESC, id DESC"""

# Only these points may have names that version 0.1 gave them.
POINT_SOURCES: Final = """
SELECT key, source FROM signals WHERE connector_id = $1
    AND (octet_length(source) > length(source) OR key LIKE 'connector:%')"""

PROGRESS: Final = """
UPDATE replays SET state = 'running', cursor_at = $2, cursor_spool_id = $3, cursor_seq = $4,
    inputs = inputs + $5, samples_removed = samples_removed + $6,
    samples_added = samples_added + $7, events_changed = events_changed + $8,
    quarantine_cleared = quarantine_cleared + $9, inputs_skipped = inputs_skipped + $10,
    refused_sources = $11::jsonb
WHERE id = $1"""

FINISH: Final = """
UPDATE replays SET state = $2, error = $3, finished_at = clock_timestamp(),
    quarantine_cleared = quarantine_cleared + $4, refused_sources = '{}'
WHERE id = $1"""

# The ingest writer locks the same row: corrections and new rows of a connector are serialised.
LOCK_CONNECTOR_FOR_REPLAY: Final = "SELECT 1 FROM connectors WHERE id = $1 FOR NO KEY UPDATE"

SIGNALS_BY_KEY: Final = """
SELECT key, id, equipment_id, role FROM signals WHERE key = ANY($1::text[]) ORDER BY key"""

REMOVE_SAMPLES: Final = """
DELETE FROM samples s USING (
    SELECT DISTINCT at, value, text FROM unnest($2::timestamptz[], $3::float8[], $4::text[])
        AS old (at, value, text)) AS old
WHERE s.signal_id = $1 AND s.at BETWEEN $5 AND $6 AND s.at = old.at
    AND s.value IS NOT DISTINCT FROM old.value AND s.text IS NOT DISTINCT FROM old.text"""

# Samples keep their order; duplicates and existing samples are left out.
ADD_STAGED: Final = INSERT_STAGED

RAW_NAMED: Final = """
UPDATE raw_inputs r SET mapping = $1
FROM unnest($2::timestamptz[], $3::uuid[], $4::bigint[]) AS input (stored_at, spool_id, seq)
WHERE r.stored_at = input.stored_at AND r.spool_id = input.spool_id AND r.seq = input.seq
    AND r.mapping <> $1"""

OPEN_AT: Final = """
SELECT q.id, q.spool_id, q.seq, q.source, q.position FROM quarantine q
JOIN (SELECT DISTINCT * FROM unnest($2::uuid[], $3::bigint[]) AS p (spool_id, seq)) AS p
    ON p.spool_id = q.spool_id AND p.seq = q.seq
WHERE q.connector_id = $1 AND q.state IN ('open', 'assigned')"""

OPEN_SOURCES: Final = """
SELECT DISTINCT source FROM quarantine
WHERE connector_id = $1 AND state IN ('open', 'assigned') LIMIT 10000"""

CLEAR: Final = """
UPDATE quarantine SET state = 'replayed', replayed_with = $2, decided_at = clock_timestamp()
WHERE id = ANY($1::bigint[])"""

# Entries that were only counted, or that were reported by a later batch than their own.
CLEAR_SOURCES: Final = """
UPDATE quarantine SET state = 'replayed', replayed_with = $3, decided_at = clock_timestamp()
WHERE connector_id = $1 AND source = ANY($2::text[]) AND state IN ('open', 'assigned')
    AND stored_at >= $4 AND stored_at < $5"""
