"""Warehouses, what lies in them, and what lines consume: facts and what is derived."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def create_warehouses() -> None:
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


def create_line_tables() -> None:
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


def create_facts() -> None:
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


def create_derived() -> None:
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
