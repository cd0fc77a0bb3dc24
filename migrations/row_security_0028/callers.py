"""Functions that say what belongs to the plants of the caller, for policies.

They run as the owner, whom no policy restricts, and return nothing of other plants. Policies ask
them once a statement, and not at all for callers of all plants.
"""

PLANTS = """
CREATE FUNCTION caller_plants() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN coalesce(value, '') IN ('', '*') THEN '{}'
        ELSE ARRAY(SELECT jsonb_array_elements_text(value::jsonb)) END
    FROM current_setting('werknetz.plants', true) AS setting (value)
$$"""

# In the byte order of the index, so that each plant is one range of it.
_BELOW = "e.path = p.path OR e.path ~>=~ (p.path || '/') AND e.path ~<~ (p.path || '0')"

_DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"

EQUIPMENT = f"""
CREATE FUNCTION caller_equipment() RETURNS SETOF integer {_DEFINER} ROWS 100 AS $$
    SELECT DISTINCT e.id FROM unnest(caller_plants()) AS p (path)
    JOIN equipment e ON {_BELOW}
$$"""  # noqa: S608 - made of constants

# What holds above a plant holds in it: calendars, thresholds, reasons of the whole company.
LINEAGE = f"""
CREATE FUNCTION caller_lineage() RETURNS SETOF integer {_DEFINER} ROWS 100 AS $$
    SELECT caller_equipment()
    UNION SELECT e.id FROM unnest(caller_plants()) AS p (path)
    JOIN equipment e ON starts_with(p.path, e.path || '/')
$$"""  # noqa: S608 - made of constants

# Paths of the caller, and former ones of what has them no longer.
PATHS = f"""
CREATE FUNCTION caller_paths() RETURNS SETOF text {_DEFINER} ROWS 10 AS $$
    SELECT unnest(caller_plants())
    UNION SELECT f.path FROM former_paths f
    WHERE f.equipment_id IN (SELECT caller_equipment())
        AND NOT EXISTS (SELECT FROM equipment e WHERE e.path = f.path)
$$"""  # noqa: S608 - made of constants

SIGNALS = f"""
CREATE FUNCTION caller_signals() RETURNS SETOF integer {_DEFINER} AS $$
    SELECT id FROM signals WHERE equipment_id IN (SELECT caller_equipment())
$$"""  # noqa: S608 - made of constants

SITES = f"""
CREATE FUNCTION caller_sites() RETURNS SETOF integer {_DEFINER} ROWS 10 AS $$
    SELECT id FROM sites WHERE equipment_id IN (SELECT caller_equipment())
$$"""  # noqa: S608 - made of constants

WAREHOUSES = f"""
CREATE FUNCTION caller_warehouses() RETURNS SETOF integer {_DEFINER} ROWS 10 AS $$
    SELECT w.id FROM warehouses w LEFT JOIN sites s ON s.id = w.site_id
    WHERE coalesce(w.equipment_id, s.equipment_id) IN (SELECT caller_equipment())
$$"""  # noqa: S608 - made of constants

STOCK_ITEMS = f"""
CREATE FUNCTION caller_stock_items() RETURNS SETOF integer {_DEFINER} AS $$
    SELECT id FROM stock_items WHERE warehouse_id IN (SELECT caller_warehouses())
$$"""  # noqa: S608 - made of constants

RELATIONS = f"""
CREATE FUNCTION caller_relations() RETURNS SETOF integer {_DEFINER} AS $$
    SELECT id FROM supply_relations WHERE site_id IN (SELECT caller_sites())
$$"""  # noqa: S608 - made of constants

SUPPLIERS = f"""
CREATE FUNCTION caller_suppliers() RETURNS SETOF integer {_DEFINER} ROWS 100 AS $$
    SELECT supplier_id FROM supply_relations WHERE site_id IN (SELECT caller_sites())
$$"""  # noqa: S608 - made of constants

# What is delivered to the plants, stored, consumed or made there.
MATERIALS = f"""
CREATE FUNCTION caller_materials() RETURNS SETOF integer {_DEFINER} AS $$
    SELECT material_id FROM supply_relations WHERE site_id IN (SELECT caller_sites())
    UNION SELECT material_id FROM stock_items WHERE warehouse_id IN (SELECT caller_warehouses())
    UNION SELECT material_id FROM line_materials
    WHERE equipment_id IN (SELECT caller_equipment())
    UNION SELECT material_id FROM consumptions WHERE equipment_id IN (SELECT caller_equipment())
    UNION SELECT material_id FROM operations WHERE equipment_id IN (SELECT caller_equipment())
        OR EXISTS (SELECT FROM unnest(caller_plants()) AS p (path)
            WHERE starts_with(operations.equipment, p.path || '/'))
    UNION SELECT m.id FROM orders o JOIN materials m ON m.number = o.material
    WHERE o.equipment_id IN (SELECT caller_equipment())
$$"""  # noqa: S608 - made of constants

# What a connector delivers for: (connector_id, equipment_id); null: for no known plant.
_SERVED = """
    SELECT s.connector_id, s.equipment_id FROM signals s WHERE s.equipment_id IS NOT NULL
    UNION ALL
    SELECT c.connector_id,
        coalesce(c.equipment_id, a.equipment_id, w.equipment_id, b.equipment_id)
    FROM connector_subjects c
    LEFT JOIN supply_relations r ON r.id = c.relation_id LEFT JOIN sites a ON a.id = r.site_id
    LEFT JOIN warehouses w ON w.id = c.warehouse_id LEFT JOIN sites b ON b.id = w.site_id"""

CONNECTORS = f"""
CREATE FUNCTION caller_connectors() RETURNS SETOF text {_DEFINER} ROWS 10 AS $$
    SELECT DISTINCT served.connector_id FROM ({_SERVED}) AS served
    WHERE served.equipment_id IN (SELECT caller_equipment())
$$"""  # noqa: S608 - made of constants

# Those that deliver for no other plant: their messages may hold nothing of others.
OWN_CONNECTORS = f"""
CREATE FUNCTION caller_own_connectors() RETURNS SETOF text {_DEFINER} ROWS 10 AS $$
    SELECT served.connector_id FROM ({_SERVED}) AS served
    GROUP BY 1 HAVING bool_and(coalesce(
        served.equipment_id IN (SELECT caller_equipment()), false))
$$"""  # noqa: S608 - made of constants

# Facts have the plants; an event whose names are not resolved has none. Asked of each row, so it
# looks for the facts of the event alone. `e` is the equipment of a fact.
_SITE_OF_RELATION = (
    "JOIN supply_relations r ON r.id = f.relation_id JOIN sites s ON s.id = r.site_id"
    " JOIN equipment e ON e.id = s.equipment_id"
)
_PLACE_OF_WAREHOUSE = (
    "LEFT JOIN sites s ON s.id = w.site_id"
    " JOIN equipment e ON e.id = coalesce(w.equipment_id, s.equipment_id)"
)
_PLACE_OF_ITEM = (
    "JOIN stock_items i ON i.id = f.stock_item_id JOIN warehouses w ON w.id = i.warehouse_id "
    + _PLACE_OF_WAREHOUSE
)
_MACHINE = "JOIN equipment e ON e.id = f.equipment_id"
_ITS_EVENT = "f.event_id = event"
_FACTS = (  # kinds of events, the fact with its equipment, and how it is found
    ("delivery_called_off", f"call_off_entries f {_SITE_OF_RELATION}", _ITS_EVENT),
    ("shipment_announced", f"shipment_lines f {_SITE_OF_RELATION}", _ITS_EVENT),
    ("goods_received", f"receipt_lines f {_SITE_OF_RELATION}", _ITS_EVENT),
    (
        "goods_received",
        f"receipt_lines f JOIN warehouses w ON w.id = f.warehouse_id {_PLACE_OF_WAREHOUSE}",
        _ITS_EVENT,
    ),
    ("stock_counted", f"stock_counts f {_PLACE_OF_ITEM}", _ITS_EVENT),
    (
        "stock_moved, goods_received, material_consumed",
        f"stock_movements f {_PLACE_OF_ITEM}",
        _ITS_EVENT,
    ),
    ("material_consumed", f"consumptions f {_MACHINE}", _ITS_EVENT),
    ("quality_inspected", f"inspections f {_MACHINE}", _ITS_EVENT),
    (
        "state_changed, quality_inspected, attendance_recorded",
        f"machine_reports f {_MACHINE}",
        _ITS_EVENT,
    ),
    ("job_started, job_finished", f"job_runs f {_MACHINE}", "f.event_ids @> ARRAY[event]"),
)
_MINE = (
    "EXISTS (SELECT FROM unnest(plants) AS p (path)"
    " WHERE e.path = p.path OR starts_with(e.path, p.path || '/'))"
)


def _search(kinds: str, facts: str, found: str) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split(", "))
    return f"""
    IF kind IS NULL OR kind IN ({listed}) THEN
        IF EXISTS (SELECT FROM {facts} WHERE {found} AND {_MINE}) THEN
            RETURN true;
        END IF;
    END IF;"""


# `kind` null: not known.
SEES_EVENT = f"""
CREATE FUNCTION caller_sees_event(kind text, event uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE plants text[] := caller_plants();
BEGIN{"".join(_search(*fact) for fact in _FACTS)}
    RETURN false;
END $$"""

# In the order in which they use each other.
FUNCTIONS = {
    "caller_plants()": PLANTS,
    "caller_equipment()": EQUIPMENT,
    "caller_lineage()": LINEAGE,
    "caller_paths()": PATHS,
    "caller_signals()": SIGNALS,
    "caller_sites()": SITES,
    "caller_warehouses()": WAREHOUSES,
    "caller_stock_items()": STOCK_ITEMS,
    "caller_relations()": RELATIONS,
    "caller_suppliers()": SUPPLIERS,
    "caller_materials()": MATERIALS,
    "caller_connectors()": CONNECTORS,
    "caller_own_connectors()": OWN_CONNECTORS,
    "caller_sees_event(text, uuid)": SEES_EVENT,
}
