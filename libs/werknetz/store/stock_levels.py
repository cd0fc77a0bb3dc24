"""Stock of items at a moment, from the facts known at another: the last count, and what moved on.

Counts of one document and instant are added: a message tells each batch by itself. A movement at
the count's instant is in the count.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT

STOCK_AT: Final = sa.text("""
SELECT item.id AS stock_item_id, counted.at AS counted_at, moved.at AS moved_at,
    CASE WHEN counted.at IS NOT NULL OR moved.at IS NOT NULL
        THEN coalesce(counted.quantity, 0) + coalesce(moved.quantity, 0) END AS quantity
FROM stock_items item
JOIN warehouses warehouse ON warehouse.id = item.warehouse_id
LEFT JOIN LATERAL (
    SELECT told.at, sum(told.base_quantity) AS quantity
    FROM stock_counts told
    WHERE told.stock_item_id = item.id AND told.at <= :at AND told.base_quantity IS NOT NULL
        AND (told.known_to IS NULL OR told.known_to > :known_at)
        AND (CAST(:known_at AS timestamptz) IS NULL OR told.known_from <= :known_at)
    GROUP BY told.at, told.document
    ORDER BY told.at DESC, max(told.known_from) DESC, told.document DESC NULLS LAST
    LIMIT 1
) counted ON true
LEFT JOIN LATERAL (
    SELECT max(told.at) AS at, sum(told.base_quantity) AS quantity
    FROM stock_movements told
    WHERE told.stock_item_id = item.id AND told.at <= :at AND told.base_quantity IS NOT NULL
        AND (counted.at IS NULL OR told.at > counted.at)
        AND told.kind = ANY (warehouse.moved_by)
        AND (told.known_to IS NULL OR told.known_to > :known_at)
        AND (CAST(:known_at AS timestamptz) IS NULL OR told.known_from <= :known_at)
) moved ON true
WHERE item.id = ANY(:items)""").bindparams(
    sa.bindparam("items", type_=pg.ARRAY(sa.Integer)),
    sa.bindparam("at", type_=AT),
    sa.bindparam("known_at", type_=AT),
)
