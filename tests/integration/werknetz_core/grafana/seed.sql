-- Two plants of one company, the last hours of a machine each, and what is delivered to plant e.
INSERT INTO equipment (id, path, level, name, parent_id, time_zone) OVERRIDING SYSTEM VALUE VALUES
    (901, 'g', 'enterprise', 'g', NULL, NULL), (902, 'g/e', 'plant', 'e', 901, 'Europe/Berlin'),
    (903, 'g/f', 'plant', 'f', 901, 'UTC'), (904, 'g/e/m', 'machine', 'm', 902, NULL),
    (905, 'g/f/m', 'machine', 'm', 903, NULL);
INSERT INTO shift_calendars (equipment_id, valid_from, document) VALUES
    (901, now() - interval '500 days', '{"time_zone": "Europe/Berlin", "shifts": [
        {"name": "old", "days": [0, 1, 2, 3, 4, 5, 6], "start": "00:00", "end": "24:00"}]}'),
    (902, now() - interval '300 days', '{"time_zone": "Europe/Berlin", "cycle_days": 1,
        "anchor": "2026-01-05", "shifts": [
        {"name": "day", "days": [0], "start": "06:00", "end": "18:00", "team": "A"},
        {"name": "night", "days": [0], "start": "18:00", "end": "06:00"}],
        "exceptions": [{"date": "2026-01-01", "closed": true},
            {"date": "2026-01-02", "shifts": [{"name": "short", "start": "08:00", "end": "10:00"}]}]}');
INSERT INTO connectors (id, last_applied_at) VALUES ('ce', now()), ('cf', now());
INSERT INTO signals (id, key, equipment_id, connector_id, name, role, unit, datatype, source, mapping)
OVERRIDING SYSTEM VALUE VALUES
    (911, 'g/e/m:temperature', 904, 'ce', 'temperature', 'process_value', 'degC', 'float', 's', 'x@1'),
    (912, 'g/f/m:temperature', 905, 'cf', 'temperature', 'process_value', 'degC', 'float', 's', 'x@1');
INSERT INTO samples (signal_id, at, value, status)
SELECT s, now() - n * interval '5 minutes', 20 + n, 0
FROM generate_series(1, 12) AS n, unnest(ARRAY[911, 912]) AS s;
INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, cause) VALUES
    (gen_random_uuid(), 'ce', 's', '{}', now() - interval '1 hour', 'source_silent'),
    (gen_random_uuid(), 'cf', 's', '{}', now() - interval '1 hour', 'source_silent');
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code, order_number)
SELECT m, t.base + p.n * interval '15 minutes', t.base + (p.n + 1) * interval '15 minutes',
    p.state, p.category, p.code, 'A1'
FROM unnest(ARRAY[904, 905]) AS m,
    (SELECT date_trunc('hour', now()) - interval '3 hours' AS base) AS t,
    (VALUES (0, 1, 'apt', NULL), (1, 4, 'adet', '77'), (2, 4, 'adet', '77'), (3, 6, 'adet', '77'),
        (4, 1, 'apt', NULL), (5, 4, 'adet', NULL)) AS p (n, state, category, code);
INSERT INTO reasons (equipment_id, code, kind, name_en, name_de, category) VALUES
    (NULL, 'g_jam', 'stop', 'jam', 'Stau', 'adet'), (902, 'g_tool', 'stop', 'tool', 'Werkzeug', 'adet');
INSERT INTO reason_codes (equipment_id, kind, state_code, reason) VALUES (902, 'stop', '77', 'g_jam');
INSERT INTO state_entries (equipment_id, start_at, end_at, reason, comment, entered_by)
SELECT 904, start_at, end_at, 'g_tool', 'broken', 'x' FROM state_pieces
WHERE equipment_id = 904 AND state = 4 AND code IS NULL;
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pot_s, pbt_s, apt_s, adet_s,
    malfunction_s, judged_s, judged_apt_s, judged_pri_pq_s, judged_pri_gq_s, pace_apt_s,
    pace_pri_pq_s, quality_pq, quality_gq, pq, gq, sq, energy_kwh)
SELECT m, date_trunc('hour', now()) - n * interval '15 minutes', '{}', false, 900, 900, 600, 300,
    300, 900, 600, 540, 480, 600, 540, 9, 8, 9, 8, 1, 2.5
FROM generate_series(1, 8) AS n, unnest(ARRAY[904, 905]) AS m;
INSERT INTO element_sums (equipment_id, grain, start_at, provisional, computed_at, pbt_s, apt_s,
    adet_s, malfunction_s, judged_s, judged_pri_gq_s, gq, sq, pq)
SELECT m, 5, date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin',
    true, now(), 7200, 4800, 2400, 2400, 7200, 3840, 64, 8, 72
FROM unnest(ARRAY[902, 903, 904, 905]) AS m;
INSERT INTO element_sums (equipment_id, grain, start_at, provisional, computed_at, pbt_s, apt_s,
    adet_s, malfunction_s, judged_s, judged_apt_s, judged_pri_pq_s, judged_pri_gq_s, gq, sq, pq)
SELECT e.parent_id, 4, x.start_at, x.provisional, x.computed_at, x.pbt_s, x.apt_s, x.adet_s,
    x.malfunction_s, x.judged_s, x.judged_apt_s, x.judged_pri_pq_s, x.judged_pri_gq_s, x.gq, x.sq,
    x.pq
FROM element_sums x JOIN equipment e ON e.id = x.equipment_id
WHERE x.grain = 1 AND e.id IN (904, 905);
INSERT INTO rollup_zones (equipment_id, zone)
SELECT m, 'Europe/Berlin' FROM unnest(ARRAY[902, 903, 904, 905]) AS m
ON CONFLICT (equipment_id) DO UPDATE SET zone = excluded.zone;
INSERT INTO partners (id, key, name) OVERRIDING SYSTEM VALUE VALUES (921, 'g-elbe', 'Elbe');
INSERT INTO materials (id, number, description, unit) OVERRIDING SYSTEM VALUE VALUES
    (931, 'g-50417', 'sheet', 'pcs');
INSERT INTO sites (id, key, name, equipment_id) OVERRIDING SYSTEM VALUE VALUES
    (941, 'g-e', 'e', 902), (942, 'g-f', 'f', 903);
INSERT INTO warehouses (id, key, name, code, site_id) OVERRIDING SYSTEM VALUE VALUES
    (951, 'g-we', 'we', 'g-we', 941), (952, 'g-wf', 'wf', 'g-wf', 942);
INSERT INTO supply_relations (id, supplier_id, material_id, site_id) OVERRIDING SYSTEM VALUE VALUES
    (961, 921, 931, 941), (962, 921, 931, 942);
INSERT INTO stock_items (warehouse_id, material_id, balance, balance_at, counted)
SELECT w, 931, 120, now(), true FROM unnest(ARRAY[951, 952]) AS w;
INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item, items_per_hour)
VALUES (904, 931, 951, 2, 30), (905, 931, 952, 2, 30);
INSERT INTO transit_lines (event_id, relation_id, document, arrives_at, quantity, received_quantity,
    open_quantity)
SELECT gen_random_uuid(), r, 'D1', now() + interval '1 day', 500, 0, 500
FROM unnest(ARRAY[961, 962]) AS r;
INSERT INTO stock_days (warehouse_id, material_id, day, closing, average, known_s, inflow, outflow,
    stock_out_s)
SELECT w, 931, current_date, 120, 100, 80000, 0, 60, 0 FROM unnest(ARRAY[951, 952]) AS w;
INSERT INTO stock_outs (warehouse_id, material_id, start_at)
SELECT w, 931, now() - interval '2 hours' FROM unnest(ARRAY[951, 952]) AS w;
INSERT INTO due_lines (relation_id, document, due_from, due_until, quantity, open_quantity, state,
    window_from, window_until)
SELECT r, 'C1', now() - interval '2 days', now() - interval '1 day', 100, 100, 'open',
    now() - interval '2 days', now() - interval '1 day' FROM unnest(ARRAY[961, 962]) AS r;
INSERT INTO supply_elements (relation_id, day, lines_due, lines_on_time, lines_in_full, lines_otif)
SELECT r, current_date, 4, 3, 4, 2 FROM unnest(ARRAY[961, 962]) AS r;
