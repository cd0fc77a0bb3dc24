"""The tree of handling units: what is packed in what, and which lines are packed where."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from werknetz_core.deliveries.shipments.schemas import HandlingUnitView


def handling_unit_tree(
    units: Sequence[Mapping[Any, Any]], lines: Mapping[str, Sequence[UUID]]
) -> list[HandlingUnitView]:
    """Return the outermost units. Each unit appears once, even where units contain each other."""
    views = {
        unit["label"]: HandlingUnitView(
            label=unit["label"],
            package_type=unit["package_type"],
            lines=list(lines.get(unit["label"], ())),
            contains=[],
        )
        for unit in units
    }
    children: dict[str, list[str]] = defaultdict(list)
    roots = []
    for unit in units:
        label, parent = unit["label"], unit["parent_label"]
        if parent in views and parent != label:
            children[parent].append(label)
        else:
            roots.append(label)
    placed: set[str] = set()
    # A cycle has no outermost unit: its first label becomes the root.
    for label in [*roots, *views]:
        if label in placed:
            continue
        if label not in roots:
            roots.append(label)
        _add_children(label, views, children, placed)
    return [views[label] for label in roots]


def _add_children(
    root: str,
    views: Mapping[str, HandlingUnitView],
    children: Mapping[str, Sequence[str]],
    placed: set[str],
) -> None:
    placed.add(root)
    queue = [root]
    while queue:
        label = queue.pop()
        for child in children.get(label, ()):
            if child not in placed:
                placed.add(child)
                views[label].contains.append(views[child])
                queue.append(child)
