"""Reads raw inputs of a connector."""

from typing import Final

_COLUMNS: Final = """stored_at, spool_id, seq, arrival_at, from_at, to_at, count, mapping, codec,
    payload"""

# Oldest first, after the position (stored_at, spool_id, seq).
RAW_INPUTS_AFTER: Final = f"""
SELECT {_COLUMNS} FROM raw_inputs
WHERE connector_id = $1 AND stored_at >= $2 AND stored_at < $3
    AND (stored_at, spool_id, seq) > ($2, $4, $5)
ORDER BY stored_at, spool_id, seq LIMIT $6"""  # noqa: S608 - made of constants

NEWEST_RAW_INPUTS: Final = f"""
SELECT * FROM (
    SELECT {_COLUMNS} FROM raw_inputs WHERE connector_id = $1 AND stored_at >= $2
    ORDER BY stored_at DESC LIMIT $3) AS newest
ORDER BY stored_at, spool_id, seq"""  # noqa: S608 - made of constants
