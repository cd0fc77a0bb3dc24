"""Keys have scopes beside a role, when they were last used, and a former secret while it changes.

Engineers, planners and operators could do the same until now. Keys in place still can: their role
becomes `engineer`, with the scope `supply` for the part that planners have alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KEEP_RIGHTS = """
UPDATE api_keys SET role = 'engineer', scopes = '{supply}'
WHERE role IN ('engineer', 'planner', 'operator')"""

# Before, each key had a role: what no role has exactly becomes less, never more.
_ROLE_OF_SCOPES = """
UPDATE api_keys SET
    role = CASE WHEN 'admin' = ANY (scopes) THEN 'admin' ELSE 'viewer' END,
    revoked_at = CASE WHEN scopes && '{read,admin}' THEN revoked_at
        ELSE coalesce(revoked_at, now()) END
WHERE role IS NULL"""


def upgrade() -> None:
    op.alter_column("api_keys", "role", nullable=True)
    op.add_column(
        "api_keys",
        sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
    for name in ("last_used_at", "rotated_at", "former_valid_until"):
        op.add_column("api_keys", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("api_keys", sa.Column("former_hash", sa.LargeBinary))
    op.execute(_KEEP_RIGHTS)


def downgrade() -> None:
    op.execute(_ROLE_OF_SCOPES)
    for name in ("former_hash", "former_valid_until", "rotated_at", "last_used_at", "scopes"):
        op.drop_column("api_keys", name)
    op.alter_column("api_keys", "role", nullable=False)
