"""The delivery schedule of a group: its versions, which was in force when, what is measured.

Each call-off replaces the former. One that is older than what was known when it came never was in
force. Demand is measured as it was called off `frozen_days` before it was due.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal, assert_never

from werknetz.kpi.supply.facts import Entry, Group, Terms
from werknetz.kpi.supply.findings import Finding, day, events_of
from werknetz.kpi.supply.policy import DemandRule

_Due = tuple[int, int, Entry]  # due from, until
State = Literal["in_force", "replaced", "outdated_on_arrival"]
_UNMEASURED: Final = frozenset({"backlog"})
"""A backlog says again what was due before: it was measured then."""


@dataclass(frozen=True, slots=True)
class Version:
    """One call-off of a group."""

    group: Group
    document: str
    issued_us: int
    known_us: int
    entries: tuple[Entry, ...]  # in order of their due dates
    state: State
    from_us: int | None  # in force from … to
    to_us: int | None

    @property
    def replaces(self) -> str | None:
        return next((e.replaces for e in self.entries if e.replaces), None)


@dataclass(frozen=True, slots=True)
class Demand:
    """An entry that is measured, with its due span."""

    entry: Entry
    due_from_us: int
    due_until_us: int
    low: float  # demanded before it, and with it: where it lies in what was demanded in all
    high: float

    @property
    def quantity(self) -> float:
        return self.high - self.low


def versions_of(entries: Iterable[Entry]) -> dict[Group, list[Version]]:
    """Return the versions of each group, in the order in which they replace each other."""
    told: dict[Group, dict[str, list[Entry]]] = {}
    for entry in entries:
        told.setdefault(entry.group, {}).setdefault(entry.document, []).append(entry)
    return {group: _chain(group, told[group]) for group in sorted(told)}


def measured(versions: Sequence[Version], terms: Terms) -> list[Demand]:
    """Return the measured demand of a group, in order of its due dates, as one sum.

    Before the first call-off, the first holds: there was no other demand.
    """
    chosen = _chosen(versions, lambda due_us: terms.at(due_us).frozen_us)
    rule = terms.at(chosen[-1][0]).demand if chosen else DemandRule.ENTRIES
    match rule:
        case DemandRule.ENTRIES:
            highs = list(accumulate(entry.quantity for _, _, entry in chosen))
        case DemandRule.LATEST:
            highs = _after_the_latest(chosen, _chosen(versions, lambda _: 0))
        case DemandRule.CUMULATIVE:
            highs = _stated(chosen)
        case _:
            assert_never(rule)
    return [
        Demand(entry, from_us, until_us, high - entry.quantity, high)
        for (from_us, until_us, entry), high in zip(chosen, highs, strict=True)
    ]


def _chosen(versions: Sequence[Version], frozen_us: Callable[[int], int]) -> list[_Due]:
    """Return the entries of the version that was in force so long before each was due."""
    chain = [version for version in versions if version.from_us is not None]
    issued = [version.issued_us for version in chain]
    chosen: list[_Due] = []
    for number, version in enumerate(chain):
        for entry in version.entries:
            due = due_of(entry)
            if entry.commitment in _UNMEASURED or entry.quantity <= 0:
                continue
            at_us = due[0] - frozen_us(due[0])
            if max(bisect_right(issued, at_us) - 1, 0) == number:
                chosen.append((*due, entry))
    return sorted(chosen, key=lambda each: (each[0], each[1], each[2].document, _order(each[2])))


def due_of(entry: Entry) -> tuple[int, int]:
    """Return when an entry is due; without a date it is due at once."""
    start = entry.issued_us if entry.due_from_us is None else entry.due_from_us
    return start, max(start, entry.due_until_us if entry.due_until_us is not None else start)


def outdated(versions: Sequence[Version]) -> list[Finding]:
    """Return a finding for each call-off that was older than the one in force when it came."""
    found = []
    for version in versions:
        if version.state != "outdated_on_arrival":
            continue
        newer = [v for v in versions if v.known_us < version.known_us and _is_after(v, version)]
        last = max(newer, key=lambda v: (v.issued_us, v.known_us, v.document))
        found.append(
            Finding(
                "outdated_call_off",
                f"{version.group.key}/{version.document}",
                version.known_us,
                f"Call-off {version.document} of {day(version.issued_us)} came when"
                f" {last.document} of {day(last.issued_us)} was known: it is kept, but never was"
                " in force. If it was meant to hold, have it issued again with a later date.",
                events_of(e.event_id for v in (version, last) for e in v.entries),
            )
        )
    return found


def _chain(group: Group, documents: dict[str, list[Entry]]) -> list[Version]:
    bare = [
        Version(
            group,
            document,
            max(e.issued_us for e in entries),
            min(e.known_us for e in entries),
            tuple(sorted(entries, key=lambda e: (due_of(e), _order(e)))),
            "in_force",
            None,
            None,
        )
        for document, entries in documents.items()
    ]
    late = {v.document for v in bare if _is_late(v, bare)}
    bare.sort(key=lambda v: (v.issued_us, v.known_us, v.document))
    chain = [v for v in bare if v.document not in late]
    ends = [v.issued_us for v in chain[1:]]
    done = {
        v.document: Version(
            v.group, v.document, v.issued_us, v.known_us, v.entries,
            "in_force" if to_us is None else "replaced", v.issued_us, to_us,
        )
        for v, to_us in zip(chain, [*ends, None], strict=False)
    }  # fmt: skip
    return [done.get(v.document) or _never(v) for v in bare]


def _never(v: Version) -> Version:
    return Version(
        v.group, v.document, v.issued_us, v.known_us, v.entries, "outdated_on_arrival", None, None
    )


def _is_late(version: Version, all_: Sequence[Version]) -> bool:
    return any(v.known_us < version.known_us and _is_after(v, version) for v in all_)


def _is_after(newer: Version, older: Version) -> bool:
    """Whether it was issued later, or says itself that it replaces the other."""
    if newer.issued_us == older.issued_us:
        return newer.replaces == older.document
    return newer.issued_us > older.issued_us


def _after_the_latest(chosen: Sequence[_Due], latest: Sequence[_Due]) -> list[float]:
    """Return where entries end after what was called off last for all that was due before.

    So what was added, moved or taken away inside the frozen zone does not shift all that follows.
    """
    sums = list(accumulate((entry.quantity for _, _, entry in latest), initial=0.0))
    starts = [from_us for from_us, _, _ in latest]
    found: list[float] = []
    same_us, high = None, 0.0
    for from_us, _, entry in chosen:
        if from_us != same_us:
            same_us, high = from_us, sums[bisect_left(starts, from_us)]
        high += entry.quantity
        found.append(high)
    return found


def _stated(chosen: Sequence[_Due]) -> list[float]:
    """Return where entries end by the cumulative quantities that they state, from the first on.

    So what was planned anew, because it had not come, is no second demand.
    """
    found: list[float] = []
    last, base, since = 0.0, None, None
    for _, _, entry in chosen:
        stated = entry.cumulative_quantity
        if stated is None:
            high = last + entry.quantity
        else:
            if since is not None and entry.cumulative_since_us not in {None, since}:
                base = last  # a new zero date: counted from 0 again
            if base is None:
                base = last - (stated - entry.quantity)
            since = entry.cumulative_since_us or since
            high = base + stated
        last = max(last, high)
        found.append(high)
    return found


def _order(entry: Entry) -> tuple[str, str, str]:
    return entry.line, entry.place, str(entry.event_id)
