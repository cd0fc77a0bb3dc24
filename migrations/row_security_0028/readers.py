"""What reports read: versioned views, of the plants that each login role may see.

A role can change its own settings, so its plants are in a table that it cannot write.
"""

_DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"

# `session_user` is who has logged in, also after SET ROLE and in functions of the owner.
EQUIPMENT = f"""
CREATE FUNCTION reader_equipment() RETURNS SETOF integer {_DEFINER} AS $$
    SELECT e.id FROM equipment e WHERE EXISTS (
        SELECT FROM database_readers r WHERE r.role_name = session_user AND (r.plants IS NULL
            OR EXISTS (SELECT FROM unnest(r.plants) AS p (path)
                WHERE e.path = p.path OR starts_with(e.path, p.path || '/'))))
$$"""  # noqa: S608 - made of constants

_MINE = "equipment_id IN (SELECT public.reader_equipment())"

VIEWS = {
    "grafana.v1_equipment": """
SELECT id, path, level, name, time_zone, valid_from, valid_to FROM public.equipment
WHERE id IN (SELECT public.reader_equipment())""",
    "grafana.v1_signals": f"""
SELECT s.id, s.key, e.path AS equipment, s.name, s.role, s.unit, s.datatype
FROM public.signals s JOIN public.equipment e ON e.id = s.equipment_id WHERE s.{_MINE}""",  # noqa: S608 - made of constants
    "grafana.v1_samples": f"""
SELECT signal_id, at, value, status, text FROM public.samples
WHERE signal_id IN (SELECT id FROM public.signals WHERE {_MINE})""",  # noqa: S608 - made of constants
    "grafana.v1_states": f"""
SELECT e.path AS equipment, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number
FROM public.state_pieces p JOIN public.equipment e ON e.id = p.equipment_id WHERE p.{_MINE}""",  # noqa: S608 - made of constants
    "grafana.v1_elements": f"""
SELECT e.path AS equipment, x.bucket_at, x.provisional, x.pot_s, x.pbt_s, x.apt_s, x.adet_s,
    x.unknown_s, x.malfunction_s, x.minor_stop_s, x.pq, x.gq, x.sq, x.rq, x.pri_pq_s, x.pri_gq_s,
    x.energy_kwh
FROM public.elements x JOIN public.equipment e ON e.id = x.equipment_id WHERE x.{_MINE}""",  # noqa: S608 - made of constants
}

# The API reads samples only through this view: PostgreSQL refuses COPY into a table with
# row-level security, and samples are written by COPY. `ctid` orders equal rows of a partition.
SAMPLES = """
CREATE VIEW werknetz_api.samples WITH (security_barrier) AS
SELECT *, ctid, xmin FROM public.samples
WHERE (SELECT current_setting('werknetz.plants', true) = '*')
    OR signal_id IN (SELECT public.caller_signals())"""


def statements() -> list[str]:
    return [
        EQUIPMENT,
        "REVOKE EXECUTE ON FUNCTION reader_equipment() FROM PUBLIC",
        "CREATE SCHEMA IF NOT EXISTS grafana",
        *(
            f"CREATE VIEW {name} WITH (security_barrier) AS {query}"
            for name, query in VIEWS.items()
        ),
        "CREATE SCHEMA IF NOT EXISTS werknetz_api",
        SAMPLES,
    ]


def undo_statements() -> list[str]:
    return [
        "DROP VIEW werknetz_api.samples",
        *(f"DROP VIEW {name}" for name in VIEWS),
        "DROP FUNCTION reader_equipment()",
    ]
