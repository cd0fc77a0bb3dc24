"""Statements that sum the elements of production orders over windows."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

# Where the order changes within a bucket, what it has of it is stored; else it has the bucket.
_PART: Final = (
    "sum(CASE WHEN o.elements IS NULL THEN e.{name} "
    "ELSE coalesce((o.elements ->> '{name}')::float8, 0) END) AS {name}"
)

# $1 to $4: part and number of each window, its start and end; $5, $6: each part and its equipment;
# $7: an order, or null for all. By machine and order.
_ORDER_SUMS: Final = """
SELECT w.part, w.n, o.equipment_id, o.order_number, bool_or(e.provisional) AS provisional,
    max(e.computed_at) AS computed_at, {sums}
FROM unnest($1::int[], $2::int[], $3::timestamptz[], $4::timestamptz[])
    AS w (part, n, start_at, end_at)
JOIN unnest($5::int[], $6::int[]) AS m (part, equipment_id) ON m.part = w.part
JOIN order_elements o ON o.equipment_id = m.equipment_id
    AND o.bucket_at >= w.start_at AND o.bucket_at < w.end_at
    AND ($7::text IS NULL OR o.order_number = $7)
JOIN elements e ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
GROUP BY 1, 2, 3, 4"""


@lru_cache(maxsize=256)
def order_sums(names: frozenset[str]) -> str:
    """Return the statement that sums these elements by window, machine and order."""
    return _ORDER_SUMS.format(sums=_list(_PART.format(name=name) for name in sorted(names)))


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)


# The time of an order at each machine. $1: its number; $2: visible equipment, or null for all.
RUNS_OF_ORDER: Final = """
SELECT m.equipment_id, (
        SELECT min(p.start_at) FROM state_pieces p
        WHERE p.equipment_id = m.equipment_id AND p.order_number = $1
            AND p.start_at >= m.first_at AND p.start_at < m.first_at + interval '15 minutes'
    ) AS start_at, (
        SELECT max(p.end_at) FROM state_pieces p
        WHERE p.equipment_id = m.equipment_id AND p.order_number = $1
            AND p.start_at >= m.last_at AND p.start_at < m.last_at + interval '15 minutes'
    ) AS end_at, (
        SELECT e.carry ->> 'order' FROM elements e WHERE e.equipment_id = m.equipment_id
        ORDER BY e.bucket_at DESC LIMIT 1) IS NOT DISTINCT FROM $1 AS is_running,
    array(SELECT DISTINCT p.operation FROM operations p
        WHERE p.order_number = $1 AND p.equipment_id = m.equipment_id AND p.operation <> ''
        ORDER BY 1) AS operations
FROM (
    SELECT o.equipment_id, min(o.bucket_at) AS first_at, max(o.bucket_at) AS last_at
    FROM order_elements o
    WHERE o.order_number = $1 AND ($2::int[] IS NULL OR o.equipment_id = ANY($2))
    GROUP BY 1) AS m
ORDER BY 1"""

# Machines at which an order is known, that has not run at any.
EQUIPMENT_OF_ORDER: Final = """
SELECT equipment_id FROM orders
WHERE order_number = $1 AND ($2::int[] IS NULL OR equipment_id = ANY($2))
UNION SELECT equipment_id FROM operations
WHERE order_number = $1 AND equipment_id IS NOT NULL
    AND ($2::int[] IS NULL OR equipment_id = ANY($2))
ORDER BY 1"""

ORDER_NUMBERS: Final = """
SELECT DISTINCT order_number FROM orders
WHERE $1::int[] IS NULL OR equipment_id = ANY($1) LIMIT 10000"""
