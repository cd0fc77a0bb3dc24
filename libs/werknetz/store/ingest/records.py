"""Statements that store quarantined rows, raw inputs and backfilled samples."""

from typing import Final

ADD_TO_QUARANTINE: Final = """
INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, mapping, at,
    position, raw_hash, count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nullif($11, ''::bytea), $12)"""

ADD_RAW_INPUT: Final = """
INSERT INTO raw_inputs (connector_id, spool_id, seq, arrival_at, from_at, to_at, count, mapping,
    codec, payload, hashes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""

# A replaced spool sends its raw inputs again.
ADD_RAW_INPUT_IF_MISSING: Final = """
INSERT INTO raw_inputs (connector_id, spool_id, seq, arrival_at, from_at, to_at, count, mapping,
    codec, payload, hashes)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
WHERE NOT EXISTS (
    SELECT FROM raw_inputs WHERE connector_id = $1 AND arrival_at = $4 AND payload = $10)"""

STAGING_TABLE: Final = "samples_staged"
CREATE_STAGING_TABLE: Final = """
CREATE TEMP TABLE IF NOT EXISTS samples_staged (LIKE samples) ON COMMIT DELETE ROWS"""

# Backfill may overlap with itself and with live samples: the n-th sample of one record with an
# instant and value is the n-th sample with them. The bounds exclude the partitions of all other
# days. Each staged row has a sequence, whose lowest bits are explained in `sample_rows`.
INSERT_STAGED: Final = """
WITH numbered AS (SELECT *, (sequence >> 1) & 15 AS n FROM samples_staged)
INSERT INTO samples (signal_id, at, value, status, server_at, text, mapping_id, sequence)
SELECT DISTINCT ON (new.signal_id, new.at, new.value, new.text, new.n)
    new.signal_id, new.at, new.value, new.status, new.server_at, new.text, new.mapping_id,
    CASE WHEN new.sequence & 1 = 1 THEN new.sequence END
FROM numbered new
WHERE new.n >= (
    SELECT count(*) FROM samples old
    WHERE old.signal_id = new.signal_id AND old.at = new.at AND old.at BETWEEN $1 AND $2
        AND old.value IS NOT DISTINCT FROM new.value AND old.text IS NOT DISTINCT FROM new.text)
ORDER BY new.signal_id, new.at, new.value, new.text, new.n, new.sequence"""

CLEAR_STAGING_TABLE: Final = "DELETE FROM samples_staged"
