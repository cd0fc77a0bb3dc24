"""Divides sums by shift team: by the shifts of the calendar that each machine has then.

The team of a shift is what the calendar calls `team`, else the name of the shift.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from werknetz.domain.bucket import bucket_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.window import Window
from werknetz.kpi.definition import Kpi
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.windows import WINDOWS_MAX, query_too_large
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.groups.grouping import Grouping
from werknetz_core.kpis.groups.sums import DividedSums, DividedTarget, add_sums
from werknetz_core.kpis.scopes.machines import EquipmentScope
from werknetz_core.kpis.scopes.scope import QueryTarget


async def divide(
    context: AppContext,
    targets: Sequence[DividedTarget],
    grouping: Grouping,
    kpis: Sequence[Kpi],
) -> list[dict[int, DividedSums]]:
    """Return the sums of the teams, by target and number of the window."""
    tree = await context.tree.current()
    parts: list[DividedTarget] = []
    numbers: list[tuple[int, list[int]]] = []  # the target, and the window of each shift
    teams: set[str] = set()
    for n, (target, windows) in enumerate(targets):
        for part, history in _parts_with_own_calendar(tree, target):
            shifts = list(_shifts_of(history, windows))
            teams |= {window.name for _, window in shifts}
            teams |= _named_teams(history)
            if shifts:
                parts.append((part, [window for _, window in shifts]))
                numbers.append((n, [number for number, _ in shifts]))
    _require_teams(grouping, teams)
    if sum(len(windows) for _, windows in parts) > WINDOWS_MAX:
        raise query_too_large("shifts")
    divided: list[dict[int, DividedSums]] = [{} for _ in targets]
    if not parts:
        return divided
    loaded = await EquipmentScope().load_sums(context, parts, kpis)
    for (n, window_numbers), (_, windows), sums in zip(numbers, parts, loaded, strict=True):
        for shift, value in sums.items():
            of_window = divided[n].setdefault(window_numbers[shift - 1], {})
            add_sums(of_window, (windows[shift - 1].name, None), value)
    return divided


def _parts_with_own_calendar(
    tree: EquipmentTree, target: QueryTarget
) -> list[tuple[QueryTarget, CalendarHistory]]:
    """Return the target if one calendar holds for all of it, else each equipment."""
    nodes = tree.subtree(target.name)
    histories = {id(h): h for h in (tree.calendar_history(node.path) for node in nodes)}
    if len(histories) == 1:
        return [(target, history) for history in histories.values()]
    return [
        (replace(target, name=node.path, ids=[node.id]), tree.calendar_history(node.path))
        for node in nodes
        if node.id in set(target.ids)
    ]


def _shifts_of(history: CalendarHistory, windows: Sequence[Window]) -> Iterator[tuple[int, Window]]:
    """Yield the shifts as far as they lie in each window, with the number of the window."""
    for number, window in enumerate(windows, start=1):
        start_us, end_us = bucket_of(window.start_us), bucket_of(window.end_us - 1)
        for shift in history.shifts_between(window.start_us, window.end_us):
            first = max(bucket_of(shift.start_us), start_us)
            last = min(bucket_of(shift.end_us - 1), end_us)
            if first <= last:
                yield number, Window(
                    max(shift.start_us, window.start_us), min(shift.end_us, window.end_us),
                    shift.day, shift.team or shift.name,
                )  # fmt: skip


def _named_teams(history: CalendarHistory) -> set[str]:
    calendars = [calendar for _, calendar in history.steps if calendar is not None]
    patterns = [p for calendar in calendars for p in calendar.patterns]
    patterns += [p for c in calendars for ps in c.exceptions.values() for p in ps]
    return {pattern.team or pattern.name for pattern in patterns}


def _require_teams(grouping: Grouping, teams: set[str]) -> None:
    for name in grouping.names:
        if name not in teams:
            near = difflib.get_close_matches(name, sorted(teams), n=3, cutoff=0.5)
            hint = Sentence("requests.did_you_mean_then", near=[*near]) if near else ""
            all_teams = ", ".join(sorted(teams)) or "none, as there is no shift calendar"
            raise Problem(
                404, "unknown_team", Sentence("kpis.unknown_team", name=name),
                Sentence("kpis.teams", near=hint, teams=all_teams),
            )  # fmt: skip
