"""Statements about what orders make: their product, and the run time by product."""

from typing import Final

# What an order at a machine makes: the material that it names there, else that of its operation at
# the machine, else that of the order at other machines of the plant. Plants may use the same order
# numbers. Of one (equipment_id, order_number) as `q`.
PRODUCT_OF_ORDER: Final = """coalesce((
        SELECT r.material FROM orders r
        WHERE r.equipment_id = q.equipment_id AND r.order_number = q.order_number), (
        SELECT m.number FROM operations p JOIN materials m ON m.id = p.material_id
        JOIN equipment e ON e.id = q.equipment_id
        WHERE p.order_number = q.order_number AND (p.equipment_id = q.equipment_id
            OR starts_with(p.equipment, split_part(e.path, '/', 1) || '/'
                || split_part(e.path, '/', 2) || '/'))
        ORDER BY p.equipment_id IS NOT DISTINCT FROM q.equipment_id DESC, p.operation, p.equipment
        LIMIT 1))"""

# $1: equipment; $2: order numbers.
PRODUCTS_OF_ORDERS: Final = f"""
SELECT q.equipment_id, q.order_number, {PRODUCT_OF_ORDER} AS product
FROM unnest($1::int[], $2::text[]) AS q (equipment_id, order_number)"""  # noqa: S608 - made of constants

# Production time of machines by product; null: no order ran, or it names none. $1: machines; $2,
# $3: the span.
RUN_TIME_BY_PRODUCT: Final = f"""
SELECT p.equipment_id, p.product, m.product_family, sum(p.run_s) AS run_s
FROM (
    SELECT q.equipment_id, q.run_s, {PRODUCT_OF_ORDER} AS product
    FROM (
        SELECT equipment_id, order_number,
            sum(extract(epoch FROM end_at - start_at))::float8 AS run_s
        FROM state_pieces
        WHERE equipment_id = ANY($1::int[]) AND start_at >= $2 AND start_at < $3
            AND category = 'apt'
        GROUP BY 1, 2) AS q) AS p
LEFT JOIN materials m ON m.number = p.product
GROUP BY 1, 2, 3"""  # noqa: S608 - made of constants

# $1: the equipment that the caller may see, null: all. Products of a plant are those that its
# orders name; master data belongs to no plant.
_PRODUCTS: Final = """
SELECT number FROM materials WHERE $1::int[] IS NULL
UNION ALL SELECT material FROM orders
    WHERE material IS NOT NULL AND ($1::int[] IS NULL OR equipment_id = ANY($1))
UNION ALL SELECT m.number FROM operations p JOIN materials m ON m.id = p.material_id
    WHERE $1::int[] IS NOT NULL AND p.equipment_id = ANY($1)"""
IS_PRODUCT: Final = f"SELECT EXISTS (SELECT FROM ({_PRODUCTS}) p WHERE p.number = $2)"  # noqa: S608 - made of constants
PRODUCTS: Final = f"SELECT DISTINCT number FROM ({_PRODUCTS}) p LIMIT 10000"  # noqa: S608 - as above
