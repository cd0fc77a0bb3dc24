"""Views of machines: KPIs by hour, shift and day, states, stops, losses, each with its unit."""

MINE = "IN (SELECT public.reader_equipment())"

_NEGLIGIBLE_S = "0.000001"  # as `werknetz.kpi.elements`: what is left of differences of sums

# Ratios as in `werknetz.kpi.formulas`; NULL where the API answers no value, with its reason.
_RATIOS = f"""
    CASE WHEN x.pbt_s > 0 AND x.judged_s >= {_NEGLIGIBLE_S}
        THEN x.judged_pri_gq_s / x.judged_s END AS oee,
    CASE WHEN x.pbt_s - x.unknown_s >= {_NEGLIGIBLE_S}
        THEN x.apt_s / (x.pbt_s - x.unknown_s) END AS availability,
    CASE WHEN x.pace_apt_s > 0 THEN x.pace_pri_pq_s / x.pace_apt_s END AS effectiveness,
    CASE WHEN x.quality_pq > 0 THEN x.quality_gq / x.quality_pq END AS quality_ratio,
    x.gq AS good, x.sq AS scrap, x.pq AS produced, x.pbt_s AS planned_busy_s,
    x.apt_s AS production_s, x.aust_s AS setup_s, x.adet_s AS delay_s, x.adot_s AS down_s,
    x.unknown_s, x.energy_kwh"""

_RATIO_COMMENTS = {
    "oee": "OEE after ISO 22400-2, as a ratio (0.7 is 70 %); NULL: cannot be judged",
    "availability": "production time by planned busy time of known state, as a ratio",
    "effectiveness": "planned by actual time of what was produced, as a ratio; may be above 1",
    "quality_ratio": "good by produced items, as a ratio",
    "good": "good items, in pieces",
    "scrap": "scrap items, in pieces",
    "produced": "produced items, in pieces",
    "planned_busy_s": "planned busy time, in seconds; of several machines their sum",
    "production_s": "production time, in seconds",
    "setup_s": "set-up time, in seconds",
    "delay_s": "stopped while an order ran, in seconds",
    "down_s": "planned busy time without an order, in seconds",
    "unknown_s": "planned busy time of unknown state, in seconds",
    "energy_kwh": "energy used, in kWh",
}

_STATE_NAMES = (
    "unknown", "producing", "setup", "idle", "malfunction", "blocked", "starved", "suspended",
    "maintenance", "repair", "off",
)  # fmt: skip
_NAMES = ", ".join(f"'{name}'" for name in _STATE_NAMES)
STATE = f"(ARRAY[{_NAMES}]::text[])[p.state + 1]"

# An hour of an equipment with others below it is the sum of the tree.
_HOURS = f"""
SELECT e.path AS equipment, e.level, x.start_at, x.start_at + interval '1 hour' AS end_at,
    x.provisional, x.computed_at, {_RATIOS}
FROM public.element_sums x JOIN public.equipment e ON e.id = x.equipment_id
WHERE x.equipment_id {MINE} AND (x.grain = 4 OR x.grain = 1 AND NOT EXISTS (
    SELECT FROM public.equipment c WHERE c.parent_id = x.equipment_id))"""

_DAYS = f"""
SELECT e.path AS equipment, e.level, (x.start_at AT TIME ZONE z.zone)::date AS day, x.start_at,
    x.provisional, x.computed_at, {_RATIOS}
FROM public.element_sums x JOIN public.equipment e ON e.id = x.equipment_id
JOIN public.rollup_zones z ON z.equipment_id = x.equipment_id
WHERE x.equipment_id {MINE} AND x.grain = 5"""

# Shifts by the calendar in force when they start: of the nearest equipment that has one then. Where
# shifts overlap, as when a calendar begins, the later one counts from its start on.
_DAYS_BACK = 400
_ALL_SHIFTS = f"""
SELECT q.id AS equipment_id, q.path AS equipment, q.level, s.name, s.team, s.start_at,
    least(s.end_at, lead(s.start_at) OVER (PARTITION BY q.path ORDER BY s.start_at)) AS end_at
FROM public.equipment q
JOIN public.equipment a ON a.path = q.path OR starts_with(q.path, a.path || '/')
JOIN public.shift_calendars c ON c.equipment_id = a.id
CROSS JOIN generate_series(
    current_date - {_DAYS_BACK}, current_date + 1, interval '1 day') AS d (at)
LEFT JOIN LATERAL (SELECT x AS exception FROM jsonb_array_elements(
    coalesce(c.document -> 'exceptions', '[]')) AS x
    WHERE (x ->> 'date')::date = d.at::date LIMIT 1) AS x ON true
CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN x.exception IS NULL
    THEN coalesce(c.document -> 'shifts', '[]')
    ELSE coalesce(x.exception -> 'shifts', '[]') END) AS p (shift)
CROSS JOIN LATERAL (SELECT p.shift ->> 'name' AS name, p.shift ->> 'team' AS team,
    (d.at::date + (p.shift ->> 'start')::interval) AT TIME ZONE (c.document ->> 'time_zone')
        AS start_at,
    (d.at::date + (p.shift ->> 'end')::interval + CASE WHEN
        (p.shift ->> 'end')::interval <= (p.shift ->> 'start')::interval
        THEN interval '1 day' ELSE interval '0' END) AT TIME ZONE (c.document ->> 'time_zone')
        AS end_at) AS s
WHERE q.id {MINE} AND NOT coalesce((x.exception ->> 'closed')::boolean, false)
    AND (x.exception IS NOT NULL OR p.shift -> 'days' @> to_jsonb(
        (((d.at::date - coalesce((c.document ->> 'anchor')::date, '2026-01-05'))
            % coalesce((c.document ->> 'cycle_days')::int, 7))
            + coalesce((c.document ->> 'cycle_days')::int, 7))
            % coalesce((c.document ->> 'cycle_days')::int, 7)))
    AND c.id = (SELECT o.id FROM public.shift_calendars o
        JOIN public.equipment n ON n.id = o.equipment_id
        WHERE (n.path = q.path OR starts_with(q.path, n.path || '/')) AND o.valid_from <= s.start_at
        ORDER BY length(n.path) DESC, o.valid_from DESC LIMIT 1)"""
_SHIFTS = f"""
SELECT equipment, name AS shift, team, start_at, end_at FROM ({_ALL_SHIFTS}) AS s
WHERE level = 'plant' OR EXISTS (
    SELECT FROM public.shift_calendars own WHERE own.equipment_id = s.equipment_id)"""
_SUMMED = (
    "pbt_s", "unknown_s", "apt_s", "aust_s", "adet_s", "adot_s", "judged_s", "judged_pri_gq_s",
    "pace_apt_s", "pace_pri_pq_s", "quality_pq", "quality_gq", "gq", "sq", "pq", "energy_kwh",
)  # fmt: skip
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
_KPI_SHIFTS = f"""
SELECT s.equipment, s.level, s.name AS shift, s.team, s.start_at, s.end_at, x.provisional,
    x.computed_at, {_RATIOS}
FROM ({_ALL_SHIFTS}) AS s CROSS JOIN LATERAL (
    SELECT bool_or(b.provisional) AS provisional, max(b.computed_at) AS computed_at, {_SUMS}
    FROM public.elements b WHERE b.bucket_at >= s.start_at AND b.bucket_at < s.end_at
        AND b.equipment_id IN (SELECT m.id FROM public.equipment m
            WHERE m.path = s.equipment OR starts_with(m.path, s.equipment || '/'))) AS x
WHERE x.computed_at IS NOT NULL"""

# At the end: columns of a view that exists can only be appended.
_STATES = f"""
SELECT e.path AS equipment, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number,
    {STATE} AS state_name
FROM public.state_pieces p JOIN public.equipment e ON e.id = p.equipment_id
WHERE p.equipment_id {MINE}"""

_SAME = (
    "{0}.state = {1}.state AND {0}.category = {1}.category"
    " AND {0}.code IS NOT DISTINCT FROM {1}.code"
)
# Pieces are cut at quarters of an hour and changes of order: a stop is what joins without a change.
_STOPS = f"""
SELECT e.path AS equipment, p.start_at, u.end_at,
    extract(epoch FROM u.end_at - p.start_at)::float8 AS duration_s, {STATE} AS state_name,
    p.category, p.code, coalesce(entry.reason, coded.reason) AS reason, r.name_en AS reason_en,
    r.name_de AS reason_de, entry.comment, p.order_number
FROM public.state_pieces p JOIN public.equipment e ON e.id = p.equipment_id
CROSS JOIN LATERAL (SELECT q.end_at FROM public.state_pieces q
    WHERE q.equipment_id = p.equipment_id AND q.start_at >= p.start_at
        AND NOT EXISTS (SELECT FROM public.state_pieces n WHERE n.equipment_id = q.equipment_id
            AND n.start_at = q.end_at AND {_SAME.format("n", "q")})
    ORDER BY q.start_at LIMIT 1) AS u
LEFT JOIN LATERAL (SELECT t.reason, t.comment FROM public.state_entries t
    WHERE t.equipment_id = p.equipment_id AND t.known_to IS NULL AND t.start_at <= p.start_at
        AND t.end_at > p.start_at ORDER BY t.id DESC LIMIT 1) AS entry ON true
LEFT JOIN LATERAL (SELECT c.reason FROM public.reason_codes c
    JOIN public.equipment o ON o.id = c.equipment_id
    WHERE c.kind = 'stop' AND c.known_to IS NULL AND c.state_code = p.code
        AND (o.path = e.path OR starts_with(e.path, o.path || '/'))
    ORDER BY length(o.path) DESC LIMIT 1) AS coded ON true
LEFT JOIN LATERAL (SELECT y.name_en, y.name_de FROM public.reasons y
    LEFT JOIN public.equipment o ON o.id = y.equipment_id
    WHERE y.kind = 'stop' AND y.code = coalesce(entry.reason, coded.reason)
        AND (o.id IS NULL OR starts_with(e.path, o.path || '/'))
    ORDER BY o.id NULLS LAST LIMIT 1) AS r ON true
WHERE p.equipment_id {MINE} AND p.state NOT IN (0, 1) AND NOT EXISTS (
    SELECT FROM public.state_pieces b WHERE b.equipment_id = p.equipment_id
        AND b.end_at = p.start_at AND b.start_at < p.start_at
        AND b.start_at >= p.start_at - interval '1 day' AND {_SAME.format("b", "p")})"""

_LOSSES = f"""
SELECT e.path AS equipment, e.level, x.start_at, l.loss, l.seconds
FROM public.element_sums x JOIN public.equipment e ON e.id = x.equipment_id
CROSS JOIN LATERAL (VALUES
    ('setup', x.aust_s), ('malfunction', x.malfunction_s), ('minor_stops', x.minor_stop_s),
    ('starved', x.starved_s), ('blocked', x.blocked_s), ('suspended', x.suspended_s),
    ('idle', x.idle_s), ('no_order', x.adot_s), ('unknown', x.unknown_s),
    ('speed', x.judged_apt_s - x.judged_pri_pq_s), ('scrap', x.judged_pri_pq_s - x.judged_pri_gq_s)
) AS l (loss, seconds)
WHERE x.equipment_id {MINE} AND l.seconds <> 0 AND (x.grain = 4 OR x.grain = 1 AND NOT EXISTS (
    SELECT FROM public.equipment c WHERE c.parent_id = x.equipment_id))"""

_EQUIPMENT = {
    "equipment": "path of the equipment",
    "level": "enterprise, plant, area, line or machine",
    "start_at": "start, an instant",
    "end_at": "end, an instant",
    "provisional": "whether the time had not ended when it was computed",
    "computed_at": "when it was computed, an instant",
}


def _equipment(*names: str) -> dict[str, str]:
    return {name: _EQUIPMENT[name] for name in names}


_COMPUTED = ("provisional", "computed_at")
VIEWS: dict[str, tuple[str, str, dict[str, str]]] = {
    "v1_kpi_hours": (
        "KPIs of each equipment by hour of UTC; of what has others below it, of all of them",
        _HOURS,
        {**_equipment("equipment", "level", "start_at", "end_at", *_COMPUTED), **_RATIO_COMMENTS},
    ),
    "v1_kpi_days": (
        "KPIs of each equipment by day of its plant",
        _DAYS,
        {
            **_equipment("equipment", "level"), "day": "day of the plant, a date",
            **_equipment("start_at", *_COMPUTED), **_RATIO_COMMENTS,
        },
    ),
    "v1_kpi_shifts": (
        f"KPIs of each equipment by shift of its calendar, of the last {_DAYS_BACK} days",
        _KPI_SHIFTS,
        {
            **_equipment("equipment", "level"), "shift": "name of the shift",
            "team": "team that works in it, if the calendar names one",
            **_equipment("start_at", "end_at", *_COMPUTED), **_RATIO_COMMENTS,
        },
    ),
    "v1_shifts": (
        f"Shifts of plants and of what has a calendar of its own, of the last {_DAYS_BACK} days",
        _SHIFTS,
        {
            **_equipment("equipment"), "shift": "name of the shift",
            "team": "team that works in it, if the calendar names one",
            **_equipment("start_at", "end_at"),
        },
    ),
    "v1_states": (
        "States of machines, cut at quarters of an hour",
        _STATES,
        {
            **_equipment("equipment", "start_at", "end_at"), "state": "number of the state",
            "category": "after ISO 22400: apt, aust, adet, adot, pdot, off_shift",
            "code": "code of the state as the source reports it",
            "order_number": "order that ran, if any", "state_name": "the state as a word",
        },
    ),
    "v1_stops": (
        "Stops of machines with their reasons, whole: pieces that join without a change are one",
        _STOPS,
        {
            **_equipment("equipment", "start_at"), "end_at": "end, so far where it goes on",
            "duration_s": "length, in seconds", "state_name": "the state as a word",
            "category": "after ISO 22400: aust, adet, adot, pdot, off_shift",
            "code": "code of the state as the source reports it",
            "reason": "code of the reason: as a person gave it, else that of the reported code",
            "reason_en": "name of the reason in English", "reason_de": "the same in German",
            "comment": "what the person wrote", "order_number": "order at its start, if any",
        },
    ),
    "v1_losses": (
        "Lost time of each equipment by hour of UTC and loss; only losses that are not 0",
        _LOSSES,
        {
            **_equipment("equipment", "level", "start_at"),
            "loss": "setup, malfunction, minor_stops, starved, blocked, suspended, idle, no_order, "
            "unknown, speed or scrap",
            "seconds": "lost planned busy time, in seconds; speed may be negative (gained)",
        },
    ),
}  # fmt: skip
