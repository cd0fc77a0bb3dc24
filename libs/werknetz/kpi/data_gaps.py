"""When nobody knows what a machine did: losses in, spans of unknown time out, states veiled. Pure.

The rule. A state holds until the next sample of it, as long as no sample can be missing between.

* Lost values (`sequence_jump`, `session_not_present`, `source_silent`, a spool that was replaced,
  rolled back, forked or cannot be recovered, and every cause that is not named here): unknown from
  the start of the gap to the first state sample at or after its end.
* Followed anew (`connection_lost`, `subscription_recreated`, `configuration_changed`): the source
  then tells what holds now, with the time since when. Unknown up to the first state sample after
  the start. The last one before the start told again, with its old time, proves that nothing
  changed: nothing is unknown. That it was is told by one row more for each time, or by the
  instant at which the server vouched for it. An OPC UA connector leaves such a row out: there, no
  new word within `ANEW_US` after the end says the same, since every variable that is followed
  tells its value at once. A connector that follows for the first time has lost nothing.
* `queue_overflow`: of the signals that the gap lists. A gap that lists none is known by the
  overflow bit in the status of the state's own sample; other signals' values do not matter.
* `spool_full` and `decode_error` lose no state: input waits, or lies whole in quarantine. What the
  source drops meanwhile it says itself, and the heartbeat shows how long nobody listened.
* A hole in the heartbeat: unknown while it lasts; then what held before holds again, because a
  connector that had lost its place would have said so with a gap. One that went for good hides
  nothing where another connector follows the same state.
* A story takes a loss back: samples whose own times lie inside show that the source had kept what
  happened and gave it later. A hole needs one of any signal of the connector; a gap in which
  nothing was listened to needs two of one signal, since a single one may be the present value.
  Losses that the source or the spool counted (jump, overflow, spool) no story takes back.
* A gap or hole that goes on lasts until now; a backfilled gap is none.
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
"""The end of a span that has none yet."""

HEARTBEAT_US: Final = 5_000_000
HEARTBEAT_GAP_US: Final = 4 * HEARTBEAT_US
"""More than three periods of a heartbeat, and one for an edge that was late."""

GAP_END_TOLERANCE_US: Final = 2_000_000
"""A gap ends when the edge hears again: the sample that it hears was taken right before."""

RESUBSCRIBE_US: Final = 10_000_000
"""How long a source that is followed anew takes to tell what holds, and its clock may differ."""

HEARTBEAT: Final = "heartbeat"
_NO_LOSS: Final = frozenset({"spool_full", "decode_error"})
_RESUBSCRIBING: Final = frozenset(
    {"connection_lost", "subscription_recreated", "configuration_changed"}
)
_ABSENCES: Final = frozenset({*_RESUBSCRIBING, "session_not_present", "source_silent"})


class GapKind(Enum):
    LOST = "lost"
    RESUBSCRIBED = "followed anew"
    NO_HEARTBEAT = "no heartbeat"


@dataclass(frozen=True, slots=True)
class DataGap:
    """A span in which samples of the state may be missing."""

    start_us: int
    end_us: int | None  # None: it goes on
    kind: GapKind
    is_backfilled: bool = False  # the source told later what had happened, or it was backfilled
    omits_repeats: bool = False  # the connector keeps no row again that equals the last one


def gap_kind_of(cause: str, *, is_listed: bool) -> GapKind | None:
    """Return what a gap does to the states of its signals; None: nothing.

    `listed`: the gap names the state's signal, it does not only speak of all.
    """
    if cause == HEARTBEAT:
        return GapKind.NO_HEARTBEAT
    if cause in _NO_LOSS and not is_listed:
        return None
    return GapKind.RESUBSCRIBED if cause in _RESUBSCRIBING else GapKind.LOST


def backfill_window(cause: str, loss: DataGap) -> Span | None:
    """Return where samples take the loss back; None: none can.

    What was heard right before the loss, or is the present value right after it, does not count.
    An MQTT edge remembers every 30 s until when it has listened.
    """
    if cause == HEARTBEAT:
        return loss.start_us + HEARTBEAT_US + 1_000_000, (loss.end_us or OPEN_US) - 1_000_000
    if cause not in _ABSENCES or loss.end_us is None:
        return None
    heard_us = 1_000_000 if loss.kind is GapKind.RESUBSCRIBED else 35_000_000
    return loss.start_us + heard_us, loss.end_us - RESUBSCRIBE_US


@dataclass(frozen=True, slots=True)
class StateSampleTimes:
    """Instants of state samples, ascending.

    `told`: how many rows each has; two or more: it was told again. `vouched`: until when the
    server has said that it still holds.

    Enough are the last at or before the start of each loss, the first after it, and the first
    at or after its end.
    """

    at: Instants
    told: NDArray[np.int64]
    vouched: Instants

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

    def still_holds(self, number: int, loss: "DataGap", times: int) -> bool:
        """Whether a word was told again after the loss, the n-th time that it had to be."""
        if number < 0 or loss.end_us is None:
            return False
        vouched = int(self.vouched[number])
        # A word that was told when it was new is vouched for at about its own time.
        late = vouched - int(self.at[number]) > RESUBSCRIBE_US
        again = late and vouched > max(loss.start_us, loss.end_us - RESUBSCRIBE_US)
        return bool(again or self.told[number] > times)


def unknown_spans(losses: Iterable[DataGap], words: StateSampleTimes) -> tuple[Span, ...]:
    """Return the spans in which the state is unknown, ascending and apart."""
    ascending = sorted(losses, key=lambda loss: (loss.start_us, loss.end_us or OPEN_US))
    anew: dict[int, int] = {}  # by the last word before: how often the source was followed anew
    found = []
    for loss in ascending:
        last = int(np.searchsorted(words.at, loss.start_us, side="right")) - 1
        if loss.kind is GapKind.RESUBSCRIBED and loss.end_us is not None:
            anew[last] = anew.get(last, 0) + 1
            if words.still_holds(last, loss, anew[last]) or no_change_reported(loss, words, last):
                continue
        end_us = _known_again_us(loss, words, last)
        if not loss.is_backfilled and loss.start_us < end_us:
            found.append((loss.start_us, end_us))
    return _merge(found)


def mask_unknown(states: Steps, spans: Sequence[Span]) -> Steps:
    """Return the states with UNKNOWN in the spans; after each, what was told holds again."""
    if not spans:
        return states
    start, end = (np.array(column, np.int64) for column in zip(*spans, strict=True))
    inside = np.searchsorted(start, states.at, side="right") - 1
    told = (inside < 0) | (states.at >= end[np.maximum(inside, 0)])
    again = end[end < OPEN_US]
    held = states.index(again)
    at = np.concatenate((states.at[told], start, again))
    value = np.concatenate(
        (states.value[told], np.full(len(start), int(MachineState.UNKNOWN)), states.value[held])
    )
    name: Ids = np.concatenate(
        (states.name[told], np.zeros(len(start), np.int64), states.name[held])
    )
    order = np.argsort(at, kind="stable")
    return Steps(at[order], value[order], name[order]).without_repeats()


def unknown_until(spans: Sequence[Span], at_us: int) -> int | None:
    """Return the end of the span that reaches over the instant; None: the state is known."""
    return next((end for start, end in spans if start < at_us < end), None)


def heartbeat_gaps(beats: Instants, longest_us: int = HEARTBEAT_GAP_US) -> list[Span]:
    """Return where a heartbeat failed to come, from the last beat to the next."""
    gone = np.flatnonzero(np.diff(beats) > longest_us)
    return [(int(beats[n]), int(beats[n + 1])) for n in gone]


def no_change_reported(loss: DataGap, words: StateSampleTimes, last: int) -> bool:
    """Whether the present value was the last one, and so was left out."""
    if not loss.omits_repeats or loss.end_us is None or last < 0:
        return False
    new_us = int(words.at[last + 1]) if last + 1 < len(words.at) else OPEN_US
    return new_us > loss.end_us + RESUBSCRIBE_US


def _known_again_us(loss: DataGap, words: StateSampleTimes, last: int) -> int:
    """Return when the state is known again."""
    if loss.end_us is None:
        return OPEN_US
    if loss.kind is GapKind.NO_HEARTBEAT:
        return loss.end_us
    first = last + 1
    if loss.kind is GapKind.LOST:
        said = int(np.searchsorted(words.at, loss.end_us - GAP_END_TOLERANCE_US, side="left"))
        first = max(first, said)
    return int(words.at[first]) if first < len(words.at) else OPEN_US


def _merge(spans: list[Span]) -> tuple[Span, ...]:
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return tuple(united)
