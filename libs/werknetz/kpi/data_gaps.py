"""When the state of a machine is unknown: data gaps in, spans of unknown time out. Pure.

A state is valid until the next sample of it, unless a sample may be missing in between.

* Lost values (`sequence_jump`, `session_not_present`, `source_silent`, a spool that was replaced,
  rolled back, forked or is unrecoverable, and every unlisted cause): unknown from the start of the
  gap to the first state sample at or after its end.
* Resubscription (`connection_lost`, `subscription_recreated`, `configuration_changed`): the source
  sends the present value with its source timestamp. Unknown up to the first state sample after the
  start. If the last sample before the start is re-sent with its old timestamp, nothing changed and
  nothing is unknown. This shows as one more row per resubscription, or as a confirmation time of
  the server. An OPC UA connector does not store such a row: there, no new sample within
  `RESUBSCRIBE_US` after the end means the same, since a subscription sends every value at once.
  A connector that subscribes for the first time has lost nothing.
* `queue_overflow`: for the signals that the gap lists. If it lists none, the overflow bit in the
  status of the state's own sample marks it; other signals do not matter.
* `spool_full` and `decode_error` lose no state: input waits, or is complete in quarantine. If the
  source drops values meanwhile, it reports that itself, and the heartbeat shows the outage.
* A heartbeat gap: unknown while it lasts; afterwards the former state is valid again, because a
  connector that lost its position would have reported a gap. A connector that ended for good masks
  nothing if another connector reads the same state.
* Backfill cancels a gap: samples with source timestamps inside it prove that the source buffered
  its values and delivered them late. A heartbeat gap needs one sample of any signal of the
  connector; a gap without a subscription needs two of one signal, since a single one may be the
  present value. Losses counted by the source or the spool (jump, overflow, spool) are never
  cancelled.
* An open gap lasts until now; a backfilled gap counts as none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import TIME_MAX_US
from werknetz.domain.state import MachineState
from werknetz.kpi.series import Ids, Instants, Steps

Span = tuple[int, int]
OPEN_US: Final = TIME_MAX_US
"""The end of a span that is still open."""

HEARTBEAT_US: Final = 5_000_000
HEARTBEAT_GAP_US: Final = 4 * HEARTBEAT_US
"""More than three periods of a heartbeat, and one for an edge that was late."""

GAP_END_TOLERANCE_US: Final = 2_000_000
"""A gap ends when a sample arrives at the edge: that sample was taken shortly before."""

RESUBSCRIBE_US: Final = 10_000_000
"""The longest time until a new subscription has sent its values, including clock differences."""

HEARTBEAT: Final = "heartbeat"
_NO_LOSS: Final = frozenset({"spool_full", "decode_error"})
_RESUBSCRIBING: Final = frozenset(
    {"connection_lost", "subscription_recreated", "configuration_changed"}
)
_ABSENCES: Final = frozenset({*_RESUBSCRIBING, "session_not_present", "source_silent"})


class GapKind(Enum):
    LOST = "lost"
    RESUBSCRIBED = "resubscribed"
    NO_HEARTBEAT = "no heartbeat"


@dataclass(frozen=True, slots=True)
class DataGap:
    """A span in which samples of the state may be missing."""

    start_us: int
    end_us: int | None  # None: it goes on
    kind: GapKind
    is_backfilled: bool = False  # the source delivered the values later
    omits_repeats: bool = False  # the connector does not store repeated values


def gap_kind_of(cause: str, *, is_listed: bool) -> GapKind | None:
    """Return how a gap affects the states of its signals; None: not at all.

    `is_listed`: the gap names the state's signal instead of applying to all signals.
    """
    if cause == HEARTBEAT:
        return GapKind.NO_HEARTBEAT
    if cause in _NO_LOSS and not is_listed:
        return None
    return GapKind.RESUBSCRIBED if cause in _RESUBSCRIBING else GapKind.LOST


def backfill_window(cause: str, gap: DataGap) -> Span | None:
    """Return the span in which samples cancel the gap; None: nothing can.

    Samples received right before the gap and the present value right after it do not count.
    An MQTT edge stores every 30 s until when it was connected.
    """
    if cause == HEARTBEAT:
        return gap.start_us + HEARTBEAT_US + 1_000_000, (gap.end_us or OPEN_US) - 1_000_000
    if cause not in _ABSENCES or gap.end_us is None:
        return None
    margin_us = 1_000_000 if gap.kind is GapKind.RESUBSCRIBED else 35_000_000
    return gap.start_us + margin_us, gap.end_us - RESUBSCRIBE_US


@dataclass(frozen=True, slots=True)
class StateSampleTimes:
    """Instants of state samples, ascending.

    `row_counts`: rows per sample; two or more: it was re-sent. `confirmed_until`: the last time
    at which the server confirmed the value.

    Of each gap, the last sample at or before its start, the first after it, and the first at or
    after its end suffice.
    """

    at: Instants
    row_counts: NDArray[np.int64]
    confirmed_until: Instants

    @classmethod
    def of(
        cls, row_counts: dict[int, int], confirmed_until: dict[int, int] | None = None
    ) -> "StateSampleTimes":
        at, until = sorted(row_counts), confirmed_until or {}
        return cls(
            np.array(at, np.int64),
            np.array([row_counts[n] for n in at], np.int64),
            np.array([max(n, until.get(n, n)) for n in at], np.int64),
        )

    def is_confirmed_after(self, index: int, gap: "DataGap", resubscriptions: int) -> bool:
        """Return whether a sample was confirmed or re-sent after the n-th resubscription."""
        if index < 0 or gap.end_us is None:
            return False
        confirmed_until = int(self.confirmed_until[index])
        # A new value is confirmed at about its own time, which proves nothing about the gap.
        is_late = confirmed_until - int(self.at[index]) > RESUBSCRIBE_US
        is_confirmed = is_late and confirmed_until > max(gap.start_us, gap.end_us - RESUBSCRIBE_US)
        return bool(is_confirmed or self.row_counts[index] > resubscriptions)


def unknown_spans(gaps: Iterable[DataGap], sample_times: StateSampleTimes) -> tuple[Span, ...]:
    """Return the spans in which the state is unknown, ascending and without overlaps."""
    ordered = sorted(gaps, key=lambda gap: (gap.start_us, gap.end_us or OPEN_US))
    resubscriptions: dict[int, int] = {}  # by the last sample before
    spans = []
    for gap in ordered:
        last = int(np.searchsorted(sample_times.at, gap.start_us, side="right")) - 1
        if gap.kind is GapKind.RESUBSCRIBED and gap.end_us is not None:
            resubscriptions[last] = resubscriptions.get(last, 0) + 1
            if sample_times.is_confirmed_after(
                last, gap, resubscriptions[last]
            ) or no_change_reported(gap, sample_times, last):
                continue
        end_us = _known_again_us(gap, sample_times, last)
        if not gap.is_backfilled and gap.start_us < end_us:
            spans.append((gap.start_us, end_us))
    return _merge(spans)


def mask_unknown(states: Steps, spans: Sequence[Span]) -> Steps:
    """Return the states with UNKNOWN in the spans; after each, the reported state is valid."""
    if not spans:
        return states
    start, end = (np.array(column, np.int64) for column in zip(*spans, strict=True))
    inside = np.searchsorted(start, states.at, side="right") - 1
    is_reported = (inside < 0) | (states.at >= end[np.maximum(inside, 0)])
    ends = end[end < OPEN_US]
    step_at_end = states.index(ends)
    at = np.concatenate((states.at[is_reported], start, ends))
    value = np.concatenate(
        (
            states.value[is_reported],
            np.full(len(start), int(MachineState.UNKNOWN)),
            states.value[step_at_end],
        )
    )
    name: Ids = np.concatenate(
        (states.name[is_reported], np.zeros(len(start), np.int64), states.name[step_at_end])
    )
    order = np.argsort(at, kind="stable")
    return Steps(at[order], value[order], name[order]).without_repeats()


def unknown_until(spans: Sequence[Span], at_us: int) -> int | None:
    """Return the end of the span that reaches over the instant; None: the state is known."""
    return next((end for start, end in spans if start < at_us < end), None)


def heartbeat_gaps(beats: Instants, longest_us: int = HEARTBEAT_GAP_US) -> list[Span]:
    """Return the spans without a heartbeat, each from the last one to the next."""
    missing = np.flatnonzero(np.diff(beats) > longest_us)
    return [(int(beats[n]), int(beats[n + 1])) for n in missing]


def no_change_reported(gap: DataGap, sample_times: StateSampleTimes, last: int) -> bool:
    """Return whether the value after a resubscription equals the last one and was not stored."""
    if not gap.omits_repeats or gap.end_us is None or last < 0:
        return False
    new_us = int(sample_times.at[last + 1]) if last + 1 < len(sample_times.at) else OPEN_US
    return new_us > gap.end_us + RESUBSCRIBE_US


def _known_again_us(gap: DataGap, sample_times: StateSampleTimes, last: int) -> int:
    """Return when the state is known again."""
    if gap.end_us is None:
        return OPEN_US
    if gap.kind is GapKind.NO_HEARTBEAT:
        return gap.end_us
    first = last + 1
    if gap.kind is GapKind.LOST:
        first_after_end = int(
            np.searchsorted(sample_times.at, gap.end_us - GAP_END_TOLERANCE_US, side="left")
        )
        first = max(first, first_after_end)
    return int(sample_times.at[first]) if first < len(sample_times.at) else OPEN_US


def _merge(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
