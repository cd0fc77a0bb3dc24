"""The definition of a target: parsed from a body, stored as a document, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from werknetz.domain.shift import local_day
from werknetz.kpi.targets.path import PathKind, PathStep, TargetError, TargetPath
from werknetz.texts.sentence import sentence_of
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.http.problem import Problem
from werknetz_core.targets.schemas import InputKind, NewTarget, Output

UNITS: Final[Mapping[str, str]] = {
    "machine_hours": "h of machines", "attended_hours": "h of attendance", "cost": "of cost",
}  # fmt: skip
OUTPUT_UNITS: Final[Mapping[str, str]] = {
    "earned_standard_minutes": "earned min", "good_parts": "good parts",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TargetDefinition:
    """A target without its baseline's values. `zone`: of its days."""

    under: tuple[str, ...]
    output: Output
    input: InputKind
    baseline: UtcSpan
    path: TargetPath
    now_days: int
    zone: ZoneInfo

    @classmethod
    def of(cls, body: NewTarget, baseline: UtcSpan, zone: ZoneInfo) -> Self:
        """Raise 422 for a path that cannot be."""
        steps = tuple(PathStep(step.due_on, step.change) for step in body.steps)
        start_on = local_day(baseline.end_us, zone)
        try:
            path = TargetPath(body.path, start_on, body.due_on, body.goal, steps)
        except TargetError as error:
            errors = [
                {"pointer": f"/body/{error.field}", "code": "invalid", "detail": sentence_of(error)}
            ]
            raise Problem(
                422, "invalid_target", sentence_of(error), error.hint, errors=errors
            ) from error
        under = tuple(dict.fromkeys(body.under))
        return cls(under, body.output, body.input, baseline, path, body.now_days, zone)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Parse a stored document."""
        steps = tuple(
            PathStep(date.fromisoformat(step["due_on"]), step["change"])
            for step in document["steps"]
        )
        start_us, end_us = document["baseline_us"]
        zone = ZoneInfo(document["zone"])
        return cls(
            tuple(document["under"]), document["output"], document["input"],
            UtcSpan(start_us, end_us),
            TargetPath(
                PathKind(document["path"]), local_day(end_us, zone),
                date.fromisoformat(document["due_on"]), document["goal"], steps,
            ),
            document["now_days"], zone,
        )  # fmt: skip

    def to_document(self) -> dict[str, Any]:
        return {
            "under": list(self.under),
            "output": self.output,
            "input": self.input,
            "baseline_us": [self.baseline.start_us, self.baseline.end_us],
            "path": self.path.kind.value,
            "steps": [
                {"due_on": step.due_on.isoformat(), "change": step.change}
                for step in self.path.steps
            ],
            "goal": self.path.goal,
            "due_on": self.path.due_on.isoformat(),
            "now_days": self.now_days,
            "zone": self.zone.key,
        }

    def has_same_baseline(self, other: "TargetDefinition") -> bool:
        """Return whether the frozen values of the other definition are still right."""
        mine, theirs = ((d.under, d.output, d.input, d.baseline, d.zone.key) for d in (self, other))
        return mine == theirs

    @property
    def unit(self) -> str:
        return f"{OUTPUT_UNITS[self.output]} / {UNITS[self.input]}"
