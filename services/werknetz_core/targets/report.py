"""The state of a target as a document: now, path, forecast, contributions, scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from werknetz.domain.bucket import bucket_of
from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.targets.contribution import Contribution, contributions_of
from werknetz.kpi.targets.path import TargetPath
from werknetz.kpi.targets.scenario import TimeSums, good_time_if
from werknetz.kpi.targets.standards import Standards
from werknetz.kpi.targets.status import TargetStatus, status_of
from werknetz.kpi.targets.wording import headline_of, sentences_of
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan, format_local
from werknetz_core.losses.ranking.ledger import ancestor_path
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.measure import ScopeSums, measure_scope
from werknetz_core.targets.series import PeriodValue, load_values, periods_of
from werknetz_core.targets.standards import load_standards, valuation_document

Document = dict[str, Any]
_DAY_US: Final = 86_400_000_000
JUST_ENDED: Final = Sentence("target.baseline_just_ended")


@dataclass(frozen=True, slots=True)
class StoredTarget:
    """A row of the table `targets`. `standards`: of one that is not yet stored; None: load them."""

    id: int
    key: str
    name: str
    definition: TargetDefinition
    baseline: ScopeSums
    frozen_at: datetime
    created_by: str
    changed_at: datetime
    standards_frozen_at: datetime | None
    standards: Standards | None = None


@dataclass(frozen=True, slots=True)
class MeasuredTarget:
    target: StoredTarget
    standards: Standards
    now_span: UtcSpan
    now: PeriodValue | None  # None: there is no time after the baseline
    series: list[PeriodValue]
    status: TargetStatus

    @property
    def change(self) -> float | None:
        return self.status.change

    @property
    def base(self) -> float:
        return base_of(self.target)

    @property
    def headline(self) -> str:
        """Return the headline in the language of the request."""
        return write_text(headline_of(self.target.definition.path, self.status))


def base_of(target: StoredTarget) -> float:
    """Return the productivity of the baseline; no target is stored without it."""
    base = target.baseline.productivity
    if not base:
        raise ValueError(f"the target {target.key} has a baseline without a value")
    return base


async def measure_target(
    connection: ReadConnection,
    tree: EquipmentTree,
    target: StoredTarget,
    now_us: int,
    reach_by: date | None = None,
) -> MeasuredTarget:
    """Measure a target now, in past periods and, if it is past, at its due date.

    The connection must see one state of the database.
    """
    definition, base = target.definition, base_of(target)
    standards = target.standards
    if standards is None:
        standards = await load_standards(connection, target.id)

    async def load(spans: list[UtcSpan]) -> list[PeriodValue]:
        return await load_values(connection, tree, definition, spans, now_us, standards)

    now_span = _span_before(definition, bucket_of(now_us))
    now = next(iter(await load(_if_any(now_span))), None)
    due = next(iter(await load(_if_any(_span_at_due(definition, now_us)))), None)
    series = await load(periods_of(definition, now_us))
    points = [value.to_point(definition, base) for value in series]
    status = status_of(
        definition.path,
        local_day(now_us, definition.zone),
        None if now is None else now.change_from(base),
        [point for point in points if point is not None],
        change_at_due=None if due is None else due.change_from(base),
        reach_by=reach_by,
    )
    return MeasuredTarget(target, standards, now_span, now, series, status)


def _if_any(span: UtcSpan) -> list[UtcSpan]:
    return [span] if span.end_us > span.start_us else []


def _span_before(definition: TargetDefinition, end_us: int) -> UtcSpan:
    """Return the period that counts as now, or at the due date; never a part of the baseline."""
    start_us = max(end_us - definition.now_days * _DAY_US, definition.baseline.end_us)
    return UtcSpan(min(start_us, end_us), end_us)


def _span_at_due(definition: TargetDefinition, now_us: int) -> UtcSpan:
    """Return the period at the end of the due date; an empty one if that is ahead."""
    after_due_on = definition.path.due_on + timedelta(days=1)
    due_us = bucket_of(local_us(after_due_on, 0, definition.zone))
    return UtcSpan(now_us, now_us) if due_us > now_us else _span_before(definition, due_us)


def target_document(measured: MeasuredTarget) -> Document:
    """Return a TargetView as a document."""
    target, status = measured.target, measured.status
    definition, path = target.definition, target.definition.path
    zone = definition.zone
    now = measured.now
    return {
        "key": target.key,
        "name": target.name,
        "under": list(definition.under),
        "goal": path.goal,
        "due_on": path.due_on,
        "path": path.kind.value,
        "steps": [{"due_on": step.due_on, "change": step.change} for step in path.steps],
        "output": definition.output,
        "input": definition.input,
        "mix_adjusted": definition.output == "earned_standard_minutes",
        "now_days": definition.now_days,
        "baseline": _baseline(measured),
        "now_start": format_local(measured.now_span.start_us, zone),
        "now_end": format_local(measured.now_span.end_us, zone),
        "productivity": None if now is None else now.productivity,
        "reason": _write(JUST_ENDED if now is None else now.problem),
        "judged_share": None if now is None else now.judged_share,
        **_status(path, status),
        "created_by": target.created_by,
        "changed_at": target.changed_at,
    }


def _status(path: TargetPath, status: TargetStatus) -> Document:
    forecast = status.forecast
    names = (
        "change", "path_change", "gap_points", "path_gap_points", "change_at_due", "first_met_on",
        "reach_by", "needed_per_month",
    )  # fmt: skip
    return {
        "state": status.state.value,
        **{name: getattr(status, name) for name in names},
        "forecast": None
        if forecast is None
        else {
            "method": forecast.method, "on": forecast.on, "change": forecast.change,
            "low": forecast.low, "high": forecast.high, "reached_on": forecast.reached_on,
            "points": forecast.points,
        },
        "forecast_reason": _write(status.forecast_reason),
        "headline": write_text(headline_of(path, status)),
        "text": [write_text(text) for text in sentences_of(path, status)],
    }  # fmt: skip


def _write(text: str | None) -> str | None:
    return None if text is None else write_text(text)


def _baseline(measured: MeasuredTarget) -> Document:
    target = measured.target
    definition, sums = target.definition, target.baseline
    return {
        "start": format_local(definition.baseline.start_us, definition.zone),
        "end": format_local(definition.baseline.end_us, definition.zone),
        "productivity": sums.productivity,
        "unit": definition.unit,
        "output": sums.output,
        "input": sums.unit_input,
        "judged_share": sums.judged_share,
        "machines": sums.machines,
        "frozen_at": target.frozen_at,
        "standards": len(measured.standards),
        "standards_frozen_at": target.standards_frozen_at,
    }


async def detail_document(
    connection: ReadConnection,
    tree: EquipmentTree,
    measured: MeasuredTarget,
    factors: Mapping[str, float],
) -> Document:
    """Return a TargetDetailView as a document; the connection is that of `measure_target`."""
    definition = measured.target.definition
    problem, now = _no_losses_because(measured), None
    if problem is None:
        end_us = measured.now_span.end_us
        now = await measure_scope(
            connection, tree, definition, measured.now_span, end_us, measured.standards
        )
    contributions: Sequence[Contribution] = ()
    valuation: Document | None = None
    if now is not None and now.valued is not None:
        valuation = valuation_document(tree, now.valued)
    if now is not None:
        baseline = measured.target.baseline.with_present_paths(tree)
        contributions = contributions_of(baseline.sums, now.sums, definition.path.goal)
    return {
        **target_document(measured),
        "series": points_document(measured),
        "contributions": [_contribution(c) for c in contributions],
        "contributions_reason": _write(problem),
        "valuation": valuation,
        "scenario": _scenario(measured, now, problem, factors) if factors else None,
    }


def _no_losses_because(measured: MeasuredTarget) -> str | None:
    """Return why the gap cannot be divided into losses; None: it can."""
    if measured.target.definition.output != "earned_standard_minutes":
        return Sentence("target.parts_are_no_time")
    if measured.now is None:
        return JUST_ENDED
    return measured.now.problem


def points_document(measured: MeasuredTarget) -> list[Document]:
    """Return the past periods as TargetPointViews."""
    return [_point(value, measured) for value in measured.series]


def _point(value: PeriodValue, measured: MeasuredTarget) -> Document:
    definition = measured.target.definition
    end_on = local_day(value.span.end_us, definition.zone)
    return {
        "start": format_local(value.span.start_us, definition.zone),
        "end": format_local(value.span.end_us, definition.zone),
        "change": value.change_from(measured.base),
        "path_change": definition.path.change_due(end_on),
    }


def _contribution(contribution: Contribution) -> Document:
    key = contribution.key
    names = (
        "baseline_share", "share", "budget_share", "gap_points", "change_points",
        "potential_points",
    )  # fmt: skip
    return {
        "plant": ancestor_path(key.line, "plant") if key.line else None,
        "line": key.line or None,
        "loss": key.loss,
        "detail": key.detail or None,
        **{name: getattr(contribution, name) for name in names},
    }


def _scenario(
    measured: MeasuredTarget,
    now: ScopeSums | None,
    problem: str | None,
    factors: Mapping[str, float],
) -> Document:
    """Return what the change would be if the losses were multiplied by their factors."""
    document: Document = {
        "factors": dict(factors), "change": None, "gained_points": None, "gap_points": None,
        "reason": _write(problem),
    }  # fmt: skip
    change = measured.change
    if now is None or change is None:
        return document
    lost: dict[str, float] = {}
    for key, seconds in now.sums.lost_s.items():
        lost[key.loss] = lost.get(key.loss, 0.0) + seconds
    lost.pop("other", None)
    good_s = good_time_if(TimeSums(lost, now.sums.good_s), factors)
    if good_s is None or now.sums.good_s <= 0:
        return document | {"reason": write_text(Sentence("target.no_speed"))}
    changed = (1 + change) * good_s / now.sums.good_s - 1
    return document | {
        "change": changed,
        "gained_points": (changed - change) * 100,
        "gap_points": (measured.target.definition.path.goal - changed) * 100,
    }
