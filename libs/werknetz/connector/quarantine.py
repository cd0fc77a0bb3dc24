"""What goes to quarantine, without a flood: the same refusal once a minute, with its count.

Input that is bad by itself is kept whole, up to so much a minute; what is more is counted by
source and kind of reason, and stays in the raw input, from where a corrected mapping gets it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from werknetz.events.batch import Unmapped

RAW_MAX: Final = 65_536
RAW_SAMPLE_MAX: Final = 1_024
REPEAT_US: Final = 60_000_000
KEYS_MAX: Final = 10_000
ENTRIES_PER_SOURCE_MAX: Final = 100  # a source and minute
ENTRIES_PER_MINUTE_MAX: Final = 2_000  # a minute
_VALUES: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
OTHERS: Final = "(other addresses)"


def kind_of_reason(reason: str) -> str:
    """A reason without the values in it: what refusals are grouped by."""
    return _VALUES.sub("…", reason)


@dataclass(slots=True)
class _Said:
    at_us: int
    count: int = 0
    raw: bytes = b""


@dataclass(slots=True)
class QuarantineLimiter:
    mapping: str
    _said: dict[tuple[str, str], _Said] = field(default_factory=dict)
    _pending: set[tuple[str, str]] = field(default_factory=set)
    _next_look_us: int = 0
    _minute: int = -1
    _whole: Counter[str] = field(default_factory=Counter)  # kept in this minute, by source

    def admit(
        self, source: str, reason: str, raw: bytes, at_us: int, *,
        arrival_us: int | None = None, place: str = "", raw_hash: bytes = b"",
    ) -> Unmapped | None:  # fmt: skip
        """A value that cannot be read: whole, as long as there is no flood of them."""
        now_us = at_us if arrival_us is None else arrival_us
        if now_us // REPEAT_US != self._minute:
            self._minute = now_us // REPEAT_US
            self._whole.clear()
        if (
            self._whole[source] >= ENTRIES_PER_SOURCE_MAX
            or self._whole.total() >= ENTRIES_PER_MINUTE_MAX
        ):
            return self.count_repeat(source, f"{kind_of_reason(reason)} (a flood)", raw, now_us)
        self._whole[source] += 1
        return self.entry_of(source, reason, raw, at_us, place=place, raw_hash=raw_hash)

    def entry_of(
        self, source: str, reason: str, raw: bytes, at_us: int, *,
        place: str = "", raw_hash: bytes = b"", count: int = 1,
    ) -> Unmapped:  # fmt: skip
        """A refusal as the wire has it, cut where it is too long."""
        size = len(raw) if len(raw) > RAW_MAX else 0
        source = source.replace("\0", "\\0").encode(errors="replace").decode()
        return Unmapped(
            source=source[:4096], reason=reason.replace("\0", "\\0"), raw=bytes(raw[:RAW_MAX]),
            at_us=at_us, mapping=self.mapping, size=size, item=place, raw_hash=raw_hash,
            count=count,
        )  # fmt: skip

    def count_repeat(
        self, source: str, reason: str, raw: bytes, at_us: int, count: int = 1
    ) -> Unmapped | None:
        """The first of its kind, then one a minute that says how many there were."""
        key = (source, reason)
        if key not in self._said and len(self._said) >= KEYS_MAX:
            key = (OTHERS, reason if (OTHERS, reason) in self._said else "addresses without a rule")
        said = self._said.get(key)
        if said is None:
            self._said[key] = _Said(at_us, count - 1, raw[:RAW_SAMPLE_MAX])
            if count > 1:
                self._pending.add(key)
            return self.entry_of(source, reason, raw, at_us)
        said.count += count
        said.raw = bytes(raw[:RAW_SAMPLE_MAX])
        self._pending.add(key)
        return None

    def take_due(self, at_us: int, *, everything: bool = False) -> list[Unmapped]:
        """What has been repeated and not been said for a minute."""
        if not self._pending or (at_us < self._next_look_us and not everything):
            return []
        self._next_look_us = at_us + 1_000_000
        out = []
        for key in sorted(self._pending):
            said = self._said[key]
            if at_us - said.at_us < REPEAT_US and not everything:
                continue
            out.append(self.entry_of(key[0], key[1], said.raw, at_us, count=said.count))
            said.at_us, said.count = at_us, 0
            self._pending.discard(key)
        return out
