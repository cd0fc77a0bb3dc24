"""Counts and movements of stock in one list, with the balance after each."""

from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.tables.stock import (
    locations,
    stock_balances,
    stock_counts,
    stock_items,
    stock_movements,
    warehouses,
)
from werknetz.store.tables.supply import materials

_COUNT_KIND: Final = "stock_counted"
_SHARED_COLUMNS: Final = (
    "event_id", "at", "stock_item_id", "quantity", "unit", "base_quantity", "document", "batch",
    "status", "known_from",
)  # fmt: skip


def _counts_and_movements() -> sa.Subquery:
    """Select the current counts and movements with the same columns."""
    count, movement = stock_counts.c, stock_movements.c
    counts = sa.select(
        *(count[name] for name in _SHARED_COLUMNS), sa.literal(_COUNT_KIND).label("kind"),
        sa.literal(0, sa.SmallInteger).label("leg"), sa.cast(None, sa.Text).label("reason"),
        sa.cast(None, sa.Text).label("order_number"),
    ).where(count.known_to.is_(None))  # fmt: skip
    movements = sa.select(
        *(movement[name] for name in _SHARED_COLUMNS), movement.kind, movement.leg,
        movement.reason, movement.order_number,
    ).where(movement.known_to.is_(None))  # fmt: skip
    return sa.union_all(counts, movements).subquery("stock_changes")


STOCK_CHANGES: Final = _counts_and_movements()


def stock_changes_query() -> sa.Select[Any]:
    """Select counts and movements with names and the balance after each."""
    change, item, balance = STOCK_CHANGES.c, stock_items.c, stock_balances.c
    joined = (
        STOCK_CHANGES.join(stock_items, item.id == change.stock_item_id)
        .join(warehouses, warehouses.c.id == item.warehouse_id)
        .join(materials, materials.c.id == item.material_id)
        .outerjoin(locations, locations.c.id == item.location_id)
        .outerjoin(
            stock_balances,
            sa.and_(
                balance.stock_item_id == change.stock_item_id,
                balance.at == change.at,
                balance.event_id == change.event_id,
                balance.leg == change.leg,
            ),
        )
    )
    return sa.select(
        STOCK_CHANGES,
        warehouses.c.key.label("warehouse"),
        locations.c.code.label("location"),
        materials.c.number.label("material"),
        balance.balance,
        balance.difference,
    ).select_from(joined)
