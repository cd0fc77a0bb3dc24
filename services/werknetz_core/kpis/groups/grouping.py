"""The parameters that divide KPI values of equipment: group_by, product and team."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from werknetz.kpi.definition import Kpi
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES
from werknetz.texts.sentence import Sentence
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
            Sentence("kpis.scope_not_divisible", scope=scope),
            Sentence("kpis.divide_equipment"),
        )
    if len(named) > 1 or (chosen and named and named[0][0] != chosen):
        names = dict.fromkeys((*([f"group_by={chosen}"] if chosen else []), *(n for n, _ in named)))
        raise invalid_parameter(
            named[0][0],
            Sentence("requests.exclude_each_other", names=[*names]),
            Sentence("requests.send_each"),
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
            Sentence("kpis.five_minutes_not_divisible", dimension=dimension),
            Sentence("kpis.use_15m_or_longer"),
        )
    if dimension == "team":
        if rolling is not None:
            raise invalid_parameter(
                "rolling",
                Sentence("kpis.rolling_not_divisible"),
                Sentence("kpis.use_a_granularity"),
            )
        return
    if as_of is not None:
        raise invalid_parameter(
            "as_of",
            Sentence("kpis.as_of_not_divisible", dimension=dimension),
            Sentence("requests.leave_one_out"),
        )
    for kpi in kpis:
        if facts := sorted(FACT_ELEMENT_SET.intersection(kpi.inputs)):
            raise Problem(
                422,
                "not_divisible",
                Sentence("kpis.not_divisible", name=kpi.name, dimension=dimension, fact=facts[0]),
                Sentence("kpis.leave_group_by_out"),
            )


def _dimension_of(text: str | None) -> Dimension | None:
    if text is None:
        return None
    for dimension in DIMENSIONS:
        if text == dimension:
            return dimension
    near = difflib.get_close_matches(text, DIMENSIONS, n=1)
    hint = Sentence("requests.did_you_mean_then", near=near[0]) if near else ""
    raise invalid_parameter(
        "group_by",
        Sentence("kpis.unknown_group_by", text=text),
        Sentence("kpis.use_dimensions", near=hint, dimensions=[*DIMENSIONS]),
    )
