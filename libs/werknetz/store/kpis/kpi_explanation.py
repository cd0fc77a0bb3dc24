"""Statements behind the explanation of a KPI value: sums, states and signals of machines."""

from typing import Final

from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.store.shop_floor.known import known_at, known_pieces
from werknetz.store.tables import ELEMENT_COLUMNS

SUMS_BY_MACHINE: Final = f"""
    SELECT equipment_id, {", ".join(f"sum({name}) AS {name}" for name in ELEMENT_COLUMNS)}
    FROM elements WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
    GROUP BY equipment_id
"""  # noqa: S608 - our own names

_STORED: Final = ", ".join(
    f"coalesce((elements ->> '{name}')::float8, 0) AS {name}" for name in ELEMENT_COLUMNS
)

# As they were known at an instant, $4.
SUMS_BY_MACHINE_AS_OF: Final = f"""
    SELECT equipment_id, {", ".join(f"sum({name}) AS {name}" for name in ELEMENT_COLUMNS)} FROM (
        SELECT equipment_id, {", ".join(ELEMENT_COLUMNS)} FROM elements
        WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
            AND computed_at <= $4
        UNION ALL
        SELECT equipment_id, {_STORED} FROM element_revisions
        WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
            AND known_from <= $4 AND known_to > $4) AS known
    GROUP BY equipment_id
"""  # noqa: S608 - our own names

_KNOWN_PIECES: Final = known_pieces(
    "s.equipment_id = ANY($1::int[]) AND s.start_at >= $2 AND s.start_at < $3",
    "s.bucket_at > $2::timestamptz - interval '15 minutes' AND s.bucket_at < $3",
    "$4",
)
STATES_BY_MACHINE_AS_OF: Final = f"""
    SELECT equipment_id, category, state, count(*) AS pieces,
        sum(extract(epoch FROM end_at - start_at))::float8 / 60 AS minutes
    FROM ({_KNOWN_PIECES}) AS known
    GROUP BY equipment_id, category, state ORDER BY equipment_id, category, minutes DESC
"""  # noqa: S608 - made of constants

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

# $4: as of, or null; so in the two below.
ENTRIES_BY_MACHINE: Final = f"""
    SELECT equipment_id, sum(quantities)::bigint AS quantities, sum(states)::bigint AS states
    FROM (
        SELECT equipment_id, count(*) AS quantities, 0 AS states FROM quantity_entries e
        WHERE equipment_id = ANY($1::int[]) AND at >= $2 AND at < $3 AND {known_at("e", "$4")}
        GROUP BY equipment_id
        UNION ALL
        SELECT equipment_id, 0, count(*) FROM state_entries e
        WHERE equipment_id = ANY($1::int[]) AND start_at < $3 AND end_at > $2
            AND {known_at("e", "$4")}
        GROUP BY equipment_id
    ) AS entries GROUP BY equipment_id
"""  # noqa: S608 - made of constants

REVISIONS_BY_MACHINE: Final = """
    SELECT equipment_id, count(DISTINCT bucket_at) AS buckets FROM element_revisions
    WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
        AND known_to <= coalesce($4::timestamptz, 'infinity')
    GROUP BY equipment_id
"""

FINDINGS_BY_MACHINE: Final = """
    SELECT equipment_id, kind, count(*) AS findings, min(detail) AS detail,
        (array_agg(sentence::text ORDER BY detail))[1] AS sentence FROM findings
    WHERE equipment_id = ANY($1::int[]) AND subject = 'machine'
        AND (cleared_at IS NULL OR cleared_at > $4::timestamptz)
        AND ($4::timestamptz IS NULL OR first_seen_at <= $4)
        AND at > $2 AND at <= $3
    GROUP BY equipment_id, kind ORDER BY equipment_id, kind
"""
