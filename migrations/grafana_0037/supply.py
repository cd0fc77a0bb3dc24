"""Views of stock, suppliers and connectors. Each column has its unit."""

MINE = "IN (SELECT public.reader_equipment())"

_WAREHOUSE = f"""
FROM public.warehouses w LEFT JOIN public.sites ws ON ws.id = w.site_id
JOIN public.equipment we ON we.id = coalesce(w.equipment_id, ws.equipment_id) AND we.id {MINE}"""

# Planned demand of the lines that run now; what the lines of a plant consume from its warehouse.
_STOCK = f"""
SELECT w.key AS warehouse, we.path AS plant, m.number AS material, m.description, m.unit,
    s.balance, s.balance_at, s.counted, d.demand_per_h, d.minimum,
    CASE WHEN d.demand_per_h > 0 THEN greatest(s.balance, 0) / d.demand_per_h END
        AS hours_of_demand,
    t.in_transit, t.next_arrival_at
{_WAREHOUSE}
JOIN (SELECT warehouse_id, material_id, sum(balance) AS balance, max(balance_at) AS balance_at,
    bool_or(counted) AS counted FROM public.stock_items GROUP BY 1, 2) AS s
    ON s.warehouse_id = w.id
JOIN public.materials m ON m.id = s.material_id
LEFT JOIN LATERAL (SELECT sum(l.quantity_per_item * l.items_per_hour) AS demand_per_h,
    max(l.minimum_quantity) AS minimum FROM public.line_materials l
    WHERE l.warehouse_id = w.id AND l.material_id = m.id AND l.valid_from <= now()
        AND (l.valid_to IS NULL OR l.valid_to > now())) AS d ON true
LEFT JOIN LATERAL (SELECT sum(o.open_quantity) AS in_transit, min(o.arrives_at) AS next_arrival_at
    FROM public.transit_lines o JOIN public.supply_relations r ON r.id = o.relation_id
    JOIN public.sites rs ON rs.id = r.site_id
    WHERE r.material_id = m.id AND rs.equipment_id = we.id AND o.open_quantity > 0) AS t ON true"""

_STOCK_DAYS = f"""
SELECT w.key AS warehouse, we.path AS plant, m.number AS material, m.unit, x.day, x.closing,
    x.average, x.inflow, x.outflow, x.stock_out_s, x.stock_outs, x.known_s
{_WAREHOUSE}
JOIN public.stock_days x ON x.warehouse_id = w.id JOIN public.materials m ON m.id = x.material_id"""

_SHORTAGES = f"""
SELECT w.key AS warehouse, we.path AS plant, m.number AS material, m.description, x.start_at,
    x.end_at, extract(epoch FROM coalesce(x.end_at, now()) - x.start_at)::float8 AS duration_s
{_WAREHOUSE}
JOIN public.stock_outs x ON x.warehouse_id = w.id JOIN public.materials m ON m.id = x.material_id"""

_RELATION = f"""
JOIN public.supply_relations r ON r.id = x.relation_id
JOIN public.partners p ON p.id = r.supplier_id JOIN public.materials m ON m.id = r.material_id
JOIN public.sites rs ON rs.id = r.site_id
JOIN public.equipment re ON re.id = rs.equipment_id AND re.id {MINE}"""

_DELIVERIES = f"""
SELECT p.key AS supplier, p.name AS supplier_name, re.path AS plant, m.number AS material,
    m.description, m.unit, x.document, x.due_from, x.due_until, x.quantity, x.delivered_quantity,
    x.open_quantity, x.state, x.on_time, x.in_full, x.delay_s, x.first_received_at, x.fulfilled_at,
    x.is_uncertain
FROM public.due_lines x {_RELATION}"""

_SUPPLIER_DAYS = f"""
SELECT p.key AS supplier, p.name AS supplier_name, re.path AS plant, x.day,
    sum(x.lines_due) AS lines_due, sum(x.lines_on_time) AS lines_on_time,
    sum(x.lines_in_full) AS lines_in_full, sum(x.lines_otif) AS lines_otif,
    sum(x.lines_late) AS lines_late, sum(x.lines_early) AS lines_early,
    sum(x.uncertain_lines) AS uncertain_lines, sum(x.asn_due) AS asn_due,
    sum(x.asn_accurate) AS asn_accurate, max(x.computed_at) AS computed_at
FROM public.supply_elements x {_RELATION} GROUP BY p.key, p.name, re.path, x.day"""

# A connector belongs to whom one of its signals, stores or relations belongs.
_VISIBLE = f"""
(EXISTS (SELECT FROM public.signals s WHERE s.connector_id = c.id AND s.equipment_id {MINE})
    OR EXISTS (SELECT FROM public.connector_subjects j
        LEFT JOIN public.supply_relations r ON r.id = j.relation_id
        LEFT JOIN public.sites rs ON rs.id = r.site_id
        LEFT JOIN public.warehouses w ON w.id = j.warehouse_id
        LEFT JOIN public.sites ws ON ws.id = w.site_id
        WHERE j.connector_id = c.id AND coalesce(
            j.equipment_id, rs.equipment_id, w.equipment_id, ws.equipment_id) {MINE}))"""

_CONNECTORS = f"""
SELECT c.id AS connector, c.first_seen_at, c.last_applied_at,
    extract(epoch FROM now() - c.last_applied_at)::float8 AS age_s, h.last_at AS heartbeat_at,
    c.alarm, coalesce(s.samples, 0) AS samples, coalesce(g.open_gaps, 0) AS open_gaps,
    coalesce(q.quarantined, 0) AS quarantined, v.name || '@' || v.version AS mapping
FROM public.connectors c LEFT JOIN public.heartbeats h ON h.connector_id = c.id
LEFT JOIN public.mapping_versions v ON v.id = c.mapping_id
LEFT JOIN LATERAL (SELECT sum(p.sample_count)::bigint AS samples FROM public.spools p
    WHERE p.connector_id = c.id) AS s ON true
LEFT JOIN LATERAL (SELECT count(*) AS open_gaps FROM public.gaps g
    WHERE g.connector_id = c.id AND g.end_at IS NULL) AS g ON true
LEFT JOIN LATERAL (SELECT sum(k.count)::bigint AS quarantined FROM public.quarantine k
    WHERE k.connector_id = c.id AND k.state = 'open') AS q ON true
WHERE {_VISIBLE}"""

_GAPS = f"""
SELECT c.id AS connector, g.source, g.start_at, g.end_at,
    extract(epoch FROM coalesce(g.end_at, now()) - g.start_at)::float8 AS duration_s, g.cause,
    g.backfilled, g.estimate
FROM public.gaps g JOIN public.connectors c ON c.id = g.connector_id WHERE {_VISIBLE}"""

_MATERIAL = {
    "material": "our number of the material",
    "description": "its description",
    "unit": "its base unit, in which all quantities are",
}
_STORE = {"warehouse": "key of the warehouse", "plant": "path of its plant"}
_SUPPLIER = {
    "supplier": "key of the supplier",
    "supplier_name": "its name",
    "plant": "path of the plant to which it delivers",
}


def _without(columns: dict[str, str], name: str) -> dict[str, str]:
    return {key: text for key, text in columns.items() if key != name}


VIEWS: dict[str, tuple[str, str, dict[str, str]]] = {
    "v1_stock": (
        "Stock now, with the planned demand of the lines and what is under way",
        _STOCK,
        {
            **_STORE, **_MATERIAL, "balance": "stock, in base units; negative: booked too late",
            "balance_at": "time of its last count or movement, an instant",
            "counted": "whether it was ever counted: else the balance is of movements alone",
            "demand_per_h": "planned demand of the lines while they run, in base units an hour",
            "minimum": "minimum stock of the lines, in base units",
            "hours_of_demand": "stock by demand, in hours of planned running; no forecast: that is "
            "days_of_supply of the API",
            "in_transit": "announced by suppliers and not received yet, in base units",
            "next_arrival_at": "earliest announced arrival, an instant; past: overdue",
        },
    ),
    "v1_stock_days": (
        "Stock by day of the site",
        _STOCK_DAYS,
        {
            **_STORE, **_without(_MATERIAL, "description"), "day": "day of the site, a date",
            "closing": "stock at its end, in base units",
            "average": "mean over its known time, in base units", "inflow": "in base units",
            "outflow": "in base units", "stock_out_s": "time without stock, in seconds",
            "stock_outs": "number of times the stock ran out",
            "known_s": "time of known stock, in seconds",
        },
    ),
    "v1_shortages": (
        "Times without stock",
        _SHORTAGES,
        {
            **_STORE, **_without(_MATERIAL, "unit"), "start_at": "start, an instant",
            "end_at": "end, an instant; NULL: goes on", "duration_s": "length so far, in seconds",
        },
    ),
    "v1_deliveries": (
        "Due deliveries by the call-off in force, and how they were fulfilled",
        _DELIVERIES,
        {
            **_SUPPLIER, **_MATERIAL, "document": "number of the call-off",
            "due_from": "due from, an instant", "due_until": "due until, an instant",
            "quantity": "in base units", "delivered_quantity": "in base units",
            "open_quantity": "in base units", "state": "open or measured",
            "on_time": "whether it was, by the policy; NULL: not measured yet",
            "in_full": "the same of the quantity", "delay_s": "delay, in seconds; negative: early",
            "first_received_at": "first receipt, an instant",
            "fulfilled_at": "receipt of the whole quantity, an instant",
            "is_uncertain": "whether messages that would change it may have been lost",
        },
    ),
    "v1_supplier_days": (
        "Delivery performance by supplier, plant and day of the site: sum, then divide",
        _SUPPLIER_DAYS,
        {
            **_SUPPLIER, "day": "day of the site, a date", "lines_due": "number of due lines",
            "lines_on_time": "number of lines on time", "lines_in_full": "number of lines in full",
            "lines_otif": "number of lines on time and in full",
            "lines_late": "number of late lines",
            "lines_early": "number of early lines",
            "uncertain_lines": "number of lines about which messages may have been lost",
            "asn_due": "number of receipts that a despatch advice should have announced",
            "asn_accurate": "number of them that it announced correctly",
            "computed_at": "when it was computed, an instant",
        },
    ),
    "v1_connectors": (
        "Connectors by what is stored of them; what they report themselves only the API knows",
        _CONNECTORS,
        {
            "connector": "its name", "first_seen_at": "first delivery, an instant",
            "last_applied_at": "last delivery that was stored, an instant",
            "age_s": "time since then, in seconds",
            "heartbeat_at": "last heartbeat of its source, an instant",
            "alarm": "what is wrong with its spool; NULL: nothing",
            "samples": "number of samples that it delivered", "open_gaps": "number of open gaps",
            "quarantined": "number of entries in quarantine that nobody decided on",
            "mapping": "name and version of the mapping in use",
        },
    ),
    "v1_gaps": (
        "Data that was lost before it was accepted",
        _GAPS,
        {
            "connector": "its name", "source": "source of the lost data",
            "start_at": "start, an instant", "end_at": "end, an instant; NULL: goes on",
            "duration_s": "length so far, in seconds", "cause": "code of the cause",
            "backfilled": "whether the data came later",
            "estimate": "estimated number of lost values; NULL: not known",
        },
    ),
}  # fmt: skip
