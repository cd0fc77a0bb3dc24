"""Stock of items at one instant as known at another: the last count plus later movements.

Counts of one document and instant are added, because a message reports each batch separately. A
movement at the instant of the count is included in the count.
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
    SELECT fact.at, sum(fact.base_quantity) AS quantity
    FROM stock_counts fact
    WHERE fact.stock_item_id = item.id AND fact.at <= :at AND fact.base_quantity IS NOT NULL
        AND (fact.known_to IS NULL OR fact.known_to > :known_at)
        AND (CAST(:known_at AS timestamptz) IS NULL OR fact.known_from <= :known_at)
    GROUP BY fact.at, fact.document
    ORDER BY fact.at DESC, max(fact.known_from) DESC, fact.document DESC NULLS LAST
    LIMIT 1
) counted ON true
LEFT JOIN LATERAL (
    SELECT max(fact.at) AS at, sum(fact.base_quantity) AS quantity
    FROM stock_movements fact
    WHERE fact.stock_item_id = item.id AND fact.at <= :at AND fact.base_quantity IS NOT NULL
        AND (counted.at IS NULL OR fact.at > counted.at)
        AND fact.kind = ANY (warehouse.moved_by)
        AND (fact.known_to IS NULL OR fact.known_to > :known_at)
        AND (CAST(:known_at AS timestamptz) IS NULL OR fact.known_from <= :known_at)
) moved ON true
WHERE item.id = ANY(:items)""").bindparams(
    sa.bindparam("items", type_=pg.ARRAY(sa.Integer)),
    sa.bindparam("at", type_=AT),
    sa.bindparam("known_at", type_=AT),
)
