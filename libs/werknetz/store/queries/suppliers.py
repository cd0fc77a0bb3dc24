"""Open lines of suppliers by age, and the median delay of those that came late."""

from typing import Final

# $1, $2: number of the supplier and relation; $3: now; $4, $5: the span of the delays. A line is
# overdue when its window has ended; the delay of one that is still open lasts until now.
LINES_OF_SUPPLIERS: Final = """
SELECT r.part,
    count(*) FILTER (WHERE o.open AND o.late_s IS NULL) AS not_due,
    count(*) FILTER (WHERE o.open AND o.late_s <= 86400) AS overdue_1d,
    count(*) FILTER (WHERE o.open AND o.late_s > 86400 AND o.late_s <= 259200) AS overdue_3d,
    count(*) FILTER (WHERE o.open AND o.late_s > 259200 AND o.late_s <= 604800) AS overdue_7d,
    count(*) FILTER (WHERE o.open AND o.late_s > 604800) AS overdue_more,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY d.delay_s) FILTER (
        WHERE d.delay_s > 0 AND d.due_from >= $4 AND d.due_from < $5) AS median_delay_s
FROM unnest($1::int[], $2::int[]) AS r (part, relation_id)
JOIN due_lines d ON d.relation_id = r.relation_id
CROSS JOIN LATERAL (SELECT d.open_quantity > 0 AS open,
    CASE WHEN d.window_until <= $3 THEN extract(epoch FROM $3 - d.window_until) END AS late_s) AS o
WHERE o.open OR (d.due_from >= $4 AND d.due_from < $5)
GROUP BY r.part"""
