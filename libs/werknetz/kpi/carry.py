"""What one bucket passes to the next: the last value of each signal, stored as JSON.

If it changes, the next bucket must be recomputed.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from werknetz.domain.state import MachineState
from werknetz.kpi.counter_steps import CounterStart, ValueBefore
from werknetz.kpi.timeline.start_up import NO_START_UP, StartUpCarry

ReportedByOthers = tuple[int, str | None, float]
"""State, its code and planned run time per item, where they are not the machine's own."""


@dataclass(frozen=True, slots=True)
class Carry:
    state: int = int(MachineState.UNKNOWN)
    code: str | None = None
    order: str = ""
    run_time_s: float | None = None  # 0: none is in force, but there was one; None: never one
    counts: dict[str, CounterStart] = field(default_factory=dict)  # by signal id
    fault: tuple[int, bool] | None = None  # its start, and whether it counts as a failure
    unknown_until_us: int | None = (
        None  # end of a gap that spans the bucket end; `state` is as sampled
    )
    by_others: ReportedByOthers | None = None  # a report that goes on in the next bucket
    start_up: StartUpCarry = NO_START_UP

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        fault, others = document.get("fault"), document.get("by_others")
        return cls(
            state=document.get("state", 0),
            code=document.get("code"),
            order=document.get("order", ""),
            run_time_s=None if (run_time_s := document.get("pri")) is None else float(run_time_s),
            counts=_counters_of(document),
            fault=(int(fault[0]), bool(fault[1])) if fault else None,
            unknown_until_us=document.get("unknown_until"),
            by_others=(int(others[0]), others[1], float(others[2])) if others else None,
            start_up=StartUpCarry.from_document(document.get("start_up", {})),
        )

    def to_document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "state": self.state,
            "counts": {key: start.value for key, start in self.counts.items()},
        }
        times = {k: start.at_us for k, start in self.counts.items() if start.at_us is not None}
        since = {
            k: [start.apt_us, start.unknown_us]
            for k, start in self.counts.items()
            if start.apt_us or start.unknown_us
        }
        doubts = {k: start.before for k, start in self.counts.items() if start.before is not None}
        if times:
            document["count_at"] = times
        if since:
            document["count_state_us"] = since
        if doubts:
            document["count_before"] = {
                key: [before.value, before.at_us, before.counted] for key, before in doubts.items()
            }
        others = {
            "code": self.code,
            "order": self.order or None,
            "pri": self.run_time_s,
            "fault": None if self.fault is None else list(self.fault),
            "unknown_until": self.unknown_until_us,
            "by_others": None if self.by_others is None else list(self.by_others),
            "start_up": self.start_up.to_document() or None,
        }
        document.update((name, value) for name, value in others.items() if value is not None)
        return document


def _value_before(value: float, at_us: int | None, counted: float) -> ValueBefore:
    """Build from JSON, in which PostgreSQL writes a large float as an integer."""
    return ValueBefore(float(value), at_us, float(counted))


def _counters_of(document: dict[str, Any]) -> dict[str, CounterStart]:
    times, doubts = document.get("count_at", {}), document.get("count_before", {})
    since = document.get("count_state_us", {})
    return {
        key: CounterStart(
            float(value),
            times.get(key),
            _value_before(*doubts[key]) if key in doubts else None,
            *(int(us) for us in since.get(key, ())),
        )
        for key, value in document.get("counts", {}).items()
    }
