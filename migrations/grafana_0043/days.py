"""Views by day of the plant: lost time, and when a day of stock or deliveries starts there."""

MINE = "IN (SELECT public.reader_equipment())"

# A sum of a day has everything below its equipment.
_LOSS_DAYS = f"""
SELECT e.path AS equipment, e.level, (x.start_at AT TIME ZONE z.zone)::date AS day, x.start_at,
    x.provisional, x.computed_at, l.loss, l.seconds
FROM public.element_sums x JOIN public.equipment e ON e.id = x.equipment_id
JOIN public.rollup_zones z ON z.equipment_id = x.equipment_id
CROSS JOIN LATERAL (VALUES
    ('setup', x.aust_s), ('malfunction', x.malfunction_s), ('minor_stops', x.minor_stop_s),
    ('starved', x.starved_s), ('blocked', x.blocked_s), ('suspended', x.suspended_s),
    ('idle', x.idle_s), ('no_order', x.adot_s), ('unknown', x.unknown_s),
    ('speed', x.judged_apt_s - x.judged_pri_pq_s), ('scrap', x.judged_pri_pq_s - x.judged_pri_gq_s)
) AS l (loss, seconds)
WHERE x.equipment_id {MINE} AND x.grain = 5 AND l.seconds <> 0"""

# Appended to what version 0037 has: columns of a view that exists stay as they are.
_STOCK_DAYS = f"""
SELECT w.key AS warehouse, we.path AS plant, m.number AS material, m.unit, x.day, x.closing,
    x.average, x.inflow, x.outflow, x.stock_out_s, x.stock_outs, x.known_s,
    x.day::timestamp AT TIME ZONE coalesce(we.time_zone, se.time_zone, 'UTC') AS start_at
FROM public.warehouses w LEFT JOIN public.sites ws ON ws.id = w.site_id
LEFT JOIN public.equipment se ON se.id = ws.equipment_id
JOIN public.equipment we ON we.id = coalesce(w.equipment_id, ws.equipment_id) AND we.id {MINE}
JOIN public.stock_days x ON x.warehouse_id = w.id JOIN public.materials m ON m.id = x.material_id"""

_SUPPLIER_DAYS = f"""
SELECT p.key AS supplier, p.name AS supplier_name, re.path AS plant, x.day,
    sum(x.lines_due) AS lines_due, sum(x.lines_on_time) AS lines_on_time,
    sum(x.lines_in_full) AS lines_in_full, sum(x.lines_otif) AS lines_otif,
    sum(x.lines_late) AS lines_late, sum(x.lines_early) AS lines_early,
    sum(x.uncertain_lines) AS uncertain_lines, sum(x.asn_due) AS asn_due,
    sum(x.asn_accurate) AS asn_accurate, max(x.computed_at) AS computed_at,
    x.day::timestamp AT TIME ZONE coalesce(re.time_zone, 'UTC') AS start_at
FROM public.supply_elements x
JOIN public.supply_relations r ON r.id = x.relation_id
JOIN public.partners p ON p.id = r.supplier_id JOIN public.materials m ON m.id = r.material_id
JOIN public.sites rs ON rs.id = r.site_id
JOIN public.equipment re ON re.id = rs.equipment_id AND re.id {MINE}
GROUP BY p.key, p.name, re.path, re.time_zone, x.day"""

_STARTS = {"start_at": "start of the day at the site, an instant"}
VIEWS: dict[str, tuple[str, str, dict[str, str]]] = {
    "v1_loss_days": (
        "Lost time of each equipment by day of its plant and loss; only losses that are not 0",
        _LOSS_DAYS,
        {
            "equipment": "path of the equipment",
            "level": "enterprise, plant, area, line or machine; of what has others below it, of "
            "all of them: sum equal levels only",
            "day": "day of the plant, a date", "start_at": "start, an instant",
            "provisional": "whether the time had not ended when it was computed",
            "computed_at": "when it was computed, an instant",
            "loss": "setup, malfunction, minor_stops, starved, blocked, suspended, idle, no_order, "
            "unknown, speed or scrap",
            "seconds": "lost planned busy time, in seconds; speed may be negative (gained)",
        },
    ),
    "v1_stock_days": ("Stock by day of the site", _STOCK_DAYS, _STARTS),
    "v1_supplier_days": (
        "Delivery performance by supplier, plant and day of the site: sum, then divide",
        _SUPPLIER_DAYS,
        _STARTS,
    ),
}  # fmt: skip
