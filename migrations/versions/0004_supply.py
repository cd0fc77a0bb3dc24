"""Supply and stock in the model: master data, facts of events, what is derived, what is dirty.

The tables are created by the modules in `supply_0004`, by subject.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _load(name: str) -> ModuleType:
    """Load a module by its path: this folder is `migrations` or `werknetz_migrations`."""
    path = Path(__file__).parents[1] / "supply_0004" / f"{name}.py"
    spec = spec_from_file_location(f"werknetz_supply_0004_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade() -> None:
    outbox, stock, deliveries, findings = map(_load, ("outbox", "stock", "deliveries", "findings"))
    outbox.create_tables()
    _load("partners").create_tables()
    stock.create_warehouses()
    stock.create_line_tables()
    deliveries.create_facts()
    stock.create_facts()
    _load("orders").create_tables()
    deliveries.create_derived()
    stock.create_derived()
    findings.create_tables()
    findings.create_lookup_indexes()
    outbox.create_triggers()


def downgrade() -> None:
    op.drop_index("ix_state_pieces_outside", table_name="state_pieces")
    op.drop_index("ix_business_events_order_number", table_name="business_events")
    _load("outbox").drop_triggers()
    for table in reversed(_TABLES):
        op.drop_table(table)


_TABLES = (
    "dirty_relations",
    "dirty_stock",
    "events_to_project",
    "materials",
    "partners",
    "material_numbers",
    "material_units",
    "partner_identities",
    "sites",
    "site_identities",
    "supply_policies",
    "supply_relations",
    "warehouses",
    "locations",
    "stock_items",
    "line_materials",
    "line_rates",
    "call_off_entries",
    "shipment_lines",
    "receipt_lines",
    "stock_counts",
    "stock_movements",
    "consumptions",
    "production_orders",
    "operations",
    "call_offs",
    "due_lines",
    "shipments",
    "handling_units",
    "transit_lines",
    "cumulatives",
    "supply_elements",
    "stock_balances",
    "stock_outs",
    "stock_days",
    "findings",
)
