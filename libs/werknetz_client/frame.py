"""KPI values as a data frame of polars or pandas, whichever is installed; neither is needed else.

Instants are in UTC: a column with both offsets of a clock change is none that either can hold.
"""

import importlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from werknetz_client.errors import WerknetzError

Library = Literal["polars", "pandas"]
LIBRARIES: Final[tuple[Library, ...]] = ("polars", "pandas")
SCOPES: Final = ("equipment", "supplier", "warehouse")
"""Whose value a row is: the one of them that it has is the first column."""

COLUMNS: Final = (
    "equipment", "kpi", "start", "end", "window", "value", "unit", "coverage", "late_share",
    "provisional", "reason", "definition_version", "computed_at",
)  # fmt: skip
_INSTANTS: Final = frozenset({"start", "end", "computed_at"})
_NUMBERS: Final = frozenset({"value", "coverage", "late_share"})


def frame_of(rows: Iterable[Mapping[str, Any]], library: Library | None = None) -> Any:
    """Return a polars.DataFrame or a pandas.DataFrame; raise what is to be installed."""
    name, module = _library(library)
    known = list(rows)
    names = (scope_of(known[0]) if known else COLUMNS[0], *COLUMNS[1:])
    columns = {column: [_cell(row, column) for row in known] for column in names}
    if name == "pandas":
        return module.DataFrame(columns).astype(_pandas_types())
    return module.DataFrame(columns, schema=_polars_types(module, names))


def scope_of(row: Mapping[str, Any]) -> str:
    """Return which of the scopes a value is of."""
    return next((scope for scope in SCOPES if row.get(scope) is not None), SCOPES[0])


def _library(wanted: Library | None) -> tuple[str, Any]:
    """Return the library that was asked for, or the first that is there."""
    for name in LIBRARIES if wanted is None else (wanted,):
        try:
            return name, importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    missing = wanted or "polars or pandas"
    raise WerknetzError(
        f"A frame needs {missing}, which is not installed.",
        f"pip install {wanted or 'polars'}; or take kpis.values(…), which needs neither.",
    )


def _cell(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(column)
    if column in _INSTANTS and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if column in _NUMBERS and value is not None:
        return float(value)
    return value


def _pandas_types() -> dict[str, str]:
    """Return the types that an empty or an all-null column would not have by itself."""
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
