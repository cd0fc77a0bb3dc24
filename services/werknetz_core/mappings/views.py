"""Views of a dry run: the largest differences first, limited in number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from werknetz.connector.quarantine import kind_of_reason
from werknetz.domain.bucket import instant_of
from werknetz.events.facts import body_of, kind_of
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.mappings.comparison import Comparison, PointDifference, display_value
from werknetz_core.mappings.dry_run import DryRun, optional_instant_of, shift_plan_lookup
from werknetz_core.mappings.impact import MappingResult, UnmappedStates, kpi_changes
from werknetz_core.mappings.replay_normalizer import NormalizedInput
from werknetz_core.mappings.schemas import (
    DiffView,
    EventDiffView,
    ExampleView,
    KpiChangeView,
    PointDiffView,
    PointView,
    PreviewView,
    RefusalView,
    StateTimeChangeView,
    UnmappedView,
    ValueView,
)

LISTED_MAX: Final = 200


def diff_view(dry_run: DryRun, tree: EquipmentTree) -> DiffView:
    comparison = dry_run.comparison
    changed = [(key, point) for key, point in comparison.points.items() if point.has_changed]
    changed.sort(key=lambda pair: (-pair[1].changed, pair[0]))
    end_us = comparison.to_us or 0
    kpis = []
    complete = dry_run.before.is_complete and dry_run.after.is_complete
    if complete and comparison.from_us is not None and comparison.to_us is not None:
        span = (comparison.from_us, comparison.to_us)
        kpis = kpi_changes(dry_run.before, dry_run.after, span, shift_plan_lookup(tree))
    return DiffView(
        mapping=dry_run.mapping.label,
        connectors=list(dry_run.connectors),
        inputs=comparison.inputs,
        inputs_skipped=dry_run.skipped,
        complete=dry_run.next_start is None,
        next_start=dry_run.next_start,
        start=optional_instant_of(comparison.from_us),
        end=optional_instant_of(comparison.to_us),
        points_same=len(comparison.points) - len(changed),
        points=[_point_diff(key, point) for key, point in changed[:LISTED_MAX]],
        events=[
            EventDiffView(
                kind=kind, before=event.before, after=event.after, changed=event.changed,
                examples=[{"before": old, "after": new} for old, new in event.examples],
            )
            for kind, event in sorted(comparison.events.items())
        ],
        refused=_refusal_views(comparison),
        unmapped_before=_unmapped_view(dry_run.before.unmapped_states(end_us)),
        unmapped_after=_unmapped_view(dry_run.after.unmapped_states(end_us)),
        states=_state_changes(dry_run.before, dry_run.after, end_us),
        kpis=[KpiChangeView(**asdict(change)) for change in kpis[:LISTED_MAX]],
        kpis_complete=complete,
    )  # fmt: skip


def preview_view(dry_run: DryRun, results: Sequence[NormalizedInput], examples: int) -> PreviewView:
    points: dict[str, PointView] = {}
    refused: Counter[tuple[str, str]] = Counter()
    events = []
    for result in results:
        for key, samples in result.samples.items():
            point = result.points[key]
            view = points.setdefault(
                key,
                PointView(
                    key=key, equipment=point.equipment, signal=point.signal, role=point.role,
                    unit=point.unit, samples=0, last=[],
                ),
            )  # fmt: skip
            view.samples += len(samples)
            view.last += [
                ValueView(at=instant_of(int(samples.at_us[row])), value=display_value(samples, row))
                for row in range(max(0, len(samples) - examples), len(samples))
            ]
            view.last = view.last[-examples:]
        for entry in result.refused:
            refused[entry.source, kind_of_reason(entry.reason)] += entry.count
        events += result.events
    return PreviewView(
        mapping=dry_run.mapping.label,
        connectors=list(dry_run.connectors),
        inputs=len(results),
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
        unmapped_states=_unmapped_view(
            dry_run.after.unmapped_states(dry_run.comparison.to_us or 0)
        ),
    )  # fmt: skip


def _point_diff(key: str, point: PointDifference) -> PointDiffView:
    definition = point.after or point.before
    change = "changed" if point.before and point.after else "added" if point.after else "removed"
    return PointDiffView(
        key=key,
        change=change,
        role=definition.role if definition else "",
        unit_before=point.before.unit if point.before else None,
        unit_after=point.after.unit if point.after else None,
        samples_before=point.samples_before,
        samples_after=point.samples_after,
        changed=point.changed,
        largest_difference=point.largest_difference,
        examples=[
            ExampleView(at=instant_of(example.at_us), before=example.before, after=example.after)
            for example in point.examples
        ],
    )


def _refusal_views(comparison: Comparison) -> list[RefusalView]:
    before, after = comparison.refused_before, comparison.refused_after
    keys = sorted(
        before.keys() | after.keys(), key=lambda key: (-abs(after[key] - before[key]), key)
    )
    return [
        RefusalView(source=source, reason=reason, before=before[source, reason],
                    after=after[source, reason])
        for source, reason in keys[:LISTED_MAX]
    ]  # fmt: skip


def _state_changes(
    before: MappingResult, after: MappingResult, end_us: int
) -> list[StateTimeChangeView]:
    seconds_before, seconds_after = before.state_seconds(end_us), after.state_seconds(end_us)
    changes = []
    for path in sorted(seconds_before.keys() | seconds_after.keys()):
        old, new = seconds_before.get(path, {}), seconds_after.get(path, {})
        for state in sorted(old.keys() | new.keys()):
            before_s, after_s = old.get(state, 0.0), new.get(state, 0.0)
            if abs(before_s - after_s) > 1e-6:
                changes.append(
                    StateTimeChangeView(
                        equipment=path, state=state, before_s=before_s, after_s=after_s
                    )
                )
    changes.sort(key=lambda change: -abs(change.after_s - change.before_s))
    return changes[:LISTED_MAX]


def _unmapped_view(states: UnmappedStates) -> UnmappedView:
    share = states.share
    text = Sentence("mappings.no_state_codes")
    if states.codes_total:
        time = "" if share is None else Sentence("mappings.unmapped_time", share=share)
        text = Sentence(
            "mappings.unmapped_codes", number=len(states.codes), total=states.codes_total, time=time
        )
    return UnmappedView(
        codes=list(states.codes[:LISTED_MAX]), codes_total=states.codes_total,
        unmapped_s=states.unmapped_s, total_s=states.total_s, share=share, text=write_text(text),
    )  # fmt: skip
