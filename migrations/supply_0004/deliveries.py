"""Call-offs, shipments and receipts: facts and what is derived."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def create_facts() -> None:
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


def create_derived() -> None:
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
