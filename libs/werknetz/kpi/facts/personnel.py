"""MachineAttendance and work time of people in windows, after ISO 22400-2: APAT and APWT.

A person who runs several machines at once is there once: time that several records of one person
cover is shared equally between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class MachineAttendance:
    """One record: a person at a machine, in microseconds UTC."""

    person: str
    start_us: int
    end_us: int
    attended_s: float | None = None  # without breaks; None: the whole span
    work_s: float | None = None  # None: nobody says how much of it was work
    counts: bool = True  # False: at a machine outside the scope; it only takes its share


@dataclass(slots=True)
class PersonnelSums:
    attendances: int = 0
    apat_s: float = 0.0
    apwt_s: float = 0.0


def sum_personnel(
    records: Iterable[MachineAttendance], windows: Sequence[tuple[int, int]]
) -> list[PersonnelSums]:
    """Sum records over ascending windows that do not overlap, each a start and an end in µs.

    The time of a record is spread evenly over its span. A record without a work time has
    attendance without work: it lowers worker efficiency, so the sources must report work.
    """
    sums = [PersonnelSums() for _ in windows]
    by_person: dict[str, list[MachineAttendance]] = defaultdict(list)
    for record in records:
        if record.start_us < record.end_us:
            by_person[record.person].append(record)
    for own in by_person.values():
        _add_person(own, windows, sums)
    return sums


def _add_person(
    records: Sequence[MachineAttendance],
    windows: Sequence[tuple[int, int]],
    sums: Sequence[PersonnelSums],
) -> None:
    bounds = {bound for record in records for bound in (record.start_us, record.end_us)}
    for window, total in zip(windows, sums, strict=True):
        touching = [r for r in records if r.start_us < window[1] and r.end_us > window[0]]
        if not touching:
            continue
        total.attendances += sum(record.counts for record in touching)
        inside = {bound for bound in bounds if window[0] < bound < window[1]}
        cuts = sorted({*window, *inside})
        for start_us, end_us in pairwise(cuts):
            present = [r for r in touching if r.start_us <= start_us and r.end_us >= end_us]
            for record in present:
                if record.counts:
                    share = (end_us - start_us) / (record.end_us - record.start_us) / len(present)
                    span_s = (record.end_us - record.start_us) / 1e6
                    attended_s = span_s if record.attended_s is None else record.attended_s
                    total.apat_s += attended_s * share
                    total.apwt_s += (record.work_s or 0.0) * share
