"""What is known of a machine, and the sums over it: elements of KPIs.

Rows in place get what follows from their sums, so that no value is missing meanwhile. Then every
bucket whose samples are still there is marked, and workers compute it again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pri_gq_s", "plan_known_s", "pq_known_s", "gq_known_s", "sq_known_s", "rq_known_s",
    "quantity_known_s", "quantity_known_pot_s", "quantity_known_calendar_s",
    "judged_s", "judged_apt_s", "judged_aust_s", "judged_pri_pq_s", "judged_pri_gq_s",
    "pace_known_s", "pace_apt_s", "pace_pri_pq_s",
    "quality_known_s", "quality_pq", "quality_gq", "quality_sq",
    "quality_pri_known_s", "quality_pri_pq_s", "quality_pri_gq_s",
    "rework_known_s", "rework_pq", "rework_rq", "aoet_unknown_s",
)  # fmt: skip

# The version before counted produced and good items of each other, so that only the counters of a
# machine show what was known. The planned run time of a bucket's items is taken for each of them.
_ESTIMATE = """
UPDATE elements e SET
    pri_gq_s = known.has_gq * known.pri_gq_s,
    plan_known_s = CASE WHEN e.carry ? 'remark' THEN 0 ELSE e.pot_s + e.off_shift_s END,
    pq = known.has_pq * e.pq, gq = known.has_gq * e.gq,
    sq = CASE WHEN known.has_scrap = 1 THEN e.sq ELSE known.has_sq * (e.pq - e.gq) END,
    pri_pq_s = known.has_pq * e.pri_pq_s,
    pq_known_s = known.has_pq * (e.pot_s + e.off_shift_s),
    gq_known_s = known.has_gq * (e.pot_s + e.off_shift_s),
    sq_known_s = known.has_sq * (e.pot_s + e.off_shift_s),
    rq_known_s = known.has_rq * (e.pot_s + e.off_shift_s),
    quantity_known_s = known.has_gq * known.has_pri * e.pbt_s,
    quantity_known_pot_s = known.has_gq * known.has_pri * e.pot_s,
    quantity_known_calendar_s = known.has_gq * known.has_pri * (e.pot_s + e.off_shift_s),
    judged_s = known.has_gq * known.has_pri * (e.pbt_s - e.unknown_s),
    judged_apt_s = known.has_gq * known.has_pri * e.apt_s,
    judged_aust_s = known.has_gq * known.has_pri * e.aust_s,
    judged_pri_pq_s = known.has_gq * known.has_pri * known.share * CASE
        WHEN known.has_pq = 1 THEN e.pri_pq_s ELSE known.pri_gq_s END,
    judged_pri_gq_s = known.has_gq * known.has_pri * known.share * known.pri_gq_s,
    pace_known_s = known.has_pq * known.has_pri * e.pbt_s,
    pace_apt_s = known.has_pq * known.has_pri * e.apt_s,
    pace_pri_pq_s = known.has_pq * known.has_pri * known.share * e.pri_pq_s,
    quality_known_s = known.has_quality * e.pbt_s,
    quality_pq = known.has_quality * e.pq, quality_gq = known.has_quality * e.gq,
    quality_sq = known.has_quality * (e.pq - e.gq),
    quality_pri_known_s = known.has_quality * known.has_pri * e.pbt_s,
    quality_pri_pq_s = known.has_quality * e.pri_pq_s,
    quality_pri_gq_s = known.has_quality * known.pri_gq_s,
    rework_known_s = known.has_rq * known.has_pq * e.pbt_s,
    rework_pq = known.has_rq * known.has_pq * e.pq, rework_rq = known.has_rq * known.has_pq * e.rq,
    aoet_unknown_s = least(e.aoet_s, e.unknown_s)
FROM (
    SELECT x.equipment_id, x.bucket_at, r.has_pq, r.has_gq, r.has_sq, r.has_rq, r.has_scrap,
        r.has_quality,
        CASE WHEN x.apt_s + x.unknown_s > 0 THEN x.apt_s / (x.apt_s + x.unknown_s)
            ELSE 1 END AS share,
        CASE WHEN x.pq > 0 THEN x.pri_pq_s * x.gq / x.pq ELSE 0 END AS pri_gq_s,
        CASE WHEN r.has_run_time AND (x.pq = 0 OR x.pri_pq_s > 0) THEN 1 ELSE 0 END AS has_pri
    FROM elements x JOIN (
        SELECT equipment_id, (total OR (good AND scrap))::int AS has_pq,
            (good OR (total AND scrap))::int AS has_gq, (scrap OR (total AND good))::int AS has_sq,
            rework::int AS has_rq, scrap::int AS has_scrap, has_run_time,
            (total::int + good::int + scrap::int >= 2)::int AS has_quality
        FROM (
            SELECT m.id AS equipment_id,
                coalesce(bool_or(s.role = 'total_count'), false) AS total,
                coalesce(bool_or(s.role = 'good_count'), false) AS good,
                coalesce(bool_or(s.role = 'scrap_count'), false) AS scrap,
                coalesce(bool_or(s.role = 'rework_count'), false) AS rework,
                coalesce(bool_or(s.role = 'planned_run_time'), false) AS has_run_time
            FROM equipment m LEFT JOIN signals s ON s.equipment_id = m.id GROUP BY m.id
        ) AS roles
    ) AS r ON r.equipment_id = x.equipment_id
) AS known
WHERE e.equipment_id = known.equipment_id AND e.bucket_at = known.bucket_at"""

_COMPUTE_AGAIN = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT equipment_id, bucket_at FROM elements
WHERE bucket_at >= coalesce(
    (SELECT dropped_before FROM retentions WHERE table_name = 'samples'), '-infinity')
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def upgrade() -> None:
    for name in _COLUMNS:
        column = sa.Column(name, sa.Double(), server_default="0", nullable=False)
        op.add_column("elements", column)
    op.execute(_ESTIMATE)
    op.execute(_COMPUTE_AGAIN)


def downgrade() -> None:
    # The version before has no unknown quantities: it computes its own sums again.
    for name in reversed(_COLUMNS):
        op.drop_column("elements", name)
    op.execute(_COMPUTE_AGAIN)
