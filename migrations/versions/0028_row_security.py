"""Row-level security: the API's role sees rows of the plants of the caller, by default none.

The owner of the tables is not restricted, so an installation with one user goes on working.
`werknetz migrate` makes the roles and gives them their rights after the migrations.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0028"
down_revision = "0030"
branch_labels = None
depends_on = None


def _load(name: str) -> ModuleType:
    """Load a module by its path: this folder is `migrations` or `werknetz_migrations`."""
    path = Path(__file__).parents[1] / "row_security_0028" / f"{name}.py"
    spec = spec_from_file_location(f"werknetz_row_security_0028_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade() -> None:
    callers, policies, rights, readers = map(_load, ("callers", "policies", "rights", "readers"))
    op.create_table(
        "database_readers",
        sa.Column("role_name", sa.Text(), primary_key=True),
        sa.Column("plants", pg.ARRAY(sa.Text())),
    )
    op.create_index(
        "ix_equipment_path_prefix", "equipment", ["path"],
        postgresql_ops={"path": "text_pattern_ops"},
    )  # fmt: skip
    for statement in (
        *callers.FUNCTIONS.values(),
        *(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC" for name in callers.FUNCTIONS),
        *policies.statements(),
        *rights.statements(),
        *readers.statements(),
    ):
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    callers, policies, rights, readers = map(_load, ("callers", "policies", "rights", "readers"))
    for table in policies.tables():
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for name in ("plants", "plants_read", "plants_add", "services"):
            op.execute(f"DROP POLICY IF EXISTS {name} ON {table}")
    for statement in (*readers.undo_statements(), *rights.undo_statements()):
        op.execute(statement)
    for name in reversed(callers.FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    op.drop_index("ix_equipment_path_prefix", "equipment")
    op.drop_table("database_readers")
