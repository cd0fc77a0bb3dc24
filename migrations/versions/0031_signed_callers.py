"""The plants of a connection count only with a signature of the API.

Before, `werknetz.plants` was a setting that any statement of the API's role could change. The keys
of the signatures are in `rows_keys`; `werknetz migrate --rows-key FILE` stores one.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0032"
branch_labels = None
depends_on = None

SEQUENCES = ("caller_sessions", "caller_serials")


def _load(name: str) -> ModuleType:
    """Load a module by its path: this folder is `migrations` or `werknetz_migrations`."""
    path = Path(__file__).parents[1] / "signed_callers_0031" / f"{name}.py"
    spec = spec_from_file_location(f"werknetz_signed_callers_0031_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade() -> None:
    functions = _load("functions")
    op.create_table(
        "rows_keys",
        sa.Column("fingerprint", sa.Text(), primary_key=True),
        sa.Column("inner_pad", sa.LargeBinary(), nullable=False),
        sa.Column("outer_pad", sa.LargeBinary(), nullable=False),
        sa.Column(
            "added_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True)),
    )
    for name in SEQUENCES:  # their values belong to connections: nothing to write to a disk
        op.execute(f"CREATE UNLOGGED SEQUENCE {name}")
    for statement in (
        *functions.FUNCTIONS.values(),
        functions.PLANTS,
        *(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC" for name in functions.FUNCTIONS),
        *(f"ALTER FUNCTION {name} PARALLEL RESTRICTED" for name in functions.ASKING),
        functions.SAMPLES.format(all="public.caller_sees_all()"),
    ):
        op.execute(statement.replace(":", r"\:"))
    _replace_in_policies(functions.UNSIGNED_ALL, functions.SIGNED_ALL)


def downgrade() -> None:
    functions = _load("functions")
    _replace_in_policies(functions.SIGNED_ALL, functions.UNSIGNED_ALL)
    for statement in (
        functions.SAMPLES.format(all="current_setting('werknetz.plants', true) = '*'"),
        functions.FORMER_PLANTS,
        *(f"ALTER FUNCTION {name} PARALLEL SAFE" for name in functions.ASKING),
        *(f"DROP FUNCTION {name}" for name in reversed(functions.FUNCTIONS)),
        *(f"DROP SEQUENCE {name}" for name in SEQUENCES),
    ):
        op.execute(statement.replace(":", r"\:"))
    op.drop_table("rows_keys")


def _replace_in_policies(former: str, new: str) -> None:
    """Replace a part of the condition of every policy that has it; fail where one stays."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT tablename, policyname, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public' AND strpos(concat(qual, ' ', with_check), :part) > 0"
        " ORDER BY 1, 2"
    )
    for row in connection.execute(query, {"part": former}).mappings().all():
        parts = {"USING": row["qual"], "WITH CHECK": row["with_check"]}
        conditions = " ".join(
            f"{word} ({condition.replace(former, new)})"
            for word, condition in parts.items()
            if condition is not None
        )
        statement = f"ALTER POLICY {row['policyname']} ON {row['tablename']} {conditions}"
        connection.exec_driver_sql(statement)
    left = connection.execute(
        sa.text(
            "SELECT count(*) FROM pg_policies WHERE schemaname = 'public'"
            " AND strpos(concat(qual, ' ', with_check), 'current_setting') > 0"
        )
    ).scalar()
    if left and new == _load("functions").SIGNED_ALL:
        raise RuntimeError(f"{left} policies read a setting that is not signed")
