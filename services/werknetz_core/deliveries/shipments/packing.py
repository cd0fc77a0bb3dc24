"""Handling units as the tree that they are: what is packed in what, and which lines lie where."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from werknetz_core.deliveries.shipments.schemas import HandlingUnitView


def tree_of(
    units: Sequence[Mapping[Any, Any]], lines: Mapping[str, Sequence[UUID]]
) -> list[HandlingUnitView]:
    """Return the outermost units. Each stands once, also where labels say they hold each other."""
    views = {
        unit["label"]: HandlingUnitView(
            label=unit["label"],
            package_type=unit["package_type"],
            lines=list(lines.get(unit["label"], ())),
            contains=[],
        )
        for unit in units
    }
    inside: dict[str, list[str]] = defaultdict(list)
    roots = []
    for unit in units:
        label, above = unit["label"], unit["parent_label"]
        if above in views and above != label:
            inside[above].append(label)
        else:
            roots.append(label)
    placed: set[str] = set()
    # A circle has no outermost unit: its first label is taken for it.
    for label in [*roots, *views]:
        if label in placed:
            continue
        if label not in roots:
            roots.append(label)
        _fill(label, views, inside, placed)
    return [views[label] for label in roots]


def _fill(
    root: str,
    views: Mapping[str, HandlingUnitView],
    inside: Mapping[str, Sequence[str]],
    placed: set[str],
) -> None:
    placed.add(root)
    waiting = [root]
    while waiting:
        label = waiting.pop()
        for inner in inside.get(label, ()):
            if inner not in placed:
                placed.add(inner)
                views[label].contains.append(views[inner])
                waiting.append(inner)
