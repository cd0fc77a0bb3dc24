"""Views for reports: KPIs by hour, shift and day, stops, losses, stock, suppliers, connectors.

Each view and column has a comment with its unit, which Grafana and psql show.
"""

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None

_STATES_BEFORE = """
CREATE VIEW grafana.v1_states WITH (security_barrier) AS
SELECT e.path AS equipment, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number
FROM public.state_pieces p JOIN public.equipment e ON e.id = p.equipment_id
WHERE p.equipment_id IN (SELECT public.reader_equipment())"""


def _load(name: str) -> ModuleType:
    """Load a module by its path: this folder is `migrations` or `werknetz_migrations`."""
    path = Path(__file__).parents[1] / "grafana_0037" / f"{name}.py"
    spec = spec_from_file_location(f"werknetz_grafana_0037_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _comments(name: str, comment: str, columns: dict[str, str]) -> Iterator[str]:
    yield f"COMMENT ON VIEW grafana.{name} IS {_quoted(comment)}"
    for column, text in columns.items():
        yield f"COMMENT ON COLUMN grafana.{name}.{column} IS {_quoted(text)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def upgrade() -> None:
    for module in map(_load, ("production", "supply")):
        for name, (comment, query, columns) in module.VIEWS.items():
            op.execute(f"CREATE OR REPLACE VIEW grafana.{name} WITH (security_barrier) AS {query}")
            for statement in _comments(name, comment, columns):
                op.execute(statement)
    for name, (comment, columns) in _load("before").VIEWS.items():
        for statement in _comments(name, comment, columns):
            op.execute(statement)


def downgrade() -> None:
    for name in ("supply", "production"):
        for view in reversed(_load(name).VIEWS):
            op.execute(f"DROP VIEW grafana.{view}")
    op.execute(_STATES_BEFORE)
