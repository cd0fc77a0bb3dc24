"""Quarantine entries at a limited rate: repeats are reported once a minute, with their count.

Input that cannot be converted is quarantined in full, up to a limit per minute. Beyond it, input
is counted by source and kind of reason; it remains in the raw input for a corrected mapping.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from werknetz.events.batch import Tally, Unmapped

RAW_MAX: Final = 1_048_576  # bytes of one entry: any array that could be stored fits
RAW_CUT: Final = 65_536  # bytes of an entry above the limit per minute
RAW_PER_MINUTE_MAX: Final = 16_000_000
RAW_SAMPLE_MAX: Final = 1_024
REPEAT_US: Final = 60_000_000
KEYS_MAX: Final = 10_000
ENTRIES_PER_SOURCE_MAX: Final = 100  # per source and minute
ENTRIES_PER_MINUTE_MAX: Final = 2_000  # per minute
OTHERS: Final = "(other addresses)"
VALUES: Final = "'[^']*'|\"[^\"]*\"|[0-9]+"
"""The values in a reason, as a regular expression of Python and of PostgreSQL."""
_VALUES: Final = re.compile(VALUES)

# Reasons from which the core recognizes the repair; others are shown as they are.
NO_RULE: Final = "no rule of mapping {} matches this address"
NO_EVENT_RULE: Final = "no event rule of mapping {} matches this source"
NOT_FINITE: Final = (
    "NaN and infinity are no values: stored as missing, with status Bad. Let the source send null"
    " or a Bad status where it has no value"
)
UNKNOWN_STATE: Final = "state code {!r} is not in table {!r}"
UNKNOWN_VALUE: Final = "{}: {!r} is not in its table of values"
NOT_A_NUMBER: Final = "{!r} is not a number"
IS_DECIMAL_COMMA: Final = "; is it `decimal: comma`?"  # after NOT_A_NUMBER
TEXT_SHOWN_MAX: Final = 80  # characters of a value or a number in a reason


def kind_of_reason(reason: str) -> str:
    """Return a reason without the values in it, for grouping."""
    return _VALUES.sub("…", reason)


@dataclass(slots=True)
class Books:
    """What a delivery contained, and how much of it is neither stored nor quarantined (M4).

    An unknown state code is stored as uncertain and reported to quarantine: it counts twice.
    """

    taken: int = 0
    ignored: int = 0
    duplicates: int = 0
    _unreported: int = 0  # repeats taken, that a later batch reports

    def close(self, unreported: int) -> Tally:
        """Return the counts since the last call; `unreported`: repeats that no entry reports yet.

        A repeat counts in the batch that reports it, so that every batch balances.
        """
        taken = self.taken - (unreported - self._unreported)
        tally = Tally(taken, self.ignored, self.duplicates)
        self.taken = self.ignored = self.duplicates = 0
        self._unreported = unreported
        return tally


@dataclass(slots=True)
class _Repeats:
    """Occurrences since the last entry for the same source and reason."""

    at_us: int
    count: int = 0
    raw: bytes = b""
    size: int = 0  # of the original of `raw`


@dataclass(slots=True)
class QuarantineLimiter:
    mapping: str
    _repeats: dict[tuple[str, str], _Repeats] = field(default_factory=dict)
    _pending: set[tuple[str, str]] = field(default_factory=set)
    pending_count: int = 0
    """Occurrences that no entry reports yet."""
    _next_check_us: int = 0
    _minute: int = -1
    _entries: Counter[str] = field(default_factory=Counter)  # entries of this minute, by source
    _raw_bytes: int = 0  # of the entries of this minute

    def admit(
        self, source: str, reason: str, raw: bytes, at_us: int, *,
        arrival_us: int | None = None, item: str = "", raw_hash: bytes = b"",
    ) -> Unmapped | None:  # fmt: skip
        """Return the entry of a value that cannot be converted; None beyond the limit."""
        now_us = at_us if arrival_us is None else arrival_us
        if now_us // REPEAT_US != self._minute:
            self._minute = now_us // REPEAT_US
            self._entries.clear()
            self._raw_bytes = 0
        if (
            self._entries[source] >= ENTRIES_PER_SOURCE_MAX
            or self._entries.total() >= ENTRIES_PER_MINUTE_MAX
        ):
            return self.count_repeat(source, f"{kind_of_reason(reason)} (a flood)", raw, now_us)
        self._entries[source] += 1
        return self.entry_of(source, reason, raw, at_us, item=item, raw_hash=raw_hash)

    def entry_of(
        self, source: str, reason: str, raw: bytes, at_us: int, *,
        item: str = "", raw_hash: bytes = b"", count: int = 1, size: int = 0,
    ) -> Unmapped:  # fmt: skip
        """Return a quarantine entry. `size` is set where its raw bytes are not complete."""
        room = RAW_MAX if self._raw_bytes + len(raw) <= RAW_PER_MINUTE_MAX else RAW_CUT
        size = size or (len(raw) if len(raw) > room else 0)
        raw = bytes(raw[:room])
        self._raw_bytes += len(raw)
        source = source.replace("\0", "\\0").encode(errors="replace").decode()
        return Unmapped(
            source=source[:4096], reason=reason.replace("\0", "\\0"), raw=raw,
            at_us=at_us, mapping=self.mapping, size=size, item=item, raw_hash=raw_hash,
            count=count,
        )  # fmt: skip

    def count_repeat(
        self, source: str, reason: str, raw: bytes, at_us: int, count: int = 1
    ) -> Unmapped | None:
        """Return an entry for the first occurrence; count the others for `take_due`."""
        key = (source, reason)
        if key not in self._repeats and len(self._repeats) >= KEYS_MAX:
            key = (
                OTHERS,
                reason if (OTHERS, reason) in self._repeats else "addresses without a rule",
            )
        repeats = self._repeats.get(key)
        if repeats is None:
            self._repeats[key] = _Repeats(at_us, count - 1, raw[:RAW_SAMPLE_MAX], len(raw))
            self.pending_count += count - 1
            if count > 1:
                self._pending.add(key)
            return self.entry_of(source, reason, raw, at_us)
        repeats.count += count
        self.pending_count += count
        repeats.raw, repeats.size = bytes(raw[:RAW_SAMPLE_MAX]), len(raw)
        self._pending.add(key)
        return None

    def take_due(self, at_us: int, *, everything: bool = False) -> list[Unmapped]:
        """Return the entries of repeats that are due after a minute, or (`everything`) all."""
        if not self._pending or (at_us < self._next_check_us and not everything):
            return []
        self._next_check_us = at_us + 1_000_000
        entries = []
        for key in sorted(self._pending):
            repeats = self._repeats[key]
            if at_us - repeats.at_us < REPEAT_US and not everything:
                continue
            size = repeats.size if repeats.size > len(repeats.raw) else 0
            entry = self.entry_of(*key, repeats.raw, at_us, count=repeats.count, size=size)
            entries.append(entry)
            self.pending_count -= repeats.count
            repeats.at_us, repeats.count = at_us, 0
            self._pending.discard(key)
        return entries
