"""Findings, and the indexes by which messages and losses are looked up."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def create_tables() -> None:
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


def create_lookup_indexes() -> None:
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
