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
_REMEDY: Final = (
    "Correct the counter, or state in its rule what it can do: `max_speed`, `max_increment`,"
    " `reset` or `modulus`."
)


@dataclass(frozen=True, slots=True)
class CounterFinding:
    key: str
    kind: str
    at_us: int
    quantity: float | None
    before: float | None
    after: float | None
    detail: str


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
        )


def conflict_finding(machine: Machine, conflict: SignalConflict) -> CounterFinding:
    """Return the finding about a signal whose values do not count."""
    signal, chosen = conflict.signal, conflict.in_force
    detail = (
        f"{machine.path}:{signal.name} of connector {signal.connector!r} and {chosen.name} of"
        f" connector {chosen.connector!r} both deliver {_slot_text(signal)}. Only"
        f" {chosen.name} counts, because it became valid last. Remove one of the two from its"
        f" mapping, or end it: PATCH /api/v1/signals/{signal.id} with `valid_to`."
    )
    key = f"{CONFLICT}/{signal.id}"
    return CounterFinding(key, CONFLICT, conflict.at_us, None, None, None, detail)


def _slot_text(signal: MachineSignal) -> str:
    role, carrier = signal.slot
    return f"the role {role.value!r}" + (f" of the carrier {carrier!r}" if carrier else "")


def factor_finding(machine: Machine, signal_id: int, at_us: int) -> CounterFinding:
    """Return the finding about a meter whose carrier has no factor that fits its unit."""
    signal = next(signal for signal in machine.signals if signal.id == signal_id)
    carrier = signal.carrier or ELECTRICITY
    unit = f"in {signal.unit}" if signal.unit else "without a unit"
    detail = (
        f"{machine.path}:{signal.name} counts {carrier} {unit}, and no factor of {carrier} holds"
        f" that is for such a unit: the energy of {machine.path} is not known. State the factor:"
        f" PUT /api/v1/energy_carriers/{carrier}, or werknetz energy set; or correct `unit` and"
        " `carrier` of the rule."
    )
    key = f"{NO_FACTOR}/{signal_id}"
    return CounterFinding(key, NO_FACTOR, at_us, None, None, None, detail)


def doubt_finding(machine: Machine, doubt: Doubt) -> CounterFinding:
    """Return the finding about an input that is missing, or about a pace beyond belief."""
    roles = {signal.role for signal in machine.signals}
    detail = f"{machine.path} "
    if doubt.kind == "quantity_not_reported":
        counters = ", ".join(sorted(role.value for role in roles if role.is_count)) or "none"
        detail += (
            f"has planned time, but nobody reports good items (counters: {counters}). It is left"
            " out of OEE. Map a `good_count`, or `total_count` and `scrap_count`."
        )
    elif doubt.kind == "run_time_not_known":
        detail += (
            "has planned time, but no planned run time per item. It is left out of OEE and"
            " effectiveness. "
        ) + (
            f"Let its `planned_run_time` send more than 0 and at most {RUN_TIME_MAX_S:,.0f} s."
            if Role.PLANNED_RUN_TIME in roles
            else "Map a `planned_run_time`, or let the MES deliver it with the order."
        )
    else:
        detail += (
            f"counted items of {doubt.planned_s:,.0f} s planned run time in"
            f" {doubt.production_s:,.0f} s of production: more than {PACE_MAX:.0%}. The ideal cycle"
            " is too easy, or a counter or the state is wrong."
        )
    key = "/".join(part for part in (doubt.kind, str(machine.id), doubt.key) if part)
    return CounterFinding(
        key, doubt.kind, doubt.at_us, doubt.planned_s, doubt.production_s, doubt.planned_s, detail
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
    texts = {
        "jump": f"rose from {largest.before:,.10g} to {largest.after:,.10g}, which the machine"
        " cannot have made",
        "not_finite": f"went from {largest.before:,.10g} to {largest.after:,.10g}, which is no"
        " count",
        "start_value": f"fell from {largest.before:,.10g} to {largest.after:,.10g}, and the machine"
        " cannot have made the new value since",
        "below_zero": f"fell from {largest.before:,.10g} to {largest.after:,.10g}, below zero",
    }
    if largest.is_first:
        return _finding_of_first_value(key, signal, largest)
    most = f" (at most {largest.most:,.10g})" if largest.most is not None else ""
    others = f" {len(parts)} samples of this bucket are like it." if len(parts) > 1 else ""
    return CounterFinding(
        key, KIND_OF_CAUSE[largest.cause], largest.at_us, _number(largest.quantity),
        _number(largest.before), _number(largest.after),
        f"{signal} {texts[largest.cause]}{most}: the difference is not counted.{others} {_REMEDY}",
    )  # fmt: skip


def _finding_of_first_value(key: str, signal: str, first: SetAside) -> CounterFinding:
    problem = "is below zero" if first.after < 0 else "is no count"
    detail = (
        f"{signal} starts with {first.after:,.10g}, which {problem}: what it counts from there on"
        " counts. Correct the counter, or how its value is read: the datatype (signed, byte order)"
        " or the address."
    )
    value = _number(first.after)
    return CounterFinding(key, KIND_OF_CAUSE[first.cause], first.at_us, None, None, value, detail)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
