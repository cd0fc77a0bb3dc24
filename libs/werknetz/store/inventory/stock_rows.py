"""Statements that replace the derived rows of stock."""

from typing import Final

DELETE_BALANCES: Final = """
DELETE FROM stock_balances b USING unnest($1::int[], $2::timestamptz[]) AS n (item, since)
WHERE b.stock_item_id = n.item AND b.at >= n.since"""

DELETE_STOCK_OUTS: Final = """
DELETE FROM stock_outs o
USING unnest($1::int[], $2::int[], $3::timestamptz[]) AS n (warehouse_id, material_id, since)
WHERE o.warehouse_id = n.warehouse_id AND o.material_id = n.material_id
    AND (o.end_at IS NULL OR o.end_at >= n.since)"""

DELETE_STOCK_DAYS: Final = """
DELETE FROM stock_days d
USING unnest($1::int[], $2::int[], $3::date[]) AS n (warehouse_id, material_id, since)
WHERE d.warehouse_id = n.warehouse_id AND d.material_id = n.material_id AND d.day >= n.since"""

SET_CURRENT_BALANCES: Final = """
UPDATE stock_items i SET balance = n.balance, balance_at = n.at, counted = n.counted
FROM unnest($1::int[], $2::float8[], $3::timestamptz[], $4::bool[])
    AS n (id, balance, at, counted)
WHERE i.id = n.id"""
