"""KPI values as a data frame of polars or pandas, whichever is installed; both are optional.

Instants are in UTC: neither library can hold a column with both offsets of a clock change.
"""

import importlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from werknetz_client.errors import WerknetzError

Library = Literal["polars", "pandas"]
LIBRARIES: Final[tuple[Library, ...]] = ("polars", "pandas")
SCOPES: Final = ("equipment", "order", "characteristic", "supplier", "warehouse")
"""Scope of a value: the one that a row has is the first column."""

COLUMNS: Final = (
    "equipment", "kpi", "start", "end", "window", "value", "unit", "strict_value", "coverage",
    "state_share", "quantity_share", "plan_share", "late_share", "divisor", "provisional",
    "reason", "definition_version", "computed_at",
)  # fmt: skip
_INSTANTS: Final = frozenset({"start", "end", "computed_at"})
_NUMBERS: Final = frozenset(
    {"value", "strict_value", "coverage", "late_share", "divisor"}
    | {"state_share", "quantity_share", "plan_share"}
)


def frame_of(rows: Iterable[Mapping[str, Any]], library: Library | None = None) -> Any:
    """Return a polars or pandas DataFrame; raise WerknetzError if neither is installed."""
    name, module = _library(library)
    items = list(rows)
    names = (scope_of(items[0]) if items else COLUMNS[0], *_groups_of(items), *COLUMNS[1:])
    columns = {column: [_cell(row, column) for row in items] for column in names}
    if name == "pandas":
        return module.DataFrame(columns).astype(_pandas_types())
    return module.DataFrame(columns, schema=_polars_types(module, names))


def scope_of(row: Mapping[str, Any]) -> str:
    """Return the scope of a value."""
    return next((scope for scope in SCOPES if row.get(scope) is not None), SCOPES[0])


def _groups_of(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns of divided values: the order, product or team, and what the rest is."""
    group_by = next((row["group_by"] for row in rows if row.get("group_by")), None)
    return () if group_by is None else (group_by, "rest")


def _library(choice: Library | None) -> tuple[str, Any]:
    """Return the chosen library, or the first that is installed."""
    for name in LIBRARIES if choice is None else (choice,):
        try:
            return name, importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    missing = choice or "polars or pandas"
    raise WerknetzError(
        f"A frame needs {missing}, which is not installed.",
        f"pip install {choice or 'polars'}; or use kpis.values(…), which needs neither.",
    )


def _cell(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(column)
    if column in _INSTANTS and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if column in _NUMBERS and value is not None:
        return float(value)
    return value


def _pandas_types() -> dict[str, str]:
    """Return the types that pandas cannot infer from an empty or all-null column."""
    return {
        **dict.fromkeys(_INSTANTS, "datetime64[us, UTC]"),
        **dict.fromkeys(_NUMBERS, "float64"),
        "provisional": "bool",
        "definition_version": "int64",
    }


def _polars_types(polars: Any, names: Iterable[str]) -> dict[str, Any]:
    instants = polars.Datetime("us", "UTC")
    special = {"provisional": polars.Boolean, "definition_version": polars.Int64}
    return {
        column: special.get(column)
        or (instants if column in _INSTANTS else None)
        or (polars.Float64 if column in _NUMBERS else polars.String)
        for column in names
    }
