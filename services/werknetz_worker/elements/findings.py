"""Findings about a machine: quantities that it cannot have made, and inputs that are missing.

One a signal and bucket; of a missing input one a machine, of a pace beyond belief one a day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import bucket_of, instant_of
from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import Cause, SetAside
from werknetz.kpi.energy.carriers import ELECTRICITY
from werknetz.kpi.knowledge.doubts import PACE_MAX, Doubt
from werknetz.kpi.series import RUN_TIME_MAX_S
from werknetz.kpi.states import BucketRange, ComputedBuckets
from werknetz.store.elements import findings as statements
from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz.texts.stored import stored_sentence
from werknetz_worker.elements.machine import Machine
from werknetz_worker.elements.signals_in_force import MachineSignal, SignalConflict

KIND_OF_CAUSE: Final[dict[Cause, str]] = {
    "jump": "counter_jump",
    "not_finite": "counter_jump",
    "start_value": "counter_start_value",
    "below_zero": "counter_below_zero",
}
CONFLICT: Final = "signal_conflict"
NO_FACTOR: Final = "energy_factor_missing"
KINDS: Final = sorted({*KIND_OF_CAUSE.values(), CONFLICT, NO_FACTOR, "cycle_too_easy"})
MISSING_INPUTS: Final = ("quantity_not_reported", "run_time_not_known")
_CODE_OF_CAUSE: Final[dict[Cause, str]] = {
    **KIND_OF_CAUSE, "not_finite": "counter_not_finite",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CounterFinding:
    key: str
    kind: str
    at_us: int
    quantity: float | None
    before: float | None
    after: float | None
    detail: Sentence


async def replace_findings(
    connection: WriteConnection,
    machine: Machine,
    computed: ComputedBuckets,
    span: BucketRange,
    conflicts: Sequence[SignalConflict] = (),
    without_factor: Sequence[tuple[int, int]] = (),
) -> None:
    """Write the findings of the range, and clear those of it that no longer hold."""
    new_findings = [
        *list_findings(machine, computed.set_aside),
        *(conflict_finding(machine, conflict) for conflict in conflicts),
        *(doubt_finding(machine, doubt) for doubt in computed.doubts),
        *(factor_finding(machine, *missing) for missing in without_factor),
    ]
    # Without planned time, nothing shows whether an input is still missing.
    is_planned = bool(computed.columns["pbt_s"].any())
    await connection.execute(
        statements.CLEAR_FINDINGS,
        machine.id,
        [*KINDS, *(MISSING_INPUTS if is_planned else ())],
        instant_of(span.start_us),
        instant_of(span.end_us),
        [finding.key for finding in new_findings],
    )
    if new_findings:
        await connection.execute(
            statements.UPSERT_FINDINGS,
            machine.id,
            [finding.key for finding in new_findings],
            [finding.kind for finding in new_findings],
            [instant_of(finding.at_us) for finding in new_findings],
            [finding.quantity for finding in new_findings],
            [finding.before for finding in new_findings],
            [finding.after for finding in new_findings],
            [finding.detail for finding in new_findings],
            [stored_sentence(finding.detail) for finding in new_findings],
        )


def conflict_finding(machine: Machine, conflict: SignalConflict) -> CounterFinding:
    """Return the finding about a signal whose values do not count."""
    signal, chosen = conflict.signal, conflict.in_force
    detail = Sentence(
        "finding_detail.signal_conflict",
        machine=machine.path,
        signal=signal.name,
        connector=signal.connector,
        chosen=chosen.name,
        chosen_connector=chosen.connector,
        slot=_slot_text(signal),
        signal_id=signal.id,
    )
    key = f"{CONFLICT}/{signal.id}"
    return CounterFinding(key, CONFLICT, conflict.at_us, None, None, None, detail)


def _slot_text(signal: MachineSignal) -> Sentence:
    role, carrier = signal.slot
    if carrier:
        return Sentence("finding_detail.slot_of_carrier", role=role.value, carrier=carrier)
    return Sentence("finding_detail.slot_of_role", role=role.value)


def factor_finding(machine: Machine, signal_id: int, at_us: int) -> CounterFinding:
    """Return the finding about a meter whose carrier has no factor that fits its unit."""
    signal = next(signal for signal in machine.signals if signal.id == signal_id)
    carrier = signal.carrier or ELECTRICITY
    unit = (
        Sentence("finding_detail.in_unit", unit=signal.unit)
        if signal.unit
        else Sentence("finding_detail.without_unit")
    )
    detail = Sentence(
        "finding_detail.energy_factor_missing",
        machine=machine.path,
        signal=signal.name,
        carrier=carrier,
        unit=unit,
    )
    key = f"{NO_FACTOR}/{signal_id}"
    return CounterFinding(key, NO_FACTOR, at_us, None, None, None, detail)


def doubt_finding(machine: Machine, doubt: Doubt) -> CounterFinding:
    """Return the finding about an input that is missing, or about a pace beyond belief."""
    detail = _doubt_text(machine, doubt)
    key = "/".join(part for part in (doubt.kind, str(machine.id), doubt.key) if part)
    return CounterFinding(
        key, doubt.kind, doubt.at_us, doubt.planned_s, doubt.production_s, doubt.planned_s, detail
    )


def _doubt_text(machine: Machine, doubt: Doubt) -> Sentence:
    roles = {signal.role for signal in machine.signals}
    if doubt.kind == "quantity_not_reported":
        counters = sorted(role.value for role in roles if role.is_count)
        return Sentence(
            "finding_detail.quantity_not_reported",
            machine=machine.path,
            counters=counters or Sentence("finding_detail.no_counters"),
        )
    if doubt.kind == "run_time_not_known":
        if Role.PLANNED_RUN_TIME in roles:
            return Sentence(
                "finding_detail.run_time_out_of_range", machine=machine.path, most_s=RUN_TIME_MAX_S
            )
        return Sentence("finding_detail.run_time_not_mapped", machine=machine.path)
    return Sentence(
        "finding_detail.cycle_too_easy",
        machine=machine.path,
        planned_s=doubt.planned_s,
        production_s=doubt.production_s,
        pace_max=PACE_MAX,
    )


def list_findings(machine: Machine, set_aside: Sequence[SetAside]) -> list[CounterFinding]:
    """Return a finding for each signal, kind and bucket; it describes the largest quantity."""
    groups: dict[str, list[SetAside]] = {}
    for aside in set_aside:
        # A bucket ends with its last instant, as the increments in it do.
        bucket_us = bucket_of(aside.at_us - 1)
        key = f"{KIND_OF_CAUSE[aside.cause]}/{aside.signal_id}/{bucket_us}"
        groups.setdefault(key, []).append(aside)
    names = {signal.id: signal.name for signal in machine.signals}
    return [
        _finding(key, f"{machine.path}:{names.get(parts[0].signal_id, '')}", parts)
        for key, parts in sorted(groups.items())
    ]


def _finding(key: str, signal: str, parts: Sequence[SetAside]) -> CounterFinding:
    largest = max(parts, key=lambda aside: aside.quantity)
    if largest.is_first:
        return _finding_of_first_value(key, signal, largest)
    return CounterFinding(
        key, KIND_OF_CAUSE[largest.cause], largest.at_us, _number(largest.quantity),
        _number(largest.before), _number(largest.after), _difference_text(signal, largest, parts),
    )  # fmt: skip


def _difference_text(signal: str, largest: SetAside, parts: Sequence[SetAside]) -> Sentence:
    return Sentence(
        f"finding_detail.{_CODE_OF_CAUSE[largest.cause]}",
        signal=signal,
        before=largest.before,
        after=largest.after,
        most=""
        if largest.most is None
        else Sentence("finding_detail.counter_most", most=largest.most),
        others=Sentence("finding_detail.counter_others", count=len(parts))
        if len(parts) > 1
        else "",
        remedy=Sentence("finding_detail.counter_remedy"),
    )


def _finding_of_first_value(key: str, signal: str, first: SetAside) -> CounterFinding:
    detail = Sentence(
        "finding_detail.first_below_zero" if first.after < 0 else "finding_detail.first_not_finite",
        signal=signal,
        value=first.after,
        remedy=Sentence("finding_detail.first_remedy"),
    )
    value = _number(first.after)
    return CounterFinding(key, KIND_OF_CAUSE[first.cause], first.at_us, None, None, value, detail)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
