"""Statements that sum elements over windows: the values of KPIs, by scope."""

from typing import Final

# $1: keys, null: all; $2: the equipment that the caller may see, null: all. A supplier without a
# relation that the caller may see does not exist for it.
SUPPLIERS_WITH_RELATIONS: Final = """
SELECT p.key, array_agg(r.id ORDER BY r.id) FILTER (
    WHERE r.id IS NOT NULL AND ($2::int[] IS NULL OR s.equipment_id = ANY($2))) AS relations
FROM partners p LEFT JOIN supply_relations r ON r.supplier_id = p.id
LEFT JOIN sites s ON s.id = r.site_id
WHERE CASE WHEN $1::text[] IS NULL THEN r.id IS NOT NULL ELSE p.key = ANY($1) END
    AND ($2::int[] IS NULL OR s.equipment_id = ANY($2))
GROUP BY p.key ORDER BY p.key"""

SUPPLIER_KEYS: Final = """
SELECT key FROM partners WHERE EXISTS (
    SELECT FROM supply_relations r LEFT JOIN sites s ON s.id = r.site_id
    WHERE r.supplier_id = partners.id AND ($1::int[] IS NULL OR s.equipment_id = ANY($1)))
ORDER BY key LIMIT 10000"""

_WINDOWS_OF_RELATIONS: Final = """
FROM unnest($1::int[], $2::int[], $3::date[], $4::date[]) AS w (part, n, first_day, last_day)
JOIN unnest($5::int[], $6::int[]) AS r (part, relation_id) ON r.part = w.part"""

SUPPLIER_SUMS: Final = f"""
SELECT w.part, w.n, max(e.computed_at) AS computed_at,
    array_agg(DISTINCT coalesce(e.policy_id, 0)) AS policies, {{sums}}
{_WINDOWS_OF_RELATIONS} JOIN supply_elements e ON e.relation_id = r.relation_id
    AND e.day BETWEEN w.first_day AND w.last_day
GROUP BY w.part, w.n"""

# An order counts on the day on which its last line is due. Without an order number, the call-off
# is the order.
SUPPLIER_ORDERS: Final = """
WITH r AS (SELECT * FROM unnest($5::int[], $6::int[]) AS r (part, relation_id)),
orders AS (
    SELECT r.part, coalesce(l.order_number, l.document) AS number,
        max((l.due_from AT TIME ZONE coalesce(q.time_zone, 'UTC'))::date) AS day,
        bool_and(l.on_time) AS on_time, bool_and(l.in_full) AS in_full,
        bool_and(l.on_time AND l.in_full) AS otif, bool_or(l.is_uncertain) AS is_uncertain
    FROM r JOIN due_lines l ON l.relation_id = r.relation_id
    JOIN supply_relations sr ON sr.id = l.relation_id
    LEFT JOIN sites s ON s.id = sr.site_id LEFT JOIN equipment q ON q.id = s.equipment_id
    GROUP BY 1, 2 HAVING bool_and(l.state = 'measured'))
SELECT w.part, w.n, count(*)::float8 AS orders_due,
    (count(*) FILTER (WHERE o.on_time))::float8 AS orders_on_time,
    (count(*) FILTER (WHERE o.in_full))::float8 AS orders_in_full,
    (count(*) FILTER (WHERE o.otif))::float8 AS orders_otif,
    (count(*) FILTER (WHERE o.is_uncertain))::float8 AS uncertain
FROM unnest($1::int[], $2::int[], $3::date[], $4::date[]) AS w (part, n, first_day, last_day)
JOIN orders o ON o.part = w.part AND o.day BETWEEN w.first_day AND w.last_day
GROUP BY w.part, w.n"""

APPLIED_POLICIES: Final = """
SELECT s.id, p.key AS supplier, s.version, s.valid_from, s.document::text AS document
FROM supply_policies s LEFT JOIN partners p ON p.id = s.supplier_id
WHERE s.id = ANY($1) ORDER BY s.valid_from, s.version"""

WAREHOUSE_IDS: Final = """
SELECT w.key, w.id FROM warehouses w LEFT JOIN sites s ON s.id = w.site_id
WHERE $1::int[] IS NULL OR coalesce(w.equipment_id, s.equipment_id) = ANY($1) ORDER BY w.key"""

WAREHOUSE_SUMS: Final = """
WITH w AS (SELECT * FROM unnest($1::int[], $2::int[], $3::date[], $4::date[])
    AS w (part, n, first_day, last_day)),
p AS (SELECT p.*, coalesce(e.time_zone, se.time_zone, 'UTC') AS zone
    FROM unnest($5::int[], $6::int[], $7::text[], $8::text[]) AS p (part, id, measure, unit)
    JOIN warehouses h ON h.id = p.id LEFT JOIN equipment e ON e.id = h.equipment_id
    LEFT JOIN sites s ON s.id = h.site_id LEFT JOIN equipment se ON se.id = s.equipment_id),
each AS (SELECT w.part, w.n, d.*, extract(epoch FROM greatest(interval '0', least(
        (d.day + 1)::timestamp AT TIME ZONE p.zone, $9) - d.day::timestamp AT TIME ZONE p.zone
    ))::float8 AS expected_s,
    CASE p.measure WHEN 'quantity' THEN 1 WHEN 'value' THEN
        CASE WHEN coalesce(m.currency, '') = p.unit THEN m.unit_cost END END AS worth
    FROM w JOIN p ON p.part = w.part JOIN stock_days d ON d.warehouse_id = p.id
        AND d.day BETWEEN w.first_day AND w.last_day
    JOIN materials m ON m.id = d.material_id),
by_day AS (SELECT part, n, day, max(computed_at) AS computed_at, sum(expected_s) AS expected_s,
    sum(known_s) AS known_s, sum(stock_out_s) AS stock_out_s, sum(stock_outs) AS stock_outs,
    max(known_s) AS warehouse_s, sum(outflow * worth) AS outflow, sum(inflow * worth) AS inflow,
    sum(average * known_s * worth) AS stock_s, count(*) FILTER (WHERE worth IS NULL) AS unmeasured
    FROM each GROUP BY part, n, day)
SELECT part, n, max(computed_at) AS computed_at, sum(expected_s) AS expected_s,
    sum(known_s) AS known_s, sum(stock_out_s) AS stock_out_s, sum(stock_outs) AS stock_outs,
    sum(warehouse_s) AS warehouse_s, coalesce(sum(outflow), 0) AS outflow,
    coalesce(sum(inflow), 0) AS inflow, coalesce(sum(stock_s), 0) AS stock_s,
    sum(unmeasured)::float8 AS unmeasured
FROM by_day GROUP BY part, n"""

# The connectors that delivered the last count or movement of each item.
CONNECTORS_OF_WAREHOUSES: Final = """
SELECT DISTINCT i.warehouse_id, b.connector_id
FROM stock_items i CROSS JOIN LATERAL (
    (SELECT event_id FROM stock_counts WHERE stock_item_id = i.id AND known_to IS NULL
        ORDER BY at DESC LIMIT 1)
    UNION ALL
    (SELECT event_id FROM stock_movements WHERE stock_item_id = i.id AND known_to IS NULL
        ORDER BY at DESC LIMIT 1)) AS latest
JOIN business_events b ON b.event_id = latest.event_id
WHERE i.warehouse_id = ANY($1)"""

# One row for each material that a warehouse has stock days of.
MATERIALS_OF_WAREHOUSES: Final = """
SELECT w.id AS warehouse_id, m.unit_cost, coalesce(m.currency, '') AS currency,
    coalesce(m.unit, '') AS unit
FROM unnest($1::int[]) AS w (id) JOIN materials m ON EXISTS (
    SELECT FROM stock_days d WHERE d.warehouse_id = w.id AND d.material_id = m.id)
ORDER BY w.id, m.id"""
