"""Items as a data frame of polars or pandas, whichever is installed; both are optional.

Instants are in UTC: neither library can hold a column with both offsets of a clock change.
"""

import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
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
INSTANTS: Final = frozenset(
    {
        "announced_at",
        "arrives_at",
        "as_of",
        "at",
        "changed_at",
        "cleared_at",
        "computed_at",
        "counted_at",
        "created_at",
        "decided_at",
        "despatched_at",
        "disabled_at",
        "due_from",
        "due_until",
        "empty_at",
        "end",
        "ended_at",
        "ends_at",
        "entered_at",
        "expires_at",
        "finished_at",
        "first_at",
        "first_bucket",
        "first_received_at",
        "first_seen_at",
        "former_valid_until",
        "fulfilled_at",
        "in_force_from",
        "in_force_to",
        "issued_at",
        "known_at",
        "known_from",
        "last_applied_at",
        "last_at",
        "last_bucket",
        "last_good_at",
        "last_signed_in_at",
        "last_used_at",
        "moved_at",
        "now_end",
        "now_start",
        "password_changed_at",
        "password_valid_until",
        "planned_end_at",
        "received_at",
        "requested_at",
        "retired_at",
        "revoked_at",
        "rotated_at",
        "runs_out_at",
        "short_at",
        "start",
        "started_at",
        "stops_at",
        "stops_until",
        "stored_at",
        "until",
        "valid_from",
        "valid_to",
        "waiting_since",
        "window_from",
        "window_until",
        "withdrawn_at",
        "zero_at",
    }
)
"""Fields of items that are instants, as the OpenAPI document says."""
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


def table_of(rows: Sequence[Mapping[str, Any]], library: Library | None = None) -> Any:
    """Return items of any collection as a DataFrame: a column for each key, in their order.

    Lists and objects are JSON, as in the API's CSV. A column whose values have several types is
    text. Raises WerknetzError if no library is installed.
    """
    name, module = _library(library)
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns = {column: _column_of(column, [row.get(column) for row in rows]) for column in names}
    if name == "pandas":
        instants = (c for c in names if c in INSTANTS and _has_instants(columns[c]))
        types = dict.fromkeys(instants, "datetime64[us, UTC]")
        return module.DataFrame(columns).astype(types)
    return module.DataFrame(columns, schema={c: _polars_type(module, columns[c]) for c in names})


def _column_of(name: str, values: list[Any]) -> list[Any]:
    values = [
        json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict) else v for v in values
    ]
    if name in INSTANTS and _has_instants(values):
        return [None if v is None else datetime.fromisoformat(v).astimezone(UTC) for v in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) < 2 else [None if v is None else str(v) for v in values]


def _has_instants(values: list[Any]) -> bool:
    """Whether all are instants: their times have a zone."""
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, datetime) or (isinstance(value, str) and "T" in value)
        for value in present
    )


def _polars_type(polars: Any, values: list[Any]) -> Any:
    kind = next((type(value) for value in values if value is not None), str)
    types = {bool: polars.Boolean, int: polars.Int64, float: polars.Float64}
    return polars.Datetime("us", "UTC") if kind is datetime else types.get(kind, polars.String)


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
