"""What one bucket hands to the next: the last word of each signal, as JSON.

It changes only when the next bucket must be computed anew.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from werknetz.domain.state import MachineState


@dataclass(frozen=True, slots=True)
class Carry:
    state: int = int(MachineState.UNKNOWN)
    code: str | None = None
    order: str = ""
    run_time_s: float | None = None
    counts: dict[str, float] = field(default_factory=dict)  # by signal id
    fault: tuple[int, bool] | None = None  # since when, and whether it began as a failure may
    unknown_until_us: int | None = None  # a loss reaches over the end; `state` is what was told

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        fault = document.get("fault")
        return cls(
            state=document.get("state", 0),
            code=document.get("code"),
            order=document.get("order", ""),
            run_time_s=document.get("pri"),
            counts=dict(document.get("counts", {})),
            fault=(int(fault[0]), bool(fault[1])) if fault else None,
            unknown_until_us=document.get("unknown_until"),
        )

    def to_document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"state": self.state, "counts": self.counts}
        if self.code is not None:
            found["code"] = self.code
        if self.order:
            found["order"] = self.order
        if self.run_time_s:
            found["pri"] = self.run_time_s
        if self.fault is not None:
            found["fault"] = list(self.fault)
        if self.unknown_until_us is not None:
            found["unknown_until"] = self.unknown_until_us
        return found
