"""Statements behind the explanation of a KPI value: sums, states and signals of machines."""

from typing import Final

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
