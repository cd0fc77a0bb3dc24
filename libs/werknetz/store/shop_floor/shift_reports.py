"""Reads what a shift report shows beside KPIs and stops."""

from typing import Final

from werknetz.store.kpis.products import PRODUCT_OF_ORDER

# Seconds of each order at each machine in a span, with what the MES has planned. $1: machines.
ORDERS_IN_SPAN: Final = f"""
SELECT q.equipment_id, q.equipment, q.order_number, q.start, q.end, q.producing_s, q.setup_s,
    q.lost_s, {PRODUCT_OF_ORDER} AS material,
    coalesce(q.planned_quantity, p.planned_quantity) AS planned_quantity,
    coalesce(q.planned_run_s_per_item, p.planned_run_s_per_item) AS planned_run_s_per_item
FROM (SELECT q.id AS equipment_id, q.path AS equipment, p.order_number,
    min(greatest(p.start_at, $2)) AS start, max(least(p.end_at, $3)) AS end,
    sum(extract(epoch FROM least(p.end_at, $3) - greatest(p.start_at, $2)))
        FILTER (WHERE p.category = 'apt')::float8 AS producing_s,
    sum(extract(epoch FROM least(p.end_at, $3) - greatest(p.start_at, $2)))
        FILTER (WHERE p.category = 'aust')::float8 AS setup_s,
    sum(extract(epoch FROM least(p.end_at, $3) - greatest(p.start_at, $2)))
        FILTER (WHERE p.category IN ('adet', 'adot'))::float8 AS lost_s,
    min(o.planned_quantity) AS planned_quantity,
    min(o.planned_run_s_per_item) AS planned_run_s_per_item
FROM state_pieces p JOIN equipment q ON q.id = p.equipment_id
LEFT JOIN orders o ON o.equipment_id = p.equipment_id AND o.order_number = p.order_number
WHERE p.equipment_id = ANY($1::int[]) AND p.order_number IS NOT NULL
    AND p.end_at > $2 AND p.start_at < $3
GROUP BY q.id, p.order_number) AS q
LEFT JOIN LATERAL (
    SELECT max(planned_quantity) AS planned_quantity,
        max(planned_run_s_per_item) AS planned_run_s_per_item
    FROM operations
    WHERE order_number = q.order_number AND equipment_id = q.equipment_id) AS p ON true
ORDER BY q.equipment, q.start, q.order_number"""  # noqa: S608 - made of constants

SIGNATURES_OF_REPORT: Final = """
SELECT s.id, s.signed_by, s.signed_at, s.comment, s.computed_at, s.digest,
    s.section_digests::text AS section_digests, w.signed_at AS withdrawn_at,
    w.comment AS withdrawal_comment
FROM shift_report_signatures s LEFT JOIN shift_report_signatures w ON w.withdraws = s.id
WHERE s.equipment_id = $1 AND s.start_at = $2 AND s.end_at = $3 AND s.digest IS NOT NULL
ORDER BY s.id"""

NOTES_IN_SPAN: Final = """
SELECT n.id, q.path AS equipment, n.start_at AS start, n.end_at AS end, n.text, n.entered_by,
    n.entered_at
FROM annotations n JOIN equipment q ON q.id = n.equipment_id
WHERE n.equipment_id = ANY($1::int[]) AND n.withdrawn_at IS NULL
    AND n.start_at < $3 AND coalesce(n.end_at, n.start_at) >= $2
ORDER BY n.start_at, n.id"""
