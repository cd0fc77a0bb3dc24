"""Divides the sums of equipment by order, product or team; the groups and the rest add up to it."""

from collections.abc import Mapping, Sequence
from typing import Final

from werknetz.kpi.additive import AdditiveElements, element_names
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import NEGLIGIBLE_S
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz_core.context.app_context import AppContext
from werknetz_core.kpis.groups import by_order, by_team
from werknetz_core.kpis.groups.grouping import Grouping
from werknetz_core.kpis.groups.sums import DividedSums, DividedTarget
from werknetz_core.kpis.scopes.scope import WindowSums

REST: Final = {"order": "no_order", "product": "no_order", "team": "no_shift"}
GroupedSums = list[dict[int, list[WindowSums]]]
"""By target, then by the number of the window, from 1: the groups in order, the rest last."""


async def load_grouped_sums(
    context: AppContext,
    targets: Sequence[DividedTarget],
    whole: Sequence[Mapping[int, WindowSums]],
    grouping: Grouping,
    kpis: Sequence[Kpi],
) -> GroupedSums:
    """Return the sums of each group; `whole`: those of the targets, not divided."""
    divide = by_team.divide if grouping.dimension == "team" else by_order.divide
    divided = await divide(context, targets, grouping, kpis)
    return [
        {
            number: _groups_of(sums.get(number, {}), undivided.get(number), grouping)
            for number in range(1, len(windows) + 1)
        }
        for (_, windows), sums, undivided in zip(targets, divided, whole, strict=True)
    ]


def _groups_of(sums: DividedSums, whole: WindowSums | None, grouping: Grouping) -> list[WindowSums]:
    """Return the groups of a window. Named ones are there also without data."""
    if grouping.names:
        return [_with_name(sums.get((name, None)), grouping, name, None) for name in grouping.names]
    groups = [
        _with_name(value, grouping, name, rest)
        for (name, rest), value in sorted(sums.items(), key=lambda item: _sort_key(item[0]))
    ]
    left = None if whole is None else _rest_of(whole, list(sums.values()))
    return groups if left is None else [*groups, _with_name(
        left, grouping, None, REST[grouping.dimension]
    )]  # fmt: skip


def _sort_key(key: tuple[str | None, str | None]) -> tuple[bool, str]:
    return key[0] is None, key[0] or ""


def _with_name(
    sums: WindowSums | None, grouping: Grouping, name: str | None, rest: str | None
) -> WindowSums:
    fields = {"group_by": grouping.dimension, grouping.dimension: name, "rest": rest}
    if sums is None:
        return WindowSums(EquipmentElements(), extra_fields=fields, is_empty=True)
    return WindowSums(sums.elements, sums.computed_at, sums.provisional, fields)


def _rest_of(whole: WindowSums, groups: Sequence[WindowSums]) -> WindowSums | None:
    """Return what the groups leave of the whole; None: nothing."""
    left = {name: _value(whole.elements, name) for name in element_names(EquipmentElements)}
    size = {name: abs(value) for name, value in left.items()}
    for group in groups:
        for name in left:
            left[name] -= _value(group.elements, name)
    # What is left of differences of sums is nothing.
    left = {n: v if abs(v) > max(NEGLIGIBLE_S, 1e-12 * size[n]) else 0.0 for n, v in left.items()}
    if not any(left.values()):
        return None
    return WindowSums(EquipmentElements(**left), whole.computed_at, whole.provisional)


def _value(elements: AdditiveElements, name: str) -> float:
    """Return an element; 0 where it was not asked for."""
    value: float = getattr(elements, name, 0.0)
    return value
