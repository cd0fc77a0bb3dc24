"""Warehouses, stock, consumption of lines, and orders: facts and derived rows."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import (
    AT,
    NOW,
    fact_columns,
    id_column,
    metadata,
    quantity_columns,
    reference_column,
)

warehouses = sa.Table(
    "warehouses",
    metadata,
    id_column(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False, unique=True),  # as used in messages
    reference_column("site_id", "sites.id"),
    reference_column("equipment_id", "equipment.id", index=True),  # the plant
    # Which events move its stock: stock_moved, goods_received, material_consumed. A warehouse
    # that books receipts and withdrawals itself reports each as a movement.
    sa.Column(
        "moved_by", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{stock_moved}'")
    ),
)

locations = sa.Table(
    "locations",
    metadata,
    id_column(),
    reference_column("warehouse_id", "warehouses.id", null=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.UniqueConstraint("warehouse_id", "code"),
)

stock_items = sa.Table(
    "stock_items",
    metadata,
    # A material in a warehouse or one of its locations.
    id_column(),
    reference_column("warehouse_id", "warehouses.id", null=False),
    reference_column("location_id", "locations.id"),
    reference_column("material_id", "materials.id", null=False),
    # Derived: the balance after the last entry, and whether it was ever counted.
    sa.Column("balance", sa.Double, nullable=False, server_default="0"),
    sa.Column("balance_at", AT),
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint(
        "warehouse_id", "material_id", "location_id", postgresql_nulls_not_distinct=True
    ),
    sa.Index("ix_stock_items_material_id", "material_id"),
)

stock_counts = sa.Table(
    "stock_counts",
    metadata,
    *fact_columns(),
    reference_column("stock_item_id", "stock_items.id", null=False),
    *quantity_columns(),
    sa.Column("document", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("keeper", sa.Text),
    sa.Column("on_order_quantity", sa.Double),
    sa.Column("reorder_level", sa.Double),
    sa.Index("ix_stock_counts_stock_item_id_at", "stock_item_id", "at"),
)

stock_movements = sa.Table(
    "stock_movements",
    metadata,
    # A transfer between locations has two rows of opposite sign.
    *fact_columns(),
    sa.Column("leg", sa.SmallInteger, primary_key=True, server_default="0"),
    sa.Column("kind", sa.Text, nullable=False),  # of the event: see warehouses.moved_by
    reference_column("stock_item_id", "stock_items.id", null=False),
    *quantity_columns(),
    sa.Column("document", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("order_number", sa.Text),
    sa.Index("ix_stock_movements_stock_item_id_at", "stock_item_id", "at"),
)

consumptions = sa.Table(
    "consumptions",
    metadata,
    *fact_columns(),
    reference_column("equipment_id", "equipment.id"),
    sa.Column("equipment", sa.Text, nullable=False),  # path as reported
    reference_column("material_id", "materials.id", index=True),
    *quantity_columns(),
    sa.Column("order_number", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Index("ix_consumptions_equipment_id_at", "equipment_id", "at"),
)

line_materials = sa.Table(
    "line_materials",
    metadata,
    # What a line or a machine consumes: links downtime to supply.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False, index=True),
    reference_column("material_id", "materials.id", null=False, index=True),
    reference_column("warehouse_id", "warehouses.id", null=False, index=True),
    sa.Column("quantity_per_item", sa.Double, nullable=False),
    sa.Column("items_per_hour", sa.Double, nullable=False),  # as planned
    sa.Column("minimum_quantity", sa.Double, nullable=False, server_default="0"),
    sa.Column("valid_from", AT, nullable=False, server_default=sa.text("'-infinity'")),
    sa.Column("valid_to", AT),
    sa.UniqueConstraint("equipment_id", "material_id", "warehouse_id", "valid_from"),
)

line_rates = sa.Table(
    "line_rates",
    metadata,
    # Cost of an hour of downtime.
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("valid_from", AT, nullable=False, server_default=sa.text("'-infinity'")),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("per_hour", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("equipment_id", "valid_from"),
)

shortage_acknowledgements = sa.Table(
    "shortage_acknowledgements",
    metadata,
    # Who knows of a shortage warning, and how it was then: the newest of a place is in force.
    id_column(),
    reference_column("warehouse_id", "warehouses.id", null=False),
    reference_column("material_id", "materials.id", null=False),
    sa.Column("short_at", AT, nullable=False),  # of the warning that was acknowledged
    sa.Column("equipment_ids", pg.ARRAY(sa.Integer), nullable=False),  # of its lines
    sa.Column("until_at", AT, nullable=False),
    sa.Column("comment", sa.Text, nullable=False, server_default=""),
    sa.Column("acknowledged_by", sa.Text, nullable=False),
    sa.Column("acknowledged_at", AT, nullable=False, server_default=NOW),
    sa.Column("withdrawn_at", AT),  # null: in force
    sa.Index("ix_shortage_acknowledgements_place", "warehouse_id", "material_id", "id"),
)

production_orders = sa.Table(
    "production_orders",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    reference_column("material_id", "materials.id", index=True),
    sa.Column("planned_quantity", sa.Double),
    sa.Column("planned_end_at", AT),
    sa.Column("started_at", AT),
    sa.Column("finished_at", AT),
)

operations = sa.Table(
    "operations",
    metadata,
    # Derived from the start and end events of jobs.
    sa.Column("order_number", sa.Text, primary_key=True),
    sa.Column("operation", sa.Text, primary_key=True, server_default=""),
    sa.Column("equipment", sa.Text, primary_key=True),  # path as reported
    reference_column("equipment_id", "equipment.id", index=True),
    reference_column("material_id", "materials.id"),
    sa.Column("planned_quantity", sa.Double),
    sa.Column("planned_run_s_per_item", sa.Double),
    sa.Column("planned_setup_s", sa.Double),
    sa.Column("planned_end_at", AT),
    sa.Column("started_at", AT),
    sa.Column("ended_at", AT),
    sa.Column("good_quantity", sa.Double),
    sa.Column("scrap_quantity", sa.Double),
    sa.Column("rework_quantity", sa.Double),
    sa.Column(
        "event_ids", pg.ARRAY(pg.UUID(as_uuid=True)), nullable=False,
        server_default=sa.text("'{}'"),
    ),
)  # fmt: skip

stock_balances = sa.Table(
    "stock_balances",
    metadata,
    # Running balance after each count and movement of an item. Derived.
    sa.Column("stock_item_id", sa.Integer, sa.ForeignKey("stock_items.id"), primary_key=True),
    sa.Column("at", AT, primary_key=True),
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("leg", sa.SmallInteger, primary_key=True, server_default="0"),
    sa.Column("position", sa.Integer, nullable=False),  # among those of one instant
    sa.Column("kind", sa.Text, nullable=False),  # count, move
    sa.Column("balance", sa.Double, nullable=False),
    sa.Column("difference", sa.Double),  # of a count: counted less expected
)

stock_outs = sa.Table(
    "stock_outs",
    metadata,
    # Periods without stock of a material in a warehouse. Derived.
    id_column(),
    reference_column("warehouse_id", "warehouses.id", null=False),
    reference_column("material_id", "materials.id", null=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT),
    sa.Column("start_event_id", pg.UUID(as_uuid=True)),
    sa.Column("end_event_id", pg.UUID(as_uuid=True)),
    sa.UniqueConstraint("warehouse_id", "material_id", "start_at"),
    sa.Index("ix_stock_outs_start_at", "start_at"),
)

stock_days = sa.Table(
    "stock_days",
    metadata,
    # Additive inputs of the warehouses' KPIs, a row a material and day of the site. Derived.
    reference_column("warehouse_id", "warehouses.id", null=False),
    reference_column("material_id", "materials.id", null=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("closing", sa.Double, nullable=False),
    sa.Column("average", sa.Double, nullable=False),  # over the day's known seconds
    sa.Column("known_s", sa.Double, nullable=False),
    sa.Column("inflow", sa.Double, nullable=False),
    sa.Column("outflow", sa.Double, nullable=False),
    sa.Column("stock_out_s", sa.Double, nullable=False),
    sa.Column("stock_outs", sa.Double, nullable=False, server_default="0"),
    sa.Column("computed_at", AT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("warehouse_id", "material_id", "day"),
    sa.Index("ix_stock_days_day", "day"),
)

dirty_stock = sa.Table(
    "dirty_stock",
    metadata,
    sa.Column("warehouse_id", sa.Integer, primary_key=True),
    sa.Column("material_id", sa.Integer, primary_key=True),
    sa.Column("from_at", AT, nullable=False),  # nothing changed before it
    sa.Column("marks", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("marked_at", AT, nullable=False, server_default=NOW),
)
