"""A signature is for an hour at most, and a value that has ended is refused as an ended key is.

Whoever had the key could sign plants for ever, and a transaction with a snapshot from before the
end of a key went on accepting it. Connections of an API of before go on: they sign for an hour,
outside a transaction.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


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
    _replace(_load("bounded_callers_0041"))


def downgrade() -> None:
    _replace(_load("checked_callers_0040"))


def _replace(functions: ModuleType) -> None:
    for statement in (functions.STATE, functions.STATED):
        op.execute(statement.replace(":", r"\:"))
