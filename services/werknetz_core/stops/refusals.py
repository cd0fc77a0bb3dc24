"""Why a change of a stop is refused, and what to do instead."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import sqlalchemy as sa

from werknetz.domain.state import MachineState
from werknetz.texts.sentence import Sentence
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
            422, "not_a_machine", Sentence("shop_floor.not_a_machine", path=node.path),
            Sentence("shop_floor.name_a_machine", example=below[0]),
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
            first,
            "invalid_span",
            Sentence(
                "shop_floor.span_reversed",
                first=first,
                start=format_utc(start_us),
                last=last,
                end=format_utc(end_us),
            ),
            Sentence("shop_floor.send_first_before_last", first=first, last=last),
        )
    check_past(last, end_us, now_us)
    if end_us - start_us > longest_us:
        days = longest_us // 86_400_000_000
        raise _invalid_body(
            last,
            "span_too_long",
            Sentence("shop_floor.span_too_long", days=days),
            Sentence("shop_floor.enter_in_parts"),
        )


def check_past(name: str, at_us: int, now_us: int) -> None:
    if at_us > now_us:
        raise _invalid_body(
            name,
            "in_future",
            Sentence(
                "shop_floor.in_future", name=name, at=format_utc(at_us), now=format_utc(now_us)
            ),
            Sentence("shop_floor.enter_the_past"),
        )


def overlaps_entry(node: EquipmentNode, row: sa.RowMapping) -> Problem:
    return Problem(
        409,
        "stop_overlaps",
        Sentence(
            "shop_floor.stop_overlaps",
            entered_by=row["entered_by"],
            start_at=row["start_at"].isoformat(),
            end_at=row["end_at"].isoformat(),
            path=node.path,
        ),
        Sentence("shop_floor.change_that_stop"),
    )


def split_outside(item: MachineStop, at_us: int) -> Problem:
    return _invalid_body(
        "at",
        "split_outside_stop",
        Sentence(
            "shop_floor.not_inside_stop",
            at=format_utc(at_us),
            start=format_utc(item.stop.start_us),
            end=format_utc(item.stop.end_us),
        ),
        Sentence("shop_floor.send_instant_inside"),
    )


def different_machines(paths: Sequence[str]) -> Problem:
    names = ", ".join(sorted(set(paths)))
    return _invalid_body(
        "stops", "different_machines", Sentence("shop_floor.stops_of_machines", names=names),
        Sentence("shop_floor.merge_one_machine"),
    )  # fmt: skip


def check_adjacent(items: Sequence[MachineStop]) -> None:
    """Raise 422 unless there are several, each beginning where the one before ends."""
    if len(items) < 2:
        raise _invalid_body(
            "stops", "one_stop", Sentence("shop_floor.same_stop"), Sentence("shop_floor.send_two")
        )
    for before, after in pairwise(items):
        if before.stop.end_us != after.stop.start_us:
            end, start = format_utc(before.stop.end_us), format_utc(after.stop.start_us)
            raise _invalid_body(
                "stops",
                "not_adjacent",
                Sentence(
                    "shop_floor.stops_apart", id=before.id, end=end, next_id=after.id, start=start
                ),
                Sentence("shop_floor.merge_adjacent"),
            )


def states_differ(states: Iterable[int]) -> Problem:
    names = ", ".join(sorted(MachineState(state).label for state in states))
    return _invalid_body(
        "state", "states_differ", Sentence("shop_floor.different_states", names=names),
        Sentence("shop_floor.send_state"),
    )  # fmt: skip


def changed_meanwhile(item: MachineStop, version: int) -> Problem:
    entry = item.stop.entry
    by = (
        Sentence("shop_floor.was_undone")
        if entry is None
        else Sentence("shop_floor.was_changed", by=entry.entered_by)
    )
    return Problem(
        409,
        "changed_meanwhile",
        Sentence(
            "shop_floor.stop_changed", id=item.id, by=by, current=item.stop.version, version=version
        ),
        Sentence("shop_floor.read_stop", id=item.id),
    )


def nothing_to_undo(item: MachineStop) -> Problem:
    return Problem(
        409, "nothing_to_undo", Sentence("shop_floor.nothing_to_undo", id=item.id),
        Sentence("shop_floor.list_changes_of_stops"),
    )  # fmt: skip


def changed_since(item: MachineStop) -> Problem:
    return Problem(
        409, "changed_since",
        Sentence("shop_floor.changed_since", version=item.stop.version),
        Sentence("shop_floor.undo_later_first"),
    )  # fmt: skip


def _invalid_body(name: str, code: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/body/{name}", "code": code, "detail": detail}]
    return Problem(422, code, detail, hint, errors=errors)
