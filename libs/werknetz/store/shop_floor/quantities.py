"""Reads what was counted at a machine, with what people have entered since it was computed."""

from typing import Final

# By bucket, the last one first. $1: the machine; $2, $3: first and last bucket; $4: the role. An
# instant that is an edge belongs to the bucket that ends with it.
COUNTED_BY_BUCKET: Final = """
SELECT b.bucket_at, coalesce(CASE $4::text WHEN 'good_count' THEN e.gq WHEN 'scrap_count' THEN e.sq
        WHEN 'rework_count' THEN e.rq ELSE e.pq END, 0) + coalesce(entered.quantity, 0) AS counted
FROM generate_series($2::timestamptz, $3::timestamptz, interval '15 minutes') AS b (bucket_at)
LEFT JOIN elements e ON e.equipment_id = $1 AND e.bucket_at = b.bucket_at
LEFT JOIN LATERAL (
    SELECT coalesce(sum(n.quantity) FILTER (WHERE n.known_to IS NULL
            AND n.known_from > coalesce(e.computed_at, '-infinity')), 0)
        - coalesce(sum(n.quantity) FILTER (WHERE n.known_to > e.computed_at
            AND n.known_from <= e.computed_at), 0) AS quantity
    FROM quantity_entries n WHERE n.equipment_id = $1 AND n.role = $4
        AND n.at > b.bucket_at AND n.at <= b.bucket_at + interval '15 minutes') AS entered ON true
ORDER BY b.bucket_at DESC"""

# Scrap by reason in a span. $1: machines.
SCRAP_BY_REASON: Final = """
SELECT reason, sum(quantity) AS quantity FROM quantity_entries
WHERE equipment_id = ANY($1::int[]) AND role = 'scrap_count' AND known_to IS NULL
    AND at > $2 AND at <= $3
GROUP BY reason HAVING sum(quantity) <> 0 ORDER BY 2 DESC, 1"""
