"""The delivery schedule of a group: its versions, their validity, and the demand that is measured.

Each call-off replaces the former one. A call-off that is older than one received before was
never in force. Demand is measured as it was called off `frozen_days` before its due date.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, Literal, assert_never
from uuid import UUID

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.facts import CallOffEntry, ScheduleGroup, Terms
from werknetz.kpi.supply.findings import SupplyFinding, event_ids_of
from werknetz.kpi.supply.policy import DemandRule
from werknetz.texts.sentence import Sentence

_Due = tuple[int, int, CallOffEntry]  # due from, until
VersionState = Literal["in_force", "replaced", "outdated_on_arrival"]
_UNMEASURED: Final = frozenset({"backlog"})
"""A backlog repeats what was due before, and was measured then."""


@dataclass(frozen=True, slots=True)
class CallOffVersion:
    """One call-off of a group."""

    group: ScheduleGroup
    document: str
    issued_us: int
    known_us: int
    entries: tuple[CallOffEntry, ...]  # in order of their due dates
    state: VersionState
    from_us: int | None  # in force from … to
    to_us: int | None

    @property
    def replaces(self) -> str | None:
        return next((e.replaces for e in self.entries if e.replaces), None)


@dataclass(frozen=True, slots=True)
class FrozenChange:
    """What one call-off changes of the one before, inside the frozen zone at its issue."""

    at_us: int
    document: str
    changed: float  # sum of what was added and taken away, due date by due date
    total: float  # of the larger quantity at each due date: so changed / total is at most 1


@dataclass(slots=True)
class Demand:
    """A measured entry with its due span."""

    entry: CallOffEntry
    due_from_us: int
    due_until_us: int
    low: float  # cumulative demand before and after it
    high: float

    @property
    def quantity(self) -> float:
        return self.high - self.low


def versions_of(entries: Iterable[CallOffEntry]) -> dict[ScheduleGroup, list[CallOffVersion]]:
    """Return the versions of each group, in the order of their issue."""
    by_document: dict[ScheduleGroup, dict[str, list[CallOffEntry]]] = {}
    for entry in entries:
        by_document.setdefault(entry.group, {}).setdefault(entry.document, []).append(entry)
    return {group: _chain_of(group, by_document[group]) for group in sorted(by_document)}


def select_measured_demand(versions: Sequence[CallOffVersion], terms: Terms) -> list[Demand]:
    """Return the measured demand of a group, in order of due dates, as cumulative quantities.

    Demand due before any call-off is taken from the first one: there was no other.
    """
    entries = _select_entries(versions, lambda due_us: terms.policy_at(due_us).frozen_us)
    rule = terms.policy_at(entries[-1][0]).demand if entries else DemandRule.ENTRIES
    match rule:
        case DemandRule.ENTRIES:
            highs = list(accumulate(entry.quantity for _, _, entry in entries))
        case DemandRule.LATEST:
            highs = _ends_by_latest_call_offs(entries, _select_entries(versions, lambda _: 0))
        case DemandRule.CUMULATIVE:
            highs = _ends_by_stated_cumulative(entries)
        case _:
            assert_never(rule)
    return [
        Demand(entry, from_us, until_us, high - entry.quantity, high)
        for (from_us, until_us, entry), high in zip(entries, highs, strict=True)
    ]


def _select_entries(
    versions: Sequence[CallOffVersion], frozen_us: Callable[[int], int]
) -> list[_Due]:
    """Return the entries of the version in force `frozen_us` before each due date."""
    chain = [version for version in versions if version.from_us is not None]
    issued = [version.issued_us for version in chain]
    entries: list[_Due] = []
    for index, version in enumerate(chain):
        for entry in version.entries:
            due = due_span_of(entry)
            if entry.commitment in _UNMEASURED or entry.quantity <= 0:
                continue
            at_us = due[0] - frozen_us(due[0])
            if max(bisect_right(issued, at_us) - 1, 0) == index:
                entries.append((*due, entry))
    return sorted(
        entries,
        key=lambda due_entry: (
            due_entry[0],
            due_entry[1],
            due_entry[2].document,
            _sort_key_of(due_entry[2]),
        ),
    )


def due_span_of(entry: CallOffEntry) -> tuple[int, int]:
    """Return when an entry is due; without a date it is due at its issue."""
    start = entry.issued_us if entry.due_from_us is None else entry.due_from_us
    return start, max(start, entry.due_until_us if entry.due_until_us is not None else start)


def find_outdated_call_offs(versions: Sequence[CallOffVersion]) -> list[SupplyFinding]:
    """Return a finding for each call-off older than the one in force when it arrived."""
    outdated = [version for version in versions if version.state == "outdated_on_arrival"]
    known_versions = _KnownVersions(versions) if outdated else None
    first_ids: dict[str, tuple[UUID, ...]] = {}  # many findings may name the same newer one
    findings = []
    for version in outdated:
        last = known_versions.find_newer(version) if known_versions is not None else None
        if last is None:
            continue
        for named in (version, last):
            if named.document not in first_ids:
                first_ids[named.document] = event_ids_of(e.event_id for e in named.entries)
        findings.append(
            SupplyFinding(
                "outdated_call_off",
                f"{version.group.key}/{version.document}",
                version.known_us,
                Sentence(
                    "finding_detail.outdated_call_off",
                    document=version.document,
                    issued=instant_of(version.issued_us),
                    newer=last.document,
                    newer_issued=instant_of(last.issued_us),
                ),
                event_ids_of((*first_ids[version.document], *first_ids[last.document])),
            )
        )
    return findings


def _chain_of(
    group: ScheduleGroup, documents: dict[str, list[CallOffEntry]]
) -> list[CallOffVersion]:
    all_versions = [
        CallOffVersion(
            group,
            document,
            max(e.issued_us for e in entries),
            min(e.known_us for e in entries),
            tuple(sorted(entries, key=lambda e: (due_span_of(e), _sort_key_of(e)))),
            "in_force",
            None,
            None,
        )
        for document, entries in documents.items()
    ]
    known_versions = _KnownVersions(all_versions)
    outdated = {v.document for v in all_versions if known_versions.find_newer(v) is not None}
    all_versions.sort(key=lambda v: (v.issued_us, v.known_us, v.document))
    chain = [v for v in all_versions if v.document not in outdated]
    ends = [v.issued_us for v in chain[1:]]
    by_document = {
        v.document: CallOffVersion(
            v.group, v.document, v.issued_us, v.known_us, v.entries,
            "in_force" if to_us is None else "replaced", v.issued_us, to_us,
        )
        for v, to_us in zip(chain, [*ends, None], strict=False)
    }  # fmt: skip
    return [by_document.get(v.document) or _never_in_force(v) for v in all_versions]


def _never_in_force(v: CallOffVersion) -> CallOffVersion:
    return CallOffVersion(
        v.group, v.document, v.issued_us, v.known_us, v.entries, "outdated_on_arrival", None, None
    )


class _KnownVersions:
    """Call-offs by when they became known: which newer one was known before another came."""

    def __init__(self, versions: Sequence[CallOffVersion]) -> None:
        ordered = sorted(versions, key=lambda v: v.known_us)
        self._known_us = [version.known_us for version in ordered]
        # The last issued of each and all before it.
        self._latest = list(accumulate(ordered, _later_of))
        self._replacing: dict[tuple[int, str], list[CallOffVersion]] = {}
        for version in ordered:
            if version.replaces is not None:
                self._replacing.setdefault((version.issued_us, version.replaces), []).append(
                    version
                )

    def find_newer(self, version: CallOffVersion) -> CallOffVersion | None:
        """Return the last newer one that was known before: issued later, or replacing it."""
        count = bisect_left(self._known_us, version.known_us)
        if count and self._latest[count - 1].issued_us > version.issued_us:
            return self._latest[count - 1]
        replacing = self._replacing.get((version.issued_us, version.document), ())
        before = [v for v in replacing if v.known_us < version.known_us]
        return max(before, key=_order_of) if before else None


def _later_of(version: CallOffVersion, other: CallOffVersion) -> CallOffVersion:
    return max(version, other, key=_order_of)


def _order_of(version: CallOffVersion) -> tuple[int, int, str]:
    return version.issued_us, version.known_us, version.document


def _ends_by_latest_call_offs(entries: Sequence[_Due], latest: Sequence[_Due]) -> list[float]:
    """Return the cumulative ends of entries, by the last call-offs for all earlier due dates.

    Changes inside the frozen zone then do not shift all later entries.
    """
    sums = list(accumulate((entry.quantity for _, _, entry in latest), initial=0.0))
    starts = [from_us for from_us, _, _ in latest]
    ends: list[float] = []
    current_us, high = None, 0.0
    for from_us, _, entry in entries:
        if from_us != current_us:
            current_us, high = from_us, sums[bisect_left(starts, from_us)]
        high += entry.quantity
        ends.append(high)
    return ends


def _ends_by_stated_cumulative(entries: Sequence[_Due]) -> list[float]:
    """Return the cumulative ends of entries, by the cumulative quantities that they state.

    A quantity that is planned again because it was not delivered is then no second demand.
    """
    ends: list[float] = []
    last, base, since = 0.0, None, None
    for _, _, entry in entries:
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
        ends.append(high)
    return ends


def _sort_key_of(entry: CallOffEntry) -> tuple[str, str, str]:
    return entry.line, entry.place, str(entry.event_id)


def list_frozen_changes(versions: Sequence[CallOffVersion], terms: Terms) -> list[FrozenChange]:
    """Return how much of a group's frozen zone each call-off changes.

    What was due before the issue does not count: a call-off may drop it because it was delivered.
    """
    chain = [version for version in versions if version.from_us is not None]
    changes = []
    for former, version in pairwise(chain):
        start_us = version.issued_us
        zone = (start_us, start_us + terms.policy_at(start_us).frozen_us)
        old, new = _quantities_in(former, zone), _quantities_in(version, zone)
        pairs = [(old.get(due, 0.0), new.get(due, 0.0)) for due in old.keys() | new.keys()]
        total = sum(max(pair) for pair in pairs)
        if total > 0:
            changed = sum(abs(after - before) for before, after in pairs)
            changes.append(FrozenChange(start_us, version.document, changed, total))
    return changes


def _quantities_in(version: CallOffVersion, zone: tuple[int, int]) -> dict[int, float]:
    quantities: dict[int, float] = {}
    for entry in version.entries:
        due_us = due_span_of(entry)[0]
        if entry.commitment != "backlog" and zone[0] <= due_us < zone[1]:
            quantities[due_us] = quantities.get(due_us, 0.0) + entry.quantity
    return quantities
