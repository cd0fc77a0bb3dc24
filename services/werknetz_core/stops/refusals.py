"""Why a change of a stop is refused, and what to do instead."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import sqlalchemy as sa

from werknetz.domain.state import MachineState
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import format_utc
from werknetz_core.http.problem import Problem
from werknetz_core.stops.loading import MachineStop


async def require_machine(context: AppContext, node: EquipmentNode) -> None:
    """Raise 422 if there is equipment below it: stops belong to machines."""
    tree = await context.tree.current()
    if len(tree.ids_below[node.path]) > 1:
        below = [n.path for n in tree.subtree(node.path) if len(tree.ids_below[n.path]) == 1]
        raise Problem(
            422, "not_a_machine", f"{node.path!r} is no machine: it has equipment below it.",
            f"Name a machine, such as {below[0]}.",
        )  # fmt: skip


def check_span(
    start_us: int, end_us: int, now_us: int, longest_us: int,
    names: tuple[str, str] = ("start", "end"),
) -> None:  # fmt: skip
    """Raise 422 for an empty span, one in the future or one that is too long.

    `names`: of the fields that hold its start and its end.
    """
    first, last = names
    if start_us >= end_us:
        raise _invalid_body(
            first, "invalid_span",
            f"{first} {format_utc(start_us)} is not before {last} {format_utc(end_us)}.",
            f"Send {first} that is before {last}.",
        )  # fmt: skip
    check_past(last, end_us, now_us)
    if end_us - start_us > longest_us:
        days = longest_us // 86_400_000_000
        raise _invalid_body(
            last, "span_too_long", f"The span is longer than {days} days.", "Enter it in parts."
        )


def check_past(name: str, at_us: int, now_us: int) -> None:
    if at_us > now_us:
        raise _invalid_body(
            name, "in_future", f"{name} {format_utc(at_us)} lies in the future: it is "
            f"{format_utc(now_us)}.", "Enter what has happened; check the time zone.",
        )  # fmt: skip


def overlaps_entry(node: EquipmentNode, row: sa.RowMapping) -> Problem:
    return Problem(
        409, "stop_overlaps",
        f"{row['entered_by']} has changed the stop from {row['start_at'].isoformat()} to "
        f"{row['end_at'].isoformat()} of {node.path}, which overlaps this one.",
        "Classify, split or undo that stop, or enter the time beside it.",
    )  # fmt: skip


def split_outside(item: MachineStop, at_us: int) -> Problem:
    return _invalid_body(
        "at", "split_outside_stop",
        f"{format_utc(at_us)} is not inside the stop from {format_utc(item.stop.start_us)} to "
        f"{format_utc(item.stop.end_us)}.",
        "Send an instant after its start and before its end.",
    )  # fmt: skip


def different_machines(paths: Sequence[str]) -> Problem:
    names = ", ".join(sorted(set(paths)))
    return _invalid_body(
        "stops", "different_machines", f"These stops belong to different machines: {names}.",
        "Merge stops of one machine.",
    )  # fmt: skip


def check_adjacent(items: Sequence[MachineStop]) -> None:
    """Raise 422 unless there are several, each beginning where the one before ends."""
    if len(items) < 2:
        raise _invalid_body(
            "stops", "one_stop", "These ids name one and the same stop.", "Send two or more."
        )
    for before, after in pairwise(items):
        if before.stop.end_us != after.stop.start_us:
            end, start = format_utc(before.stop.end_us), format_utc(after.stop.start_us)
            raise _invalid_body(
                "stops", "not_adjacent",
                f"The stop {before.id} ends at {end}, the stop {after.id} starts at {start}.",
                "Merge stops without time between them; to include that time, enter a stop for it.",
            )  # fmt: skip


def states_differ(states: Iterable[int]) -> Problem:
    names = ", ".join(sorted(MachineState(state).label for state in states))
    return _invalid_body(
        "state", "states_differ", f"The stops have different states: {names}.",
        "Send the `state` of the merged stop, or a reason that has one.",
    )  # fmt: skip


def changed_meanwhile(item: MachineStop, version: int) -> Problem:
    entry = item.stop.entry
    by = "was undone meanwhile" if entry is None else f"was changed by {entry.entered_by}"
    return Problem(
        409, "changed_meanwhile",
        f"The stop {item.id} {by}: it has version {item.stop.version}, not {version}.",
        f"Read GET /api/v1/stops/{item.id} and send its version, if the change is still right.",
    )  # fmt: skip


def nothing_to_undo(item: MachineStop) -> Problem:
    return Problem(
        409, "nothing_to_undo", f"Nobody has changed the stop {item.id}.",
        "GET /api/v1/audit?subject=stop lists the changes.",
    )  # fmt: skip


def changed_since(item: MachineStop) -> Problem:
    return Problem(
        409, "changed_since",
        f"Parts of what change {item.stop.version} made were changed again since.",
        "Undo the later changes of the neighbouring stops first.",
    )  # fmt: skip


def _invalid_body(name: str, code: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/body/{name}", "code": code, "detail": detail}]
    return Problem(422, code, detail, hint, errors=errors)
