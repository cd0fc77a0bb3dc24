"""What is wrong with the clocks of a connector, as texts for its status."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of

OPEN_US: Final = 3_600_000_000  # a finding stays open this long after its last value
_SHOWN_MAX: Final = 3
_TEXTS: Final[Mapping[str, str]] = {
    "bad_time": "their clock was never set: the time of arrival is stored, as uncertain, and the "
    "source's as server_at. Set the clock of the controller",
    "clock_ahead": "their time is ahead of ours: stored as uncertain. Set the clock of the source, "
    "or `time: {clock: arrival}`",
    "event_ahead": "what has happened cannot be ahead of our time: it counts when its time comes. "
    "Set the clock of the source, or correct the time zone of its times",
    "late": "their time is behind ours, and no outage explains it: stored as uncertain. Set the "
    "clock of the source, or `time: {clock: arrival}`, or `late_max_s` if values may be late",
    "local_time": "the local time occurs twice, and neither arrival nor order shows which is "
    "meant: the first is stored. Let the source send UTC, or an offset",
}


@dataclass(frozen=True, slots=True)
class _Doubt:
    count: int
    time_us: int  # as the source wrote it
    arrival_us: int


@dataclass(slots=True)
class TimeFindings:
    """Counts doubtful times by kind and source."""

    SOURCES_MAX: ClassVar[int] = 100  # of one kind; further ones replace the oldest
    _doubts: dict[str, OrderedDict[str, _Doubt]] = field(default_factory=dict)

    def add(self, kind: str, source: str, time_us: int, arrival_us: int) -> None:
        doubts = self._doubts.setdefault(kind, OrderedDict())
        before = doubts.pop(source, None)
        doubts[source] = _Doubt(1 if before is None else before.count + 1, time_us, arrival_us)
        if len(doubts) > self.SOURCES_MAX:
            doubts.popitem(last=False)

    def texts(self, now_us: int) -> dict[str, str]:
        """Return the open findings: kind → text with sources, offsets and the remedy."""
        texts: dict[str, str] = {}
        for kind, doubts in self._doubts.items():
            recent = {s: d for s, d in doubts.items() if now_us - d.arrival_us <= OPEN_US}
            self._doubts[kind] = OrderedDict(recent)
            if recent:
                shown = [_describe(*item) for item in list(recent.items())[-_SHOWN_MAX:][::-1]]
                more = len(recent) - len(shown)
                sources = "; ".join(shown) + (f"; and {more} more" if more else "")
                texts[kind] = f"{sources}. {_TEXTS[kind][0].upper()}{_TEXTS[kind][1:]}."
        return texts


def _describe(source: str, doubt: _Doubt) -> str:
    offset_s = (doubt.time_us - doubt.arrival_us) / 1e6
    written = instant_of(min(max(doubt.time_us, TIME_MIN_US), TIME_MAX_US))
    return (
        f"{source[:200]}: {written:%Y-%m-%d %H:%M:%S}Z, offset {offset_s:+.1f} s "
        f"({doubt.count} times)"
    )
