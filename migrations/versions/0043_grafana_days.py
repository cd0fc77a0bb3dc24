"""Views for reports: lost time by day of the plant, and the instant at which a day starts there."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0043"
down_revision = "0041"
branch_labels = None
depends_on = None


def _load(folder: str, name: str) -> ModuleType:
    """Load a module by its path: this folder is `migrations` or `werknetz_migrations`."""
    path = Path(__file__).parents[1] / folder / f"{name}.py"
    spec = spec_from_file_location(f"werknetz_{folder}_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _make(name: str, comment: str, query: str, columns: dict[str, str]) -> None:
    op.execute(f"CREATE OR REPLACE VIEW grafana.{name} WITH (security_barrier) AS {query}")
    op.execute(f"COMMENT ON VIEW grafana.{name} IS {_quoted(comment)}")
    for column, text in columns.items():
        op.execute(f"COMMENT ON COLUMN grafana.{name}.{column} IS {_quoted(text)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def upgrade() -> None:
    for name, (comment, query, columns) in _load("grafana_0043", "days").VIEWS.items():
        _make(name, comment, query, columns)


def downgrade() -> None:
    before = _load("grafana_0037", "supply").VIEWS
    for name in _load("grafana_0043", "days").VIEWS:
        op.execute(f"DROP VIEW grafana.{name}")
        if name in before:
            _make(name, *before[name])
