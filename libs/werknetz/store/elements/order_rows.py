"""Statements that write what each order has of the buckets of a machine."""

from typing import Final

# $1: the machine; $2, $3: the span.
DELETE_ORDER_ELEMENTS: Final = """
DELETE FROM order_elements WHERE equipment_id = $1 AND bucket_at >= $2 AND bucket_at < $3"""

INSERT_ORDER_ELEMENTS: Final = """
INSERT INTO order_elements (equipment_id, bucket_at, order_number, elements)
SELECT $1, n.bucket_at, n.order_number, n.elements::jsonb
FROM unnest($2::timestamptz[], $3::text[], $4::text[]) AS n (bucket_at, order_number, elements)"""
