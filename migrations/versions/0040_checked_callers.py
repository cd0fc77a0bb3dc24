"""The signature of a connection's plants is verified when they are stated, not in each statement.

What each statement compares instead is a hash that only the owner's functions note. Connections
that stated their plants before go on: their signature is verified as before.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None

BEFORE = "plants_signed_before()"


def _load(folder: str) -> ModuleType:
    """Load `functions` of a migration by its path: this folder may be `werknetz_migrations`."""
    path = Path(__file__).parents[1] / folder / "functions.py"
    spec = spec_from_file_location(f"werknetz_{folder}_functions", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade() -> None:
    functions, signed = _load("checked_callers_0040"), _load("signed_callers_0031")
    for statement in (
        *functions.SEQUENCES,
        signed.STATED.replace("stated_plants()", BEFORE),
        f"REVOKE EXECUTE ON FUNCTION {BEFORE} FROM PUBLIC",
        functions.STATE,
        functions.STATED,
        functions.SEES_ALL,
    ):
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    functions, signed = _load("checked_callers_0040"), _load("signed_callers_0031")
    for statement in (
        functions.FORMER_SEES_ALL,
        signed.STATED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        signed.STATE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        f"DROP FUNCTION {BEFORE}",
        *functions.DROP_SEQUENCES,
    ):
        op.execute(statement.replace(":", r"\:"))
