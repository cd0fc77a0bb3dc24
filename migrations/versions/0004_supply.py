"""Supply and stock in the model: master data, facts of events, what is derived, what is dirty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")

# Whatever changes an event, ingest, a replay or a correction, puts it here in its transaction.
_TRIGGERS = """
CREATE FUNCTION mark_events_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events_to_project (event_id) SELECT event_id FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER events_inserted AFTER INSERT ON business_events
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_events_to_project();
CREATE TRIGGER events_updated AFTER UPDATE ON business_events
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_events_to_project();
CREATE TRIGGER events_deleted AFTER DELETE ON business_events
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_events_to_project();
"""

# Whoever writes a policy: what was measured by another is measured again.
_POLICIES = """
CREATE FUNCTION mark_relations_of_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dirty_relations AS d (relation_id)
    SELECT DISTINCT r.id FROM supply_relations r JOIN changed p
        ON p.supplier_id IS NULL OR p.supplier_id = r.supplier_id
    ORDER BY r.id
    ON CONFLICT (relation_id) DO UPDATE SET marks = d.marks + 1, marked_at = clock_timestamp();
    RETURN NULL;
END $$"""
_POLICY_TRIGGER = """
CREATE TRIGGER policies_{word} AFTER {what} ON supply_policies
    REFERENCING {which} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_relations_of_policy()"""


def upgrade() -> None:
    _marks()
    _master()
    _warehouses()
    _lines()
    _supply_facts()
    _stock_facts()
    _orders()
    _supply_derived()
    _stock_derived()
    _findings()
    _lookups()
    for statement in _TRIGGERS.split(";\nCREATE TRIGGER"):
        is_first = statement.lstrip().startswith("CREATE FUNCTION")
        op.execute(statement if is_first else f"CREATE TRIGGER{statement}")
    op.execute(_POLICIES)
    for word, what, which in (
        ("inserted", "INSERT", "NEW"), ("updated", "UPDATE", "NEW"), ("deleted", "DELETE", "OLD"),
    ):  # fmt: skip
        op.execute(_POLICY_TRIGGER.format(word=word, what=what, which=which))
    op.execute("INSERT INTO events_to_project (event_id) SELECT event_id FROM business_events")


def _marks() -> None:
    op.create_table(
        "dirty_relations",
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("marked_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("relation_id", name=op.f("pk_dirty_relations")),
    )
    op.create_table(
        "dirty_stock",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("marked_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("warehouse_id", "material_id", name=op.f("pk_dirty_stock")),
    )
    op.create_table(
        "events_to_project",
        sa.Column("change", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("change", name=op.f("pk_events_to_project")),
    )


def _master() -> None:
    op.create_table(
        "materials",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("unit_cost", sa.Double(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
        sa.UniqueConstraint("number", name=op.f("uq_materials_number")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("key", name=op.f("uq_partners_key")),
    )
    op.create_table(
        "material_numbers",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_material_numbers_material_id_materials"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_material_numbers_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_numbers")),
        sa.UniqueConstraint(
            "kind",
            "partner_id",
            "number",
            name=op.f("uq_material_numbers_kind_partner_id_number"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_material_numbers_material_id"), "material_numbers", ["material_id"], unique=False
    )
    op.create_index("ix_material_numbers_number", "material_numbers", ["number"], unique=False)
    op.create_table(
        "material_units",
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_material_units_material_id_materials")
        ),
        sa.PrimaryKeyConstraint("material_id", "unit", name=op.f("pk_material_units")),
    )
    op.create_table(
        "partner_identities",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("discovered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_identities_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_partner_identities")),
    )
    op.create_index(
        op.f("ix_partner_identities_partner_id"), "partner_identities", ["partner_id"], unique=False
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_sites_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_sites_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("key", name=op.f("uq_sites_key")),
    )
    op.create_index(op.f("ix_sites_equipment_id"), "sites", ["equipment_id"], unique=False)
    op.create_table(
        "site_identities",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("discovered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_site_identities_site_id_sites")
        ),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_site_identities")),
    )
    op.create_index(
        op.f("ix_site_identities_site_id"), "site_identities", ["site_id"], unique=False
    )
    op.create_table(
        "supply_policies",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", _AT, server_default=_NOW, nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_supply_policies_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_policies")),
        sa.UniqueConstraint(
            "supplier_id",
            "version",
            name=op.f("uq_supply_policies_supplier_id_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "supply_relations",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("dock", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_supply_relations_material_id_materials"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_supply_relations_site_id_sites")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_supply_relations_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_relations")),
        sa.UniqueConstraint(
            "supplier_id",
            "material_id",
            "site_id",
            "dock",
            name=op.f("uq_supply_relations_supplier_id_material_id_site_id_dock"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_supply_relations_material_id"), "supply_relations", ["material_id"], unique=False
    )
    op.create_index(
        op.f("ix_supply_relations_site_id"), "supply_relations", ["site_id"], unique=False
    )


def _warehouses() -> None:
    op.create_table(
        "warehouses",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.Column(
            "moved_by",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{stock_moved}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_warehouses_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_warehouses_site_id_sites")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouses")),
        sa.UniqueConstraint("code", name=op.f("uq_warehouses_code")),
        sa.UniqueConstraint("key", name=op.f("uq_warehouses_key")),
    )
    op.create_index(
        op.f("ix_warehouses_equipment_id"), "warehouses", ["equipment_id"], unique=False
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_locations_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_locations_warehouse_id_code")),
    )
    op.create_table(
        "stock_items",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Double(), server_default="0", nullable=False),
        sa.Column("balance_at", _AT, nullable=True),
        sa.Column("counted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_stock_items_location_id_locations")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_stock_items_material_id_materials")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_items_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_items")),
        sa.UniqueConstraint(
            "warehouse_id",
            "material_id",
            "location_id",
            name=op.f("uq_stock_items_warehouse_id_material_id_location_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_stock_items_material_id", "stock_items", ["material_id"], unique=False)


def _lines() -> None:
    op.create_table(
        "line_materials",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("quantity_per_item", sa.Double(), nullable=False),
        sa.Column("items_per_hour", sa.Double(), nullable=False),
        sa.Column("minimum_quantity", sa.Double(), server_default="0", nullable=False),
        sa.Column("valid_from", _AT, server_default=sa.text("'-infinity'"), nullable=False),
        sa.Column("valid_to", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"],
            ["equipment.id"],
            name=op.f("fk_line_materials_equipment_id_equipment"),
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_line_materials_material_id_materials")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.id"],
            name=op.f("fk_line_materials_warehouse_id_warehouses"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_materials")),
        sa.UniqueConstraint(
            "equipment_id",
            "material_id",
            "warehouse_id",
            "valid_from",
            name=op.f("uq_line_materials_equipment_id_material_id_warehouse_id_valid_from"),
        ),
    )
    op.create_index(
        op.f("ix_line_materials_equipment_id"), "line_materials", ["equipment_id"], unique=False
    )
    op.create_index(
        op.f("ix_line_materials_material_id"), "line_materials", ["material_id"], unique=False
    )
    op.create_index(
        op.f("ix_line_materials_warehouse_id"), "line_materials", ["warehouse_id"], unique=False
    )
    op.create_table(
        "line_rates",
        sa.Column("equipment_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", _AT, server_default=sa.text("'-infinity'"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("per_hour", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_line_rates_equipment_id_equipment")
        ),
        sa.PrimaryKeyConstraint("equipment_id", "valid_from", name=op.f("pk_line_rates")),
    )


def _supply_facts() -> None:
    op.create_table(
        "call_off_entries",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("issued_at", _AT, nullable=False),
        sa.Column("due_from", _AT, nullable=True),
        sa.Column("due_until", _AT, nullable=True),
        sa.Column("due_kind", sa.Text(), nullable=True),
        sa.Column("commitment", sa.Text(), nullable=True),
        sa.Column("cumulative_quantity", sa.Double(), nullable=True),
        sa.Column("cumulative_received", sa.Double(), nullable=True),
        sa.Column("cumulative_since", _AT, nullable=True),
        sa.Column("last_receipt", sa.Text(), nullable=True),
        sa.Column("last_receipt_quantity", sa.Double(), nullable=True),
        sa.Column("last_receipt_at", _AT, nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("order_line", sa.Text(), nullable=True),
        sa.Column("point_of_use", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_call_off_entries_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_call_off_entries")),
    )
    op.create_index(
        "ix_call_off_entries_relation_id_issued_at",
        "call_off_entries",
        ["relation_id", "issued_at"],
        unique=False,
    )
    op.create_table(
        "shipment_lines",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=True),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("delivery_note", sa.Text(), nullable=True),
        sa.Column("announced_at", _AT, nullable=False),
        sa.Column("despatched_at", _AT, nullable=True),
        sa.Column("arrives_at", _AT, nullable=True),
        sa.Column("handling_unit", sa.Text(), nullable=True),
        sa.Column(
            "packed_in", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "handling_units",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("package_type", sa.Text(), nullable=True),
        sa.Column("package_count", sa.Double(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("cumulative_quantity", sa.Double(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("order_line", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_shipment_lines_relation_id_supply_relations"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_shipment_lines_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_shipment_lines")),
    )
    op.create_index(
        "ix_shipment_lines_relation_id_at", "shipment_lines", ["relation_id", "at"], unique=False
    )
    op.create_index(
        "ix_shipment_lines_supplier_id_document",
        "shipment_lines",
        ["supplier_id", "document"],
        unique=False,
    )
    op.create_table(
        "receipt_lines",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=True),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("delivery_note", sa.Text(), nullable=True),
        sa.Column("received_at", _AT, nullable=False),
        sa.Column("accepted_quantity", sa.Double(), nullable=True),
        sa.Column("rejected_quantity", sa.Double(), nullable=True),
        sa.Column("discrepancy", sa.Text(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=True),
        sa.Column("stock_item_id", sa.Integer(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("order_line", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_receipt_lines_relation_id_supply_relations"),
        ),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f("fk_receipt_lines_stock_item_id_stock_items"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_receipt_lines_supplier_id_partners")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.id"],
            name=op.f("fk_receipt_lines_warehouse_id_warehouses"),
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_receipt_lines")),
    )
    op.create_index(
        "ix_receipt_lines_relation_id_received_at",
        "receipt_lines",
        ["relation_id", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_receipt_lines_stock_item_id_received_at",
        "receipt_lines",
        ["stock_item_id", "received_at"],
        unique=False,
    )


def _stock_facts() -> None:
    op.create_table(
        "stock_counts",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("stock_item_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("keeper", sa.Text(), nullable=True),
        sa.Column("on_order_quantity", sa.Double(), nullable=True),
        sa.Column("reorder_level", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f("fk_stock_counts_stock_item_id_stock_items"),
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_stock_counts")),
    )
    op.create_index(
        "ix_stock_counts_stock_item_id_at", "stock_counts", ["stock_item_id", "at"], unique=False
    )
    op.create_table(
        "stock_movements",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("leg", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stock_item_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f("fk_stock_movements_stock_item_id_stock_items"),
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", "leg", name=op.f("pk_stock_movements")),
    )
    op.create_index(
        "ix_stock_movements_stock_item_id_at",
        "stock_movements",
        ["stock_item_id", "at"],
        unique=False,
    )
    op.create_table(
        "consumptions",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("base_quantity", sa.Double(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_consumptions_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_consumptions_material_id_materials")
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_consumptions")),
    )
    op.create_index(
        op.f("ix_consumptions_equipment_id"), "consumptions", ["equipment_id"], unique=False
    )
    op.create_index(
        op.f("ix_consumptions_material_id"), "consumptions", ["material_id"], unique=False
    )


def _orders() -> None:
    op.create_table(
        "production_orders",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("planned_quantity", sa.Double(), nullable=True),
        sa.Column("planned_end_at", _AT, nullable=True),
        sa.Column("started_at", _AT, nullable=True),
        sa.Column("finished_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_production_orders_material_id_materials"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_production_orders")),
    )
    op.create_index(
        op.f("ix_production_orders_material_id"), "production_orders", ["material_id"], unique=False
    )
    op.create_table(
        "operations",
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("planned_quantity", sa.Double(), nullable=True),
        sa.Column("planned_run_s_per_item", sa.Double(), nullable=True),
        sa.Column("planned_setup_s", sa.Double(), nullable=True),
        sa.Column("planned_end_at", _AT, nullable=True),
        sa.Column("started_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("good_quantity", sa.Double(), nullable=True),
        sa.Column("scrap_quantity", sa.Double(), nullable=True),
        sa.Column("rework_quantity", sa.Double(), nullable=True),
        sa.Column(
            "event_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_operations_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_operations_material_id_materials")
        ),
        sa.PrimaryKeyConstraint(
            "order_number", "operation", "equipment", name=op.f("pk_operations")
        ),
    )
    op.create_index(
        op.f("ix_operations_equipment_id"), "operations", ["equipment_id"], unique=False
    )


def _supply_derived() -> None:
    op.create_table(
        "call_offs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issued_at", _AT, nullable=False),
        sa.Column("known_at", _AT, nullable=False),
        sa.Column("in_force_from", _AT, nullable=True),
        sa.Column("in_force_to", _AT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Double(), server_default="0", nullable=False),
        sa.Column(
            "event_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_call_offs_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_offs")),
    )
    op.create_index("ix_call_offs_issued_at", "call_offs", ["issued_at"], unique=False)
    op.create_index(op.f("ix_call_offs_relation_id"), "call_offs", ["relation_id"], unique=False)
    op.create_table(
        "due_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("due_from", _AT, nullable=False),
        sa.Column("due_until", _AT, nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=True),
        sa.Column("delivered_quantity", sa.Double(), server_default="0", nullable=False),
        sa.Column("open_quantity", sa.Double(), server_default="0", nullable=False),
        sa.Column("first_received_at", _AT, nullable=True),
        sa.Column("fulfilled_at", _AT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("in_full", sa.Boolean(), nullable=True),
        sa.Column("delay_s", sa.Double(), nullable=True),
        sa.Column(
            "event_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "receipt_ids",
            postgresql.ARRAY(sa.UUID()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "shipment_ids",
            postgresql.ARRAY(sa.UUID()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("window_from", _AT, nullable=False),
        sa.Column("window_until", _AT, nullable=False),
        sa.Column("is_uncertain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_due_lines_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_lines")),
    )
    op.create_index("ix_due_lines_due_until", "due_lines", ["due_until"], unique=False)
    op.create_index("ix_due_lines_window_until", "due_lines", ["window_until"], unique=False)
    op.create_index(
        "ix_due_lines_open",
        "due_lines",
        ["relation_id", "due_until"],
        unique=False,
        postgresql_where=sa.text("open_quantity > 0"),
    )
    op.create_index(op.f("ix_due_lines_relation_id"), "due_lines", ["relation_id"], unique=False)
    op.create_table(
        "shipments",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("delivery_note", sa.Text(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("announced_at", _AT, nullable=False),
        sa.Column("despatched_at", _AT, nullable=True),
        sa.Column("arrives_at", _AT, nullable=True),
        sa.Column("received_at", _AT, nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_shipments_site_id_sites")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_shipments_supplier_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint(
            "supplier_id", "document", name=op.f("uq_shipments_supplier_id_document")
        ),
    )
    op.create_index("ix_shipments_announced_at", "shipments", ["announced_at"], unique=False)
    op.create_index(op.f("ix_shipments_site_id"), "shipments", ["site_id"], unique=False)
    op.create_table(
        "handling_units",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("parent_label", sa.Text(), nullable=True),
        sa.Column("package_type", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipments.id"],
            name=op.f("fk_handling_units_shipment_id_shipments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shipment_id", "label", name=op.f("pk_handling_units")),
    )
    op.create_table(
        "transit_lines",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("arrives_at", _AT, nullable=True),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("received_quantity", sa.Double(), nullable=False),
        sa.Column("open_quantity", sa.Double(), nullable=False),
        sa.Column("received_at", _AT, nullable=True),
        sa.Column(
            "receipt_ids",
            postgresql.ARRAY(sa.UUID()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_transit_lines_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_transit_lines")),
    )
    op.create_index(
        "ix_transit_lines_open",
        "transit_lines",
        ["relation_id", "arrives_at"],
        unique=False,
        postgresql_where=sa.text("open_quantity > 0"),
    )
    op.create_index(
        op.f("ix_transit_lines_relation_id"), "transit_lines", ["relation_id"], unique=False
    )
    op.create_table(
        "cumulatives",
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("zero_at", _AT, nullable=True),
        sa.Column("as_of", _AT, nullable=False),
        sa.Column("demanded", sa.Double(), nullable=False),
        sa.Column("received", sa.Double(), nullable=False),
        sa.Column("in_transit", sa.Double(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("stated_received", sa.Double(), nullable=True),
        sa.Column("stated_delivered", sa.Double(), nullable=True),
        sa.Column("received_difference", sa.Double(), nullable=True),
        sa.Column("delivered_difference", sa.Double(), nullable=True),
        sa.Column("computed_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_cumulatives_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("relation_id", name=op.f("pk_cumulatives")),
    )
    op.create_table(
        "supply_elements",
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("lines_due", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_on_time", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_in_full", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_otif", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_early", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_late", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_late_1d", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_late_3d", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_late_7d", sa.Double(), server_default="0", nullable=False),
        sa.Column("lines_late_more", sa.Double(), server_default="0", nullable=False),
        sa.Column("uncertain_lines", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_due", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_in_window", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_late", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_delay_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_received", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_rejected", sa.Double(), server_default="0", nullable=False),
        sa.Column("quantity_over", sa.Double(), server_default="0", nullable=False),
        sa.Column("asn_due", sa.Double(), server_default="0", nullable=False),
        sa.Column("asn_announced", sa.Double(), server_default="0", nullable=False),
        sa.Column("asn_accurate", sa.Double(), server_default="0", nullable=False),
        sa.Column("asn_matched", sa.Double(), server_default="0", nullable=False),
        sa.Column("asn_lead_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("frozen_quantity", sa.Double(), server_default="0", nullable=False),
        sa.Column("frozen_changed", sa.Double(), server_default="0", nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=True),
        sa.Column("computed_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["supply_policies.id"],
            name=op.f("fk_supply_elements_policy_id_supply_policies"),
        ),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_supply_elements_relation_id_supply_relations"),
        ),
        sa.PrimaryKeyConstraint("relation_id", "day", name=op.f("pk_supply_elements")),
    )
    op.create_index("ix_supply_elements_day", "supply_elements", ["day"], unique=False)


def _stock_derived() -> None:
    op.create_table(
        "stock_balances",
        sa.Column("stock_item_id", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("balance", sa.Double(), nullable=False),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f("fk_stock_balances_stock_item_id_stock_items"),
        ),
        sa.PrimaryKeyConstraint(
            "stock_item_id", "at", "event_id", "leg", name=op.f("pk_stock_balances")
        ),
    )
    op.create_table(
        "stock_outs",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=True),
        sa.Column("start_event_id", sa.UUID(), nullable=True),
        sa.Column("end_event_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_stock_outs_material_id_materials")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_outs_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_outs")),
        sa.UniqueConstraint(
            "warehouse_id",
            "material_id",
            "start_at",
            name=op.f("uq_stock_outs_warehouse_id_material_id_start_at"),
        ),
    )
    op.create_index("ix_stock_outs_start_at", "stock_outs", ["start_at"], unique=False)
    op.create_table(
        "stock_days",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closing", sa.Double(), nullable=False),
        sa.Column("average", sa.Double(), nullable=False),
        sa.Column("known_s", sa.Double(), nullable=False),
        sa.Column("inflow", sa.Double(), nullable=False),
        sa.Column("outflow", sa.Double(), nullable=False),
        sa.Column("stock_out_s", sa.Double(), nullable=False),
        sa.Column("stock_outs", sa.Double(), server_default="0", nullable=False),
        sa.Column("computed_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_stock_days_material_id_materials")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_days_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "material_id", "day", name=op.f("pk_stock_days")),
    )
    op.create_index("ix_stock_days_day", "stock_days", ["day"], unique=False)


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("relation_id", sa.Integer(), nullable=True),
        sa.Column("stock_item_id", sa.Integer(), nullable=True),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("warehouse_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("expected", sa.Double(), nullable=True),
        sa.Column("actual", sa.Double(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "event_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("first_seen_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("cleared_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_findings_material_id_materials")
        ),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_findings_relation_id_supply_relations"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_findings_site_id_sites")),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f("fk_findings_stock_item_id_stock_items"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["partners.id"], name=op.f("fk_findings_supplier_id_partners")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_findings_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("key", name=op.f("uq_findings_key")),
    )
    op.create_index("ix_findings_at", "findings", ["at"], unique=False)
    op.create_index("ix_findings_kind_at", "findings", ["kind", "at"], unique=False)
    op.create_index(op.f("ix_findings_material_id"), "findings", ["material_id"], unique=False)
    op.create_index(op.f("ix_findings_relation_id"), "findings", ["relation_id"], unique=False)
    op.create_index(op.f("ix_findings_stock_item_id"), "findings", ["stock_item_id"], unique=False)
    op.create_index(op.f("ix_findings_supplier_id"), "findings", ["supplier_id"], unique=False)
    op.create_index(op.f("ix_findings_warehouse_id"), "findings", ["warehouse_id"], unique=False)


def _lookups() -> None:
    op.create_index("ix_shipment_lines_delivery_note", "shipment_lines", ["delivery_note"])
    op.create_index("ix_shipment_lines_document", "shipment_lines", ["document"])
    op.create_index(
        "ix_receipt_lines_unassigned",
        "receipt_lines",
        ["delivery_note"],
        postgresql_where=sa.text("supplier_id IS NULL"),
    )
    op.create_index(
        "ix_state_pieces_outside",
        "state_pieces",
        ["equipment_id", "start_at"],
        postgresql_where=sa.text("state IN (6, 7)"),
    )
    op.create_index(
        "ix_business_events_order_number",
        "business_events",
        [sa.text("(body ->> 'order_number')")],
        postgresql_where=sa.text("kind IN ('job_started', 'job_finished')"),
    )


def downgrade() -> None:
    op.drop_index("ix_state_pieces_outside", table_name="state_pieces")
    op.drop_index("ix_business_events_order_number", table_name="business_events")
    for name in ("inserted", "updated", "deleted"):
        op.execute(f"DROP TRIGGER events_{name} ON business_events")
        op.execute(f"DROP TRIGGER policies_{name} ON supply_policies")
    op.execute("DROP FUNCTION mark_events_to_project()")
    op.execute("DROP FUNCTION mark_relations_of_policy()")
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
