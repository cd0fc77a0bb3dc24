"""From a trial to its answer: sorted by how much moves, and cut where a person stops reading."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from werknetz.connector.quarantine import kind_of_reason
from werknetz.domain.bucket import instant_of
from werknetz.events.facts import body_of, kind_of
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.mappings.comparison import Comparison, Difference, shown
from werknetz_core.mappings.dry_run import Trial, instant, plan_of
from werknetz_core.mappings.impact import Side, Unmapped, moves
from werknetz_core.mappings.replay_namer import Named
from werknetz_core.mappings.schemas import (
    DiffView,
    EventDiffView,
    ExampleView,
    KpiMoveView,
    PointDiffView,
    PointView,
    PreviewView,
    RefusalView,
    StateMoveView,
    UnmappedView,
    ValueView,
)

LISTED_MAX: Final = 200


def diff_view(trial: Trial, tree: EquipmentTree) -> DiffView:
    comparison = trial.comparison
    moving = [(key, each) for key, each in comparison.points.items() if each.moves]
    moving.sort(key=lambda pair: (-pair[1].changed, pair[0]))
    end_us = comparison.to_us or 0
    kpis = []
    complete = trial.before.is_complete and trial.after.is_complete
    if complete and comparison.from_us is not None and comparison.to_us is not None:
        span = (comparison.from_us, comparison.to_us)
        kpis = moves(trial.before, trial.after, span, plan_of(tree))
    return DiffView(
        mapping=trial.mapping.label,
        connectors=list(trial.connectors),
        inputs=comparison.inputs,
        inputs_skipped=trial.skipped,
        complete=trial.next_start is None,
        next_start=trial.next_start,
        start=instant(comparison.from_us),
        end=instant(comparison.to_us),
        points_same=len(comparison.points) - len(moving),
        points=[_point_diff(key, each) for key, each in moving[:LISTED_MAX]],
        events=[
            EventDiffView(
                kind=kind, before=each.before, after=each.after, changed=each.changed,
                examples=[{"before": old, "after": new} for old, new in each.examples],
            )
            for kind, each in sorted(comparison.events.items())
        ],
        refused=_refused(comparison),
        unmapped_before=_unmapped(trial.before.unmapped(end_us)),
        unmapped_after=_unmapped(trial.after.unmapped(end_us)),
        states=_state_moves(trial.before, trial.after, end_us),
        kpis=[KpiMoveView(**asdict(each)) for each in kpis[:LISTED_MAX]],
        kpis_complete=complete,
    )  # fmt: skip


def preview_view(trial: Trial, named: Sequence[Named], examples: int) -> PreviewView:
    points: dict[str, PointView] = {}
    refused: Counter[tuple[str, str]] = Counter()
    events = []
    for said in named:
        for key, samples in said.said.items():
            point = said.points[key]
            view = points.setdefault(
                key,
                PointView(
                    key=key, equipment=point.equipment, signal=point.signal, role=point.role,
                    unit=point.unit, samples=0, last=[],
                ),
            )  # fmt: skip
            view.samples += len(samples)
            view.last += [
                ValueView(at=instant_of(int(samples.at_us[row])), value=shown(samples, row))
                for row in range(max(0, len(samples) - examples), len(samples))
            ]
            view.last = view.last[-examples:]
        for each in said.refused:
            refused[each.source, kind_of_reason(each.reason)] += each.count
        events += said.events
    return PreviewView(
        mapping=trial.mapping.label,
        connectors=list(trial.connectors),
        inputs=len(named),
        points=[points[key] for key in sorted(points)][:LISTED_MAX],
        events=[
            {"kind": kind_of(event.fact), "source": event.source, "item": event.item,
             "at": instant_of(event.at_us).isoformat(), **body_of(event.fact)}
            for event in events[-examples:]
        ],
        events_count=len(events),
        refused=[
            RefusalView(source=source, reason=reason, before=0, after=count)
            for (source, reason), count in refused.most_common(LISTED_MAX)
        ],
        unmapped_states=_unmapped(trial.after.unmapped(trial.comparison.to_us or 0)),
    )  # fmt: skip


def _point_diff(key: str, each: Difference) -> PointDiffView:
    some = each.after or each.before
    change = "changed" if each.before and each.after else "added" if each.after else "removed"
    return PointDiffView(
        key=key,
        change=change,
        role=some.role if some else "",
        unit_before=each.before.unit if each.before else None,
        unit_after=each.after.unit if each.after else None,
        samples_before=each.samples_before,
        samples_after=each.samples_after,
        changed=each.changed,
        largest_difference=each.largest,
        examples=[
            ExampleView(at=instant_of(e.at_us), before=e.before, after=e.after)
            for e in each.examples
        ],
    )


def _refused(comparison: Comparison) -> list[RefusalView]:
    before, after = comparison.refused_before, comparison.refused_after
    keys = sorted(
        before.keys() | after.keys(), key=lambda key: (-abs(after[key] - before[key]), key)
    )
    return [
        RefusalView(source=source, reason=reason, before=before[source, reason],
                    after=after[source, reason])
        for source, reason in keys[:LISTED_MAX]
    ]  # fmt: skip


def _state_moves(before: Side, after: Side, end_us: int) -> list[StateMoveView]:
    was, will = before.state_seconds(end_us), after.state_seconds(end_us)
    found = []
    for path in sorted(was.keys() | will.keys()):
        old, new = was.get(path, {}), will.get(path, {})
        for state in sorted(old.keys() | new.keys()):
            before_s, after_s = old.get(state, 0.0), new.get(state, 0.0)
            if abs(before_s - after_s) > 1e-6:
                found.append(
                    StateMoveView(equipment=path, state=state, before_s=before_s, after_s=after_s)
                )
    found.sort(key=lambda move: -abs(move.after_s - move.before_s))
    return found[:LISTED_MAX]


def _unmapped(found: Unmapped) -> UnmappedView:
    share = found.share
    text = (
        "no state code was seen"
        if not found.codes_seen
        else f"{len(found.codes)} of {found.codes_seen} state codes unmapped"
        + (f" = {share:.1%} of the time" if share is not None else "")
    )
    return UnmappedView(
        codes=list(found.codes[:LISTED_MAX]), codes_seen=found.codes_seen,
        unmapped_s=found.unmapped_s, seen_s=found.seen_s, share=share, text=text,
    )  # fmt: skip
