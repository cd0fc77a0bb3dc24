"""The parameters that divide KPI values of equipment: group_by, product and team."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from werknetz.kpi.definition import Kpi
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES
from werknetz_core.http.problem import Problem, invalid_parameter

Dimension = Literal["order", "product", "team"]
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
FACT_ELEMENT_SET: Final = frozenset(FACT_ELEMENT_NAMES)
FILTERS: Final[tuple[Dimension, ...]] = ("product", "team")
"""Dimensions whose values are parameters; an order is a scope of its own."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How values are divided. `names`: only these groups; empty: each one and the rest."""

    dimension: Dimension
    names: tuple[str, ...] = ()


def parse_grouping(
    scope: str,
    group_by: str | None,
    product: Sequence[str],
    team: Sequence[str],
) -> Grouping | None:
    """Return the grouping; None: values are not divided. A contradiction is an error."""
    chosen = _dimension_of(group_by)
    named = [(name, values) for name, values in (("product", product), ("team", team)) if values]
    if chosen is None and not named:
        return None
    if scope != "equipment":
        raise invalid_parameter(
            "group_by" if chosen else named[0][0],
            f"Values of a {scope} cannot be divided.",
            "Use equipment=… with group_by=order, product or team.",
        )
    if len(named) > 1 or (chosen and named and named[0][0] != chosen):
        names = dict.fromkeys((*([f"group_by={chosen}"] if chosen else []), *(n for n, _ in named)))
        raise invalid_parameter(
            named[0][0],
            f"The parameters {' and '.join(names)} exclude each other.",
            "Send a request for each of them.",
        )
    if not named:
        return Grouping(chosen or "order")
    name, values = named[0]
    return Grouping("product" if name == "product" else "team", tuple(dict.fromkeys(values)))


def require_divisible(
    grouping: Grouping | None,
    kpis: Sequence[Kpi],
    granularity: str,
    rolling: str | None,
    as_of: str | None,
) -> None:
    """Raise a Problem where the values cannot be divided by this dimension."""
    if grouping is None:
        return
    dimension = grouping.dimension
    if granularity == "5m":
        raise invalid_parameter(
            "granularity",
            f"Values of 5 minutes cannot be divided by {dimension}.",
            "Use 15m or a longer granularity.",
        )
    if dimension == "team":
        if rolling is not None:
            raise invalid_parameter(
                "rolling", "Rolling windows cannot be divided by team.", "Use a granularity."
            )
        return
    if as_of is not None:
        raise invalid_parameter(
            "as_of", f"as_of is not supported with group_by={dimension}.", "Leave one of them out."
        )
    for kpi in kpis:
        if facts := sorted(FACT_ELEMENT_SET.intersection(kpi.inputs)):
            raise Problem(
                422,
                "not_divisible",
                f"{kpi.name} cannot be divided by {dimension}: {facts[0]} is known of equipment "
                "only.",
                "Leave group_by out, or use group_by=team.",
            )


def _dimension_of(text: str | None) -> Dimension | None:
    if text is None:
        return None
    for dimension in DIMENSIONS:
        if text == dimension:
            return dimension
    near = difflib.get_close_matches(text, DIMENSIONS, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise invalid_parameter(
        "group_by", f"group_by={text!r} is not supported.", f"{hint}Use {', '.join(DIMENSIONS)}."
    )
