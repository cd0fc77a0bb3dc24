"""The parameters of a ranking of losses: how to group, which kinds, and what to compare with."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.losses.categories import LossKind
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_span
from werknetz_core.http.problem import invalid_parameter

DIMENSIONS: Final = (
    "plant", "line", "machine", "category", "big_loss", "reason", "order", "shift",
)  # fmt: skip
PREVIOUS: Final = "previous"


@dataclass(frozen=True, slots=True)
class LossScope:
    """Losses of an equipment in a span."""

    roots: tuple[EquipmentNode, ...]
    span: UtcSpan


@dataclass(frozen=True, slots=True)
class RankingQuery:
    scope: LossScope
    dimensions: tuple[str, ...]
    kinds: frozenset[LossKind]
    compared: LossScope | None
    time: TimeContext
    by_count: bool
    limit: int


def parse_dimensions(texts: Sequence[str]) -> tuple[str, ...]:
    """Parse comma-separated or repeated dimensions; raise 422 for an unknown one."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    for name in names:
        if name not in DIMENSIONS:
            near = difflib.get_close_matches(name, DIMENSIONS, n=1)
            hint = Sentence("requests.did_you_mean_then", near=near[0]) if near else ""
            raise invalid_parameter(
                "group_by", Sentence("kpis.unknown_group_by", text=name),
                Sentence("kpis.use_dimensions", near=hint, dimensions=[*DIMENSIONS]),
            )  # fmt: skip
    return tuple(dict.fromkeys(names)) or ("category",)


async def parse_compare(
    text: str | None,
    scope: LossScope,
    context: AppContext,
    principal: Principal,
    time: TimeContext,
) -> LossScope | None:
    """Return what the losses are compared with; None: nothing."""
    if text is None:
        return None
    span = scope.span
    if text == PREVIOUS:
        length = span.end_us - span.start_us
        return LossScope(scope.roots, UtcSpan(span.start_us - length, span.start_us))
    first, separator, last = text.partition("..")
    if separator:
        return LossScope(scope.roots, parse_span(first, last, time).to_buckets())
    if "/" not in text:
        near = difflib.get_close_matches(text, [PREVIOUS], n=1)
        similar = Sentence("requests.did_you_mean_then", near=near[0]) if near else ""
        raise invalid_parameter(
            "compare",
            Sentence("kpis.unknown_compare", text=text),
            Sentence("kpis.compare_forms", near=similar),
        )
    if len(scope.roots) != 1:
        raise invalid_parameter(
            "compare", Sentence("kpis.compare_one"),
            Sentence("kpis.send_one_under"),
        )  # fmt: skip
    return LossScope((await context.tree.find_node(text, principal),), span)
