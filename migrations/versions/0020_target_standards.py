"""Standard times that are frozen with the baseline of a target.

Of targets in place they are what the elements of the baseline contain now: they were computed with
the standards of that time. `standards_frozen_at` says when they were frozen.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0022"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)

_PART = (
    "CASE WHEN o.elements IS NULL THEN e.{0} ELSE coalesce((o.elements ->> '{0}')::float8, 0) END"
    " AS {0}"
)
_NAMES = ("judged_pri_gq_s", "pri_gq_s", "gq", "pri_pq_s", "pq")
_PARTS = ", ".join(_PART.format(name) for name in _NAMES)

_OF_TARGETS = """FROM targets t
    CROSS JOIN jsonb_array_elements_text(t.document -> 'under') AS u (path)
    LEFT JOIN former_paths f ON f.path = u.path
        AND NOT EXISTS (SELECT FROM equipment x WHERE x.path = u.path)
    JOIN equipment r ON r.id = f.equipment_id OR r.path = u.path
    JOIN equipment m ON m.path = r.path OR starts_with(m.path, r.path || '/')
    WHERE t.withdrawn_at IS NULL AND t.document ->> 'output' = 'earned_standard_minutes'"""

# A product with several standards in the baseline has their mean, by items.
_FREEZE = f"""
INSERT INTO target_standards (target_id, equipment_id, product, run_s)
SELECT target_id, equipment_id, product, sum(good_s) / sum(items)
FROM (
    SELECT q.target_id, q.equipment_id, q.good_s, q.items, coalesce((
            SELECT d.material FROM orders d
            WHERE d.equipment_id = q.equipment_id AND d.order_number = q.order_number), (
            SELECT a.number FROM operations p JOIN materials a ON a.id = p.material_id
            JOIN equipment m ON m.id = q.equipment_id
            WHERE p.order_number = q.order_number AND (p.equipment_id = q.equipment_id
                OR starts_with(p.equipment, split_part(m.path, '/', 1) || '/'
                    || split_part(m.path, '/', 2) || '/'))
            ORDER BY p.equipment_id IS NOT DISTINCT FROM q.equipment_id DESC, p.operation,
                p.equipment
            LIMIT 1)) AS product
    FROM (
        SELECT target_id, equipment_id, order_number, sum(judged_pri_gq_s) AS good_s,
            sum(judged_pri_gq_s * gq / pri_gq_s) AS items
        FROM (
            SELECT s.target_id, o.equipment_id, o.order_number, {_PARTS}
            FROM (SELECT DISTINCT t.id AS target_id, m.id AS equipment_id,
                    timestamptz 'epoch' + (t.document #>> '{{baseline_us,0}}')::bigint
                        * interval '1 microsecond' AS start_at,
                    timestamptz 'epoch' + (t.document #>> '{{baseline_us,1}}')::bigint
                        * interval '1 microsecond' AS end_at
                {_OF_TARGETS}) AS s
            JOIN order_elements o ON o.equipment_id = s.equipment_id
                AND o.bucket_at >= s.start_at AND o.bucket_at < s.end_at
            JOIN elements e ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
        ) AS parts
        WHERE gq > 0 AND pri_gq_s > 0 AND judged_pri_gq_s > 0
        GROUP BY 1, 2, 3) AS q) AS made
WHERE product IS NOT NULL
GROUP BY 1, 2, 3"""  # noqa: S608 - made of constants

# The range of the planned run times at which the items of each order counted.
_WIDEN = f"""
UPDATE orders r SET run_s_min = w.low, run_s_max = w.high
FROM (
    SELECT equipment_id, order_number, min(least(good_s, produced_s)) AS low,
        max(greatest(good_s, produced_s)) AS high
    FROM (
        SELECT equipment_id, order_number,
            CASE WHEN gq > 0 AND pri_gq_s > 0 THEN pri_gq_s / gq END AS good_s,
            CASE WHEN pq > 0 AND pri_pq_s > 0 THEN pri_pq_s / pq END AS produced_s
        FROM (
            SELECT o.equipment_id, o.order_number, {_PARTS} FROM order_elements o
            JOIN elements e ON e.equipment_id = o.equipment_id AND e.bucket_at = o.bucket_at
        ) AS parts
    ) AS standards
    GROUP BY 1, 2) AS w
WHERE r.equipment_id = w.equipment_id AND r.order_number = w.order_number"""  # noqa: S608 - made of constants


def upgrade() -> None:
    op.add_column("targets", sa.Column("standards_frozen_at", _AT))
    op.create_table(
        "target_standards",
        sa.Column("target_id", sa.Integer(), sa.ForeignKey("targets.id"), nullable=False),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("run_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("target_id", "equipment_id", "product"),
    )
    op.add_column("orders", sa.Column("run_s_min", sa.Double()))
    op.add_column("orders", sa.Column("run_s_max", sa.Double()))
    op.execute(_WIDEN)
    op.execute(_FREEZE)
    op.execute("UPDATE targets SET standards_frozen_at = clock_timestamp()")


def downgrade() -> None:
    op.drop_column("orders", "run_s_max")
    op.drop_column("orders", "run_s_min")
    op.drop_table("target_standards")
    op.drop_column("targets", "standards_frozen_at")
