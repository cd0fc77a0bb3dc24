"""Verifies the chain of the audit log, link by link and in bounded memory.

The hash of a link is the SHA-256 of the hash before (32 bytes; of the first entry: zeros) and of
the text of its entry in UTF-8. The text is what PostgreSQL prints of the entry's columns as JSON.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

LOOK_AHEAD: Final = 1000
"""How many links after a break are read to find out its kind."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The state of the chain after an entry: its number and hash (64 hexadecimal digits)."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


START: Final = Seal(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry in the chain. `entry` None: a seal is there, but its entry is not."""

    seq: int
    previous: str
    hash: str
    entry_id: int
    entry: str | None

    @property
    def seal(self) -> Seal:
        return Seal(self.seq, self.hash)

    def is_hash_right(self, previous: str) -> bool:
        return self.entry is not None and hash_of(previous, self.entry) == self.hash


class BreakKind(StrEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Where the chain breaks first."""

    kind: BreakKind
    seq: int
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified; `broken` None: the chain is intact from `first_seq` to `last`."""

    entries: int
    first_seq: int | None
    last: Seal
    broken: ChainBreak | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a walk must find: how it begins, and seals that were stored apart from the chain."""

    heads: Sequence[Seal] = ()
    is_whole: bool = True  # what comes before the first link was removed by retention, or not there


def hash_of(previous: str, entry: str) -> str:
    """Return the hash of an entry after the hash before it, in hexadecimal digits."""
    return hashlib.sha256(bytes.fromhex(previous) + entry.encode()).hexdigest()


def verify_chain(links: Iterable[Link], expected: Expectation) -> Verification:
    """Walk the links in their order; stop where the chain breaks."""
    remaining = iter(links)
    heads = {head.seq: head for head in expected.heads}
    first: Link | None = None
    before, current, last_id, count = START, START, 0, 0
    is_anchored = False
    for link in remaining:
        if first is None:
            first = link
            if link.seq > 1:  # what is before was removed, or is not part of it
                current = Seal(link.seq - 1, link.previous)
        place = _Place(before, current, last_id)
        broken = _break_at(link, place, remaining) or _break_of_head(link, heads)
        if broken is None and not is_anchored:
            anchor = _check_anchor(link, first)
            is_anchored = anchor is True
            broken = anchor if isinstance(anchor, ChainBreak) else None
        if broken is not None:
            return Verification(count, first.seq, current, broken)
        before, current, last_id, count = current, link.seal, link.entry_id, count + 1
    first_seq = None if first is None else first.seq
    return Verification(
        count, first_seq, current,
        _break_at_start(first, expected, is_anchored=is_anchored)
        or _break_at_end(current, expected.heads),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk is: the last seal, the one before it, and the id of the last entry."""

    before: Seal
    current: Seal
    last_id: int


def _break_at(link: Link, place: _Place, following: Iterator[Link]) -> ChainBreak | None:
    """Return how the link fails to follow the last seal."""
    current = place.current
    if link.seq > current.seq + 1:
        return ChainBreak(
            BreakKind.REMOVED, current.seq + 1,
            f"{_entries(current.seq + 1, link.seq - 1)} missing",
        )  # fmt: skip
    if link.seq < current.seq + 1:
        return ChainBreak(BreakKind.REORDERED, link.seq, f"{link.seq} follows {current.seq}")
    if link.entry is None:
        return ChainBreak(
            BreakKind.REMOVED, link.seq, f"the entry with the id {link.entry_id} is missing"
        )
    if link.previous == current.hash and link.is_hash_right(current.hash):
        return None
    if current == START and link.previous != START.hash:
        return ChainBreak(
            BreakKind.CHANGED, link.seq, "it is the first entry, and follows a hash all the same"
        )
    return _classify(link, place, list(islice(following, LOOK_AHEAD)))


def _classify(link: Link, place: _Place, following: Sequence[Link]) -> ChainBreak:
    current = place.current
    if link.previous != current.hash:
        if link.previous == place.before.hash:
            return ChainBreak(
                BreakKind.INSERTED, current.seq,
                "the next entry follows the one before: this one was put between them",
            )  # fmt: skip
        if any(other.previous == current.hash for other in following):
            is_moved = any(other.hash == link.previous for other in following)
            kind = BreakKind.REORDERED if is_moved else BreakKind.INSERTED
            return ChainBreak(kind, link.seq, f"id {link.entry_id}: a later entry belongs here")
        if link.is_hash_right(link.previous) and link.entry_id <= place.last_id + 1:
            return ChainBreak(
                BreakKind.CHANGED, current.seq,
                f"id {place.last_id}: the next entry follows another content and hash",
            )  # fmt: skip
        if link.is_hash_right(link.previous):
            return ChainBreak(
                BreakKind.REMOVED, link.seq,
                f"id {link.entry_id} follows an entry that is missing, and was renumbered",
            )  # fmt: skip
    elif any(
        other.entry is not None and hash_of(current.hash, other.entry) == link.hash
        for other in following
    ):
        return ChainBreak(
            BreakKind.REORDERED, link.seq, f"id {link.entry_id}: a later entry belongs here"
        )
    return ChainBreak(
        BreakKind.CHANGED, link.seq, f"id {link.entry_id}: its hash is that of another content"
    )


def _break_of_head(link: Link, heads: dict[int, Seal]) -> ChainBreak | None:
    head = heads.get(link.seq)
    if head is None or head.hash == link.hash:
        return None
    return ChainBreak(
        BreakKind.CHANGED, link.seq,
        f"its hash is not the one that was stored apart ({head.hash}): the chain was rebuilt",
    )  # fmt: skip


def _check_anchor(link: Link, first: Link) -> ChainBreak | bool:
    """Return whether the link is the entry that retention left of what it removed before `first`.

    A break: it is, and `first` does not follow what was removed.
    """
    if link.entry is None or '"subject": "audit"' not in link.entry:
        return False
    entry = json.loads(link.entry)
    removed = entry.get("after")
    if (entry["subject"], entry["action"]) != ("audit", "removed"):
        return False
    if removed["to_seq"] != first.seq - 1:
        return False
    if removed["hash"] == first.previous:
        return True
    return ChainBreak(
        BreakKind.CHANGED, first.seq, "it does not follow what retention removed before it"
    )


def _break_at_start(
    first: Link | None, expected: Expectation, *, is_anchored: bool
) -> ChainBreak | None:
    if first is None or first.seq == 1 or is_anchored or not expected.is_whole:
        return None
    return ChainBreak(
        BreakKind.REMOVED, 1, f"{_entries(1, first.seq - 1)} missing, and no retention removed them"
    )


def _break_at_end(last: Seal, heads: Sequence[Seal]) -> ChainBreak | None:
    newest = max((head.seq for head in heads), default=last.seq)
    if newest <= last.seq:
        return None
    return ChainBreak(
        BreakKind.TRUNCATED, last.seq + 1,
        f"{_entries(last.seq + 1, newest)} missing at the end",
    )  # fmt: skip


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
