"""Which rows of each table belong to the plants of the caller."""

ALL = "(SELECT current_setting('werknetz.plants', true) = '*')"


def _of(column: str, function: str) -> str:
    return f"{column} IN (SELECT {function}())"


def path_within(column: str) -> str:
    """Return the condition that a path is one of the caller's plants or below one."""
    return (
        "EXISTS (SELECT FROM unnest((SELECT caller_plants())) AS p (path)"
        f" WHERE {column} = p.path OR starts_with({column}, p.path || '/'))"
    )


_EQUIPMENT = _of("equipment_id", "caller_equipment")
_RELATION = _of("relation_id", "caller_relations")
_WAREHOUSE = _of("warehouse_id", "caller_warehouses")
_STOCK_ITEM = _of("stock_item_id", "caller_stock_items")
_CONNECTOR = _of("connector_id", "caller_connectors")
_OWN_CONNECTOR = _of("connector_id", "caller_own_connectors")
_MATERIAL = _of("material_id", "caller_materials")

# What may be read and written.
OF_PLANT = {
    **dict.fromkeys(
        (
            "annotations", "dirty_buckets", "element_revisions", "element_sums", "elements",
            "equipment_capacities", "former_paths", "inspections", "job_runs", "line_materials",
            "machine_reports", "order_elements", "orders", "quantity_entries", "rollup_marks",
            "signals", "state_entries", "state_piece_revisions", "state_pieces",
            "target_standards",
        ),
        _EQUIPMENT,
    ),
    **dict.fromkeys(
        (
            "call_off_entries", "call_offs", "cumulatives", "dirty_relations", "due_lines",
            "shipment_lines", "supply_elements", "transit_lines",
        ),
        _RELATION,
    ),
    **dict.fromkeys(
        ("dirty_stock", "locations", "stock_days", "stock_items", "stock_outs"), _WAREHOUSE
    ),
    **dict.fromkeys(("stock_balances", "stock_counts", "stock_movements"), _STOCK_ITEM),
    **dict.fromkeys(("gaps", "heartbeats", "outages", "spools"), _CONNECTOR),
    **dict.fromkeys(
        ("connector_books", "connector_subjects", "quarantine", "raw_inputs", "replays"),
        _OWN_CONNECTOR,
    ),
    "audit_head": "false",
    "audit_seals": "false",
    "business_event_revisions":
        f"{_of('delivered_by', 'caller_own_connectors')} OR caller_sees_event(NULL, event_id)",
    "business_events": f"{_OWN_CONNECTOR} OR caller_sees_event(kind, event_id)",
    "connectors": _of("id", "caller_own_connectors"),
    "consumptions": f"{_EQUIPMENT} OR {path_within('equipment')}",
    "findings": f"{_RELATION} OR {_of('site_id', 'caller_sites')} OR {_WAREHOUSE}"
        f" OR {_EQUIPMENT}",
    "handling_units": "EXISTS (SELECT FROM shipments s WHERE s.id = shipment_id)",
    "material_numbers": f"{_MATERIAL} AND (partner_id IS NULL"
        f" OR {_of('partner_id', 'caller_suppliers')})",
    "material_units": _MATERIAL,
    "materials": _of("id", "caller_materials"),
    "operations": f"{_EQUIPMENT} OR {path_within('equipment')}",
    "partner_identities": _of("partner_id", "caller_suppliers"),
    "partners": _of("id", "caller_suppliers"),
    "points": _of("signal_id", "caller_signals"),
    "production_orders": "EXISTS (SELECT FROM operations o WHERE o.order_number = number)",
    "receipt_lines": f"{_RELATION} OR {_WAREHOUSE}",
    "shipments": _of("site_id", "caller_sites"),
    "site_identities": _of("site_id", "caller_sites"),
    "sites": _of("id", "caller_sites"),
    "supply_relations": _of("site_id", "caller_sites"),
    "targets": (
        "NOT EXISTS (SELECT FROM jsonb_array_elements_text(document->'under') AS q (path)"
        f" WHERE NOT {path_within('q.path')})"
    ),
    "warehouses": _of("id", "caller_warehouses"),
}  # fmt: skip

_ANY = "(SELECT cardinality(caller_plants()) > 0)"
# What holds in a plant may stand above it: (what may be read, what may be written).
_LINEAGE = _of("equipment_id", "caller_lineage")
INHERITED = {
    **dict.fromkeys(
        (
            "energy_carriers", "line_rates", "reason_codes", "rollup_zones", "shift_calendars",
            "stop_thresholds",
        ),
        (_LINEAGE, _EQUIPMENT),
    ),
    "reasons": (f"equipment_id IS NULL AND {_ANY} OR {_LINEAGE}", _EQUIPMENT),
    "supply_policies": (
        f"supplier_id IS NULL AND {_ANY} OR {_of('supplier_id', 'caller_suppliers')}", "false",
    ),
    # By its path: a new row is not in the table yet when it is checked.
    "equipment": (
        "EXISTS (SELECT FROM unnest((SELECT caller_plants())) AS p (path) WHERE equipment.path"  # noqa: ISC004
        " = p.path OR starts_with(equipment.path, p.path || '/')"
        " OR starts_with(p.path, equipment.path || '/'))",
        path_within("equipment.path"),
    ),
}  # fmt: skip

# Everybody adds to the audit log, also about what belongs to no plant.
AUDIT_READ = (
    "EXISTS (SELECT FROM caller_paths() AS p (path) WHERE audit_log.equipment = p.path"
    " OR starts_with(audit_log.equipment, p.path || '/'))"
)


def statements() -> list[str]:
    """Return what restricts every table."""
    made = [policy("plants", table, "ALL", f"{ALL} OR {own}") for table, own in OF_PLANT.items()]
    for table, (readable, writable) in INHERITED.items():
        made.append(policy("plants_read", table, "SELECT", f"{ALL} OR {readable}"))
        made.append(policy("plants", table, "ALL", f"{ALL} OR {writable}"))
    made.append(policy("plants_read", "audit_log", "SELECT", f"{ALL} OR {AUDIT_READ}"))
    made.append("CREATE POLICY plants_add ON audit_log FOR INSERT WITH CHECK (true)")
    made += [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in tables()]
    return made


def tables() -> list[str]:
    """Return the tables whose rows belong to plants."""
    return sorted({*OF_PLANT, *INHERITED, "audit_log"})


def policy(name: str, table: str, command: str, condition: str) -> str:
    return f"CREATE POLICY {name} ON {table} FOR {command} USING ({condition})"
