"""The roles of the database and what each may do with each table: nothing else.

A login role is a member of one of them. The owner of the tables migrates; nobody else alters.
Tables that are not named here are out of reach: a new one is added to `SHARED`, or a migration
gives it a policy, and the roles that need it get their rights below.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class DatabaseRole(StrEnum):
    """A group role (NOLOGIN); login roles are its members."""

    API = "werknetz_api"
    INGEST = "werknetz_ingest"
    WORKER = "werknetz_worker"
    GRAFANA = "grafana_reader"

    @property
    def service(self) -> str:
        """The service whose login roles are members, as options name it."""
        return self.name.lower()


SHARED: Final[Mapping[str, str]] = {
    "alembic_version": "the version of the schema",
    "api_keys": "read before the caller is known; hashes, not keys",
    "events_to_project": "numbers of events",
    "incarnations": "which database this is",
    "kpi_definitions": "formulas of the whole company",
    "master_data_changes": "a number",
    "retentions": "which days were deleted",
    "sessions": "read before the caller is known; hashes, not tokens",
    "sign_in_failures": "counted before the caller is known; hashes",
    "users": "read before the caller is known",
}
"""Tables that the API's role reads whatever the plants of the caller are, and why."""

SUPPLY_FACTS: Final = (
    "call_off_entries", "consumptions", "inspections", "receipt_lines", "shipment_lines",
    "stock_counts", "stock_movements",
)  # fmt: skip
SUPPLY_ROWS: Final = (
    "call_offs", "cumulatives", "due_lines", "handling_units", "shipments", "stock_balances",
    "stock_days", "stock_outs", "supply_elements", "transit_lines",
)  # fmt: skip
MASTER_DATA: Final = (
    "master_data_changes", "material_numbers", "material_units", "materials",
    "partner_identities", "partners", "site_identities", "sites", "supply_policies",
    "supply_relations", "warehouses",
)  # fmt: skip
MACHINE_ROWS: Final = (
    "element_revisions", "element_sums", "elements", "job_runs", "machine_reports", "operations",
    "order_elements", "orders", "production_orders", "rollup_marks", "rollup_zones",
    "state_piece_revisions", "state_pieces",
)  # fmt: skip
ENTRIES: Final = (
    "annotations", "energy_carriers", "equipment", "equipment_capacities", "former_paths",
    "kpi_definitions", "line_materials", "line_rates", "quantity_entries", "reason_codes",
    "reasons", "shift_calendars", "shift_report_signatures", "signals", "state_entries",
    "stop_thresholds", "target_standards", "targets",
)  # fmt: skip
STOCK: Final = ("locations", "stock_items")
DECISIONS: Final = ("shortage_acknowledgements",)
MARKS: Final = ("dirty_buckets", "dirty_relations", "dirty_stock", "events_to_project")
DELIVERIES: Final = (
    "business_event_revisions", "business_events", "connector_books", "connector_subjects",
    "connectors", "gaps", "heartbeats", "incarnations", "mapping_versions", "outages", "points",
    "quarantine", "replays", "retentions", "spools",
)  # fmt: skip
ACCOUNTS: Final = ("api_keys", "sessions", "sign_in_failures", "stored_answers", "users")
AUDIT: Final = ("audit_head", "audit_log", "audit_seals")
GRAFANA_VIEWS: Final = (
    "grafana.v1_connectors", "grafana.v1_deliveries", "grafana.v1_elements",
    "grafana.v1_equipment", "grafana.v1_gaps", "grafana.v1_kpi_days", "grafana.v1_kpi_hours",
    "grafana.v1_kpi_shifts", "grafana.v1_loss_days", "grafana.v1_losses", "grafana.v1_samples",
    "grafana.v1_shifts", "grafana.v1_shortages", "grafana.v1_signals", "grafana.v1_states",
    "grafana.v1_stock", "grafana.v1_stock_days", "grafana.v1_stops", "grafana.v1_supplier_days",
)  # fmt: skip

_COMPUTED_FROM: Final = (*ENTRIES, *MACHINE_ROWS, *DELIVERIES, *MASTER_DATA, *STOCK, *MARKS)
_CORRECTED: Final = (
    "annotations", "dirty_buckets", "dirty_relations", "dirty_stock", "equipment", "former_paths",
    "kpi_definitions", "line_materials", "mapping_versions", "material_numbers", "material_units",
    "materials", "partner_identities", "partners", "quantity_entries", "quarantine",
    "reason_codes", "reasons", "shift_calendars", "signals", "site_identities", "sites",
    "state_entries",
    "stop_thresholds", "targets", "warehouses",
)  # fmt: skip
_ENTERED: Final = tuple(
    {*_CORRECTED, *ENTRIES, *MARKS, "audit_log", "replays", "supply_policies"}
    - {"quarantine", "signals"}
)
_REPLACED: Final = (
    "energy_carriers", "equipment_capacities", "former_paths", "line_materials", "line_rates",
    "material_numbers", "material_units", "partner_identities", "shift_calendars",
    "site_identities", "target_standards",
)  # fmt: skip

_WORKER_WRITES: Final = (
    *SUPPLY_FACTS, *SUPPLY_ROWS, *MACHINE_ROWS, *MARKS, *STOCK, "connector_subjects", "findings",
    "heartbeats", "outages",
)  # fmt: skip
_WORKER_ADDS: Final = (
    "audit_log", "equipment", "material_numbers", "materials", "partner_identities", "partners",
    "retentions", "site_identities", "sites", "supply_relations", "warehouses",
)  # fmt: skip

TABLE_RIGHTS: Final[Mapping[DatabaseRole, Mapping[str, Iterable[str]]]] = {
    DatabaseRole.API: {
        "SELECT": (
            *_COMPUTED_FROM, *SUPPLY_FACTS, *SUPPLY_ROWS, *ACCOUNTS, *AUDIT, *DECISIONS,
            "alembic_version", "findings", "raw_inputs", "werknetz_api.samples",
        ),
        "INSERT": (*_ENTERED, *ACCOUNTS, *DECISIONS),
        "UPDATE": (*_CORRECTED, *ACCOUNTS, *DECISIONS, "master_data_changes"),
        "DELETE": (*_REPLACED, "sessions", "sign_in_failures", "stored_answers", "users"),
    },
    DatabaseRole.INGEST: {
        "SELECT": (
            *DELIVERIES, *MARKS, "audit_log", "elements", "equipment", "former_paths", "raw_inputs",
            "samples", "signals",
        ),
        "INSERT": (
            "business_event_revisions", "business_events", "connector_books", "connectors",
            "dirty_buckets", "equipment", "gaps", "incarnations", "mapping_versions", "points",
            "quarantine", "raw_inputs", "samples", "signals", "spools",
        ),
        "UPDATE": (
            "business_events", "connector_books", "connectors", "dirty_buckets", "equipment",
            "gaps", "incarnations", "mapping_versions", "points", "quarantine", "raw_inputs",
            "replays", "signals", "spools",
        ),
        "DELETE": ("samples",),  # a replay replaces what another mapping had made
    },
    DatabaseRole.WORKER: {
        "SELECT": (
            *_COMPUTED_FROM, *SUPPLY_FACTS, *SUPPLY_ROWS, "findings", "raw_inputs", "samples",
        ),
        "INSERT": (*_WORKER_WRITES, *_WORKER_ADDS),
        "UPDATE": (
            *_WORKER_WRITES, "materials", "partner_identities", "partners", "retentions",
            "site_identities", "sites", "warehouses",
        ),
        "DELETE": _WORKER_WRITES,
    },
    DatabaseRole.GRAFANA: {"SELECT": GRAFANA_VIEWS},
}  # fmt: skip

SCHEMAS: Final[Mapping[DatabaseRole, Iterable[str]]] = {
    DatabaseRole.API: ("public", "werknetz_api"),
    DatabaseRole.INGEST: ("public",),
    DatabaseRole.WORKER: ("public",),
    DatabaseRole.GRAFANA: ("grafana",),
}

FUNCTIONS: Final[Mapping[DatabaseRole, Iterable[str]]] = {
    # Policies ask them with the rights of whoever asks.
    DatabaseRole.API: (
        "begin_caller_session()", "state_caller(text, boolean)", "stated_plants()",
        "caller_connectors()", "caller_equipment()", "caller_lineage()", "caller_mappings()",
        "caller_materials()", "caller_own_connectors()", "caller_paths()", "caller_plants()",
        "caller_relations()", "caller_scope()", "caller_sees_all()",
        "caller_sees_event(text, uuid)", "caller_signals()", "caller_sites()",
        "caller_stock_items()", "caller_suppliers()", "caller_warehouses()",
        "mark_line_materials(int[], int[], int[])",
    ),
    DatabaseRole.GRAFANA: ("reader_equipment()",),
    DatabaseRole.INGEST: ("make_day_partition(text, date)",),
    DatabaseRole.WORKER: ("drop_day_partition(text, date)", "remove_audit_entries(timestamptz)"),
}  # fmt: skip

ALL_PLANTS_ROLES: Final = (DatabaseRole.INGEST, DatabaseRole.WORKER)
"""They work for every plant: a policy of their own shows them all rows."""
TEMPORARY_TABLES: Final = (DatabaseRole.INGEST, DatabaseRole.WORKER)
