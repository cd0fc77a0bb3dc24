"""What makes a KPI value doubtful: what nobody knows, what was corrected, what cannot be right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from werknetz.domain.role import Role
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.kpis import kpi_explanation as statements
from werknetz.store.session import Database
from werknetz_core.kpis.explanation.trace import SAMPLES_MAX, TraceSpan

DOUBTS_MAX: Final = 100
READ_MAX: Final = 25  # machines whose samples are read
_ROLES: Final = [role.value for role in Role if role.affects_kpis]
_ALMOST_ALL: Final = 1 - 1e-9
_ALMOST_MORE: Final = 1 + 1e-9
_SHARE_MIN: Final = 0.001  # that a percentage with one decimal shows
_EARNED: Final = {"judged_pri_gq_s", "pace_pri_pq_s"}  # over planned time, unless POT is an input
_QUANTITIES: Final = {"gq", "pq", "sq"}
Document = dict[str, Any]


async def load_doubts(
    database: Database, span: TraceSpan, kpi: Kpi, machines: Mapping[int, tuple[str, Elements]]
) -> list[Document]:
    """Return the doubts of each machine, by path; `machines`: path and sums by id."""
    ids = list(machines)
    arguments = (ids, span.start, span.end, span.as_of)
    uncertain = await database.fetch(
        statements.UNCERTAIN_TIMES_BY_MACHINE,
        ids[:READ_MAX],
        span.start,
        span.end,
        _ROLES,
        SAMPLES_MAX,
    )
    entries = await database.fetch(statements.ENTRIES_BY_MACHINE, *arguments)
    revisions = await database.fetch(statements.REVISIONS_BY_MACHINE, *arguments)
    findings = await database.fetch(statements.FINDINGS_BY_MACHINE, *arguments)
    doubts = [
        _document(kind, path, share, None, text)
        for path, elements in machines.values()
        for kind, share, text in doubts_of_sums(kpi, elements)
    ]
    doubts += [
        _document("uncertain_clock", machines[row["equipment_id"]][0], None, row["counted"],
                  f"{row['counted']:,} samples have no reliable time of their source")
        for row in uncertain
    ]  # fmt: skip
    doubts += _doubts_of_changes(machines, entries, revisions)
    doubts += [
        _document(row["kind"], machines[row["equipment_id"]][0], None, row["findings"],
                  row["detail"])
        for row in findings
    ]  # fmt: skip
    return sorted(doubts, key=lambda doubt: (doubt["equipment"], doubt["kind"]))[:DOUBTS_MAX]


def sentences_of(doubts: Sequence[Document]) -> Iterator[str]:
    """Yield a sentence or more a doubt; those of findings name their equipment themselves."""
    for doubt in doubts:
        text = doubt["text"].removesuffix(".")
        if not text.startswith(doubt["equipment"]):
            text = f"{doubt['equipment']}: {text}"
        yield f"Doubt: {text}."


def doubts_of_sums(kpi: Kpi, e: Elements) -> Iterator[tuple[str, float | None, str]]:
    """Yield kind, share of the time that is not known, and text."""
    state_share, plan_share = e.coverage, e.plan_share
    if state_share is not None and state_share < _ALMOST_ALL:
        yield (
            "unknown_state",
            1 - state_share,
            (f"the state is unknown in {_percent(1 - state_share)} of the planned busy time"),
        )
    known_s = kpi.quantity_known
    share = None if known_s is None else e.quantity_share(known_s)
    if known_s is not None and share is not None and share < _ALMOST_ALL:
        kind, text = _missing_quantity(e, known_s)
        yield kind, 1 - share, f"{text} in {_percent(1 - share)} of the planned busy time"
    if e.unplanned_busy_s and _EARNED.intersection(kpi.inputs) and "pot_s" not in kpi.inputs:
        yield (
            "unplanned_production",
            None,
            (
                f"machines produced {e.unplanned_busy_s / 60:,.1f} minutes outside planned busy"
                " time: what they made there counts, the time does not"
            ),
        )
    if e.quality_gq > e.quality_pq * _ALMOST_MORE and _QUANTITIES.intersection(kpi.inputs):
        counts = f"{e.quality_gq:,.10g} good parts of {e.quality_pq:,.10g} produced"
        text = f"{counts}: a counter or its role is wrong"
        yield "good_exceeds_produced", None, text
    if plan_share is not None and plan_share < _ALMOST_ALL:
        yield (
            "no_shift_calendar",
            1 - plan_share,
            (
                f"no shift calendar holds in {_percent(1 - plan_share)} of the time:"
                " all of it counts as planned"
            ),
        )
    if e.late_share:
        yield "late_samples", e.late_share, f"{_percent(e.late_share)} of the samples arrived late"
    if e.samples and e.good_samples < e.samples:
        share = 1 - e.good_samples / e.samples
        yield "bad_samples", share, f"{_percent(share)} of the samples are not good"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= _SHARE_MIN else "less than 0.1%"


def _missing_quantity(e: Elements, known_s: str) -> tuple[str, str]:
    if known_s == "energy_pq_known_s":
        return "energy_not_measured", "energy or the produced quantity is not measured"
    if e.gq_known_s < e.calendar_s * _ALMOST_ALL or e.pq_known_s < e.calendar_s * _ALMOST_ALL:
        return "quantity_not_reported", "not all of produced, good and scrap are reported"
    if e.quantity_known_s < e.pbt_s * _ALMOST_ALL:
        return "run_time_not_known", "the planned run time per item is unknown"
    return "quantity_not_reported", "a quantity of this KPI is not reported"


def _doubts_of_changes(
    machines: Mapping[int, tuple[str, Elements]],
    entries: Iterable[Any],
    revisions: Iterable[Any],
) -> Iterator[Document]:
    for row in entries:
        path = machines[row["equipment_id"]][0]
        for name, kind in (("quantities", "corrected_counts"), ("states", "corrected_states")):
            if row[name]:
                text = f"people entered {row[name]:,} {name}"
                yield _document(kind, path, None, row[name], text)
    for row in revisions:
        text = f"{row['buckets']:,} quarters of an hour were computed again with later data"
        yield _document("computed_again", machines[row["equipment_id"]][0], None, row["buckets"],
                        text)  # fmt: skip


def _document(kind: str, path: str, share: float | None, count: int | None, text: str) -> Document:
    return {"kind": kind, "equipment": path, "share": share, "count": count, "text": text}
