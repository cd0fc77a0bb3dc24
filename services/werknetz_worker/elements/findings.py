"""Findings about counters: quantities that a machine cannot have made. One a signal and bucket."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import bucket_of, instant_of
from werknetz.kpi.counter_steps import Cause, SetAside
from werknetz.kpi.states import BucketRange, ComputedBuckets
from werknetz.store.elements import findings as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.elements.machine import Machine

KIND_OF_CAUSE: Final[dict[Cause, str]] = {
    "jump": "counter_jump",
    "not_finite": "counter_jump",
    "start_value": "counter_start_value",
    "below_zero": "counter_below_zero",
}
KINDS: Final = sorted(set(KIND_OF_CAUSE.values()))
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
    connection: WriteConnection, machine: Machine, computed: ComputedBuckets, span: BucketRange
) -> None:
    """Write the findings of the range, and clear those of it that no longer hold."""
    new_findings = list_findings(machine, computed.set_aside)
    await connection.execute(
        statements.CLEAR_FINDINGS,
        machine.id,
        KINDS,
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
    most = f" (at most {largest.most:,.10g})" if largest.most is not None else ""
    others = f" {len(parts)} samples of this bucket are like it." if len(parts) > 1 else ""
    return CounterFinding(
        key, KIND_OF_CAUSE[largest.cause], largest.at_us, _number(largest.quantity),
        _number(largest.before), _number(largest.after),
        f"{signal} {texts[largest.cause]}{most}: the difference is not counted.{others} {_REMEDY}",
    )  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
