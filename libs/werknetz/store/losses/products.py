"""Statements about what machines made: the run time of orders by material."""

from typing import Final

# Production time of machines by material; null: the order names none.
RUN_TIME_BY_MATERIAL: Final = """
SELECT p.equipment_id, o.material, sum(extract(epoch FROM p.end_at - p.start_at))::float8 AS run_s
FROM state_pieces p
LEFT JOIN orders o ON o.equipment_id = p.equipment_id AND o.order_number = p.order_number
WHERE p.equipment_id = ANY($1::int[]) AND p.start_at >= $2 AND p.start_at < $3
    AND p.category = 'apt'
GROUP BY 1, 2"""
