"""Statements behind the explanation of a KPI value: sums, states and signals of machines."""

from typing import Final

from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.store.tables import ELEMENT_COLUMNS

SUMS_BY_MACHINE: Final = f"""
    SELECT equipment_id, {", ".join(f"sum({name}) AS {name}" for name in ELEMENT_COLUMNS)}
    FROM elements WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
    GROUP BY equipment_id
"""  # noqa: S608 - our own names

STATES_BY_MACHINE: Final = """
    SELECT equipment_id, category, state, count(*) AS pieces,
        sum(extract(epoch FROM end_at - start_at))::float8 / 60 AS minutes
    FROM state_pieces WHERE equipment_id = ANY($1::int[]) AND start_at >= $2 AND start_at < $3
        AND ($4::text IS NULL OR order_number = $4)
    GROUP BY equipment_id, category, state ORDER BY equipment_id, category, minutes DESC
"""

SIGNALS_BY_MACHINE: Final = """
    SELECT s.*, first.at AS first_at, final.at AS last_at, sample_counts.counted
    FROM signals s
    LEFT JOIN LATERAL (SELECT at FROM samples WHERE signal_id = s.id AND at >= $2 AND at < $3
        ORDER BY at LIMIT 1) AS first ON true
    LEFT JOIN LATERAL (SELECT at FROM samples WHERE signal_id = s.id AND at >= $2 AND at < $3
        ORDER BY at DESC LIMIT 1) AS final ON true
    LEFT JOIN LATERAL (SELECT count(*) AS counted FROM (SELECT FROM samples
        WHERE signal_id = s.id AND at >= $2 AND at < $3 LIMIT $5) AS limited)
        AS sample_counts ON true
    WHERE s.equipment_id = ANY($1::int[]) AND s.role = ANY($4) ORDER BY s.equipment_id, s.id
"""

# What makes values doubtful, by machine. $1: equipment; $2, $3: the span.
_UNCERTAIN_TIME: Final = f"(status & -65536) = {UNCERTAIN_TIME & 0xFFFF_0000}"

UNCERTAIN_TIMES_BY_MACHINE: Final = f"""
    SELECT s.equipment_id, sum(uncertain.counted)::bigint AS counted FROM signals s
    CROSS JOIN LATERAL (SELECT count(*) AS counted FROM (SELECT FROM samples
        WHERE signal_id = s.id AND at >= $2 AND at < $3 AND {_UNCERTAIN_TIME} LIMIT $5) AS limited)
        AS uncertain
    WHERE s.equipment_id = ANY($1::int[]) AND s.role = ANY($4) AND uncertain.counted > 0
    GROUP BY s.equipment_id
"""  # noqa: S608 - made of constants

ENTRIES_BY_MACHINE: Final = """
    SELECT equipment_id, sum(quantities)::bigint AS quantities, sum(states)::bigint AS states
    FROM (
        SELECT equipment_id, count(*) AS quantities, 0 AS states FROM quantity_entries
        WHERE equipment_id = ANY($1::int[]) AND at >= $2 AND at < $3 AND known_to IS NULL
        GROUP BY equipment_id
        UNION ALL
        SELECT equipment_id, 0, count(*) FROM state_entries
        WHERE equipment_id = ANY($1::int[]) AND start_at < $3 AND end_at > $2 AND known_to IS NULL
        GROUP BY equipment_id
    ) AS entries GROUP BY equipment_id
"""

REVISIONS_BY_MACHINE: Final = """
    SELECT equipment_id, count(DISTINCT bucket_at) AS buckets FROM element_revisions
    WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
    GROUP BY equipment_id
"""

FINDINGS_BY_MACHINE: Final = """
    SELECT equipment_id, kind, count(*) AS findings, min(detail) AS detail FROM findings
    WHERE equipment_id = ANY($1::int[]) AND subject = 'machine' AND cleared_at IS NULL
        AND at > $2 AND at <= $3
    GROUP BY equipment_id, kind ORDER BY equipment_id, kind
"""
