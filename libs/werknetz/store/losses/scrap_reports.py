"""Reads the scrap that the MES and quality systems report with a code of its reason."""

from typing import Final

# Scrap with a code, by machine, window, order and code. $1: equipment ids. $2, $3: starts and ends
# of windows, in order and without overlaps; an instant that is an edge belongs to the window that
# ends with it. The scrap of a job is spread over its time. An inspection does not count where the
# job of its order reports scrap with a code.
REPORTED_SCRAP: Final = """
SELECT equipment_id, n, order_number, code, sum(quantity) AS quantity
FROM (
    SELECT q.equipment_id, q.at, q.order_number, i.defect AS code, q.scrap_quantity AS quantity,
        width_bucket(q.at - interval '1 microsecond', $2::timestamptz[])::bigint AS n
    FROM machine_reports q
    JOIN inspections i ON i.event_id = q.event_id AND i.known_to IS NULL
    WHERE q.equipment_id = ANY($1::int[]) AND q.kind = 'quality_inspected'
        AND q.at > ($2::timestamptz[])[1]
        AND q.at <= ($3::timestamptz[])[cardinality($3::timestamptz[])]
        AND q.scrap_quantity > 0 AND i.defect <> ''
        AND NOT EXISTS (SELECT FROM job_runs r WHERE r.equipment_id = q.equipment_id
            AND r.scrap_quantity > 0 AND r.defect <> '' AND (r.order_number = q.order_number
                OR (q.order_number IS NULL AND r.started_at < q.at AND r.ended_at >= q.at)))
    UNION ALL
    SELECT r.equipment_id, least(r.ended_at, w.end_at), r.order_number, r.defect,
        r.scrap_quantity * CASE WHEN r.started_at < r.ended_at
            THEN extract(epoch FROM least(r.ended_at, w.end_at)
                - greatest(r.started_at, w.start_at))::float8
                / extract(epoch FROM r.ended_at - r.started_at)::float8
            ELSE 1 END, w.n
    FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w (start_at, end_at, n)
    JOIN job_runs r ON r.ended_at > w.start_at
        AND least(r.started_at, r.ended_at - interval '1 microsecond') < w.end_at
    WHERE r.equipment_id = ANY($1::int[]) AND r.scrap_quantity > 0 AND r.defect <> ''
        AND r.ended_at > ($2::timestamptz[])[1]) AS reported
WHERE at <= ($3::timestamptz[])[n]
GROUP BY 1, 2, 3, 4 HAVING sum(quantity) > 0
ORDER BY 1, 2, 3, 4"""
