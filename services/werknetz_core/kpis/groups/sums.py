"""What the divisions of KPI values share."""

from collections.abc import Sequence

from werknetz.domain.window import Window
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums

DividedTarget = tuple[QueryTarget, Sequence[Window]]
GroupKey = tuple[str | None, str | None]
"""The name of a group; without one, what the rest is."""
DividedSums = dict[GroupKey, WindowSums]


def add_sums(sums: DividedSums, key: GroupKey, more: WindowSums) -> None:
    """Add to the sums of a group."""
    former = sums.get(key)
    if former is None:
        sums[key] = more
        return
    instants = [at for at in (former.computed_at, more.computed_at) if at is not None]
    sums[key] = WindowSums(
        former.elements + more.elements,
        max(instants, default=None),
        former.provisional or more.provisional,
    )
