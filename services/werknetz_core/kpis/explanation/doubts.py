"""What makes a KPI value doubtful: what nobody knows, what was corrected, what cannot be right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from werknetz.domain.role import Role
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.kpis import kpi_explanation as statements
from werknetz.store.session import Database
from werknetz.texts.sentence import Sentence, write_text
from werknetz.texts.stored import restore_sentence
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
                  Sentence("doubt.uncertain_clock", count=row["counted"]))
        for row in uncertain
    ]  # fmt: skip
    doubts += _doubts_of_changes(machines, entries, revisions)
    doubts += [
        _document(row["kind"], machines[row["equipment_id"]][0], None, row["findings"],
                  _finding_text(row["kind"], row["detail"], row["sentence"]))
        for row in findings
    ]  # fmt: skip
    return sorted(doubts, key=lambda doubt: (doubt["equipment"], doubt["kind"]))[:DOUBTS_MAX]


def _finding_text(kind: str, detail: str, stored: str | None) -> Sentence:
    """Return the sentence of a finding; of one from an earlier version in German only its kind."""
    sentence = restore_sentence(detail, stored)
    if isinstance(sentence, Sentence):
        return sentence
    return Sentence.with_english(detail, f"finding.{kind}", {})


def sentences_of(doubts: Sequence[Document]) -> Iterator[Sentence]:
    """Yield a sentence or more a doubt; those of findings name their equipment themselves."""
    for doubt in doubts:
        text = doubt["text"].removesuffix(".")
        if not text.startswith(doubt["equipment"]):
            text = f"{doubt['equipment']}: {text}"
        yield Sentence("explanation.doubt", text=text)


def doubts_of_sums(kpi: Kpi, e: Elements) -> Iterator[tuple[str, float | None, Sentence]]:
    """Yield kind, share of the time that is not known, and text."""
    state_share, plan_share = e.coverage, e.plan_share
    if state_share is not None and state_share < _ALMOST_ALL:
        share = 1 - state_share
        yield "unknown_state", share, Sentence("doubt.unknown_state", share=_share(share))
    known_s = kpi.quantity_known
    known_share = None if known_s is None else e.quantity_share(known_s)
    if known_s is not None and known_share is not None and known_share < _ALMOST_ALL:
        kind, missing = _missing_quantity(e, known_s)
        share = 1 - known_share
        text = Sentence("doubt.quantity_missing", missing=missing, share=_share(share))
        yield kind, share, text
    if e.unplanned_busy_s and _EARNED.intersection(kpi.inputs) and "pot_s" not in kpi.inputs:
        text = Sentence("doubt.unplanned_production", minutes=e.unplanned_busy_s / 60)
        yield "unplanned_production", None, text
    if e.quality_gq > e.quality_pq * _ALMOST_MORE and _QUANTITIES.intersection(kpi.inputs):
        text = Sentence("doubt.good_exceeds_produced", good=e.quality_gq, produced=e.quality_pq)
        yield "good_exceeds_produced", None, text
    if plan_share is not None and plan_share < _ALMOST_ALL:
        share = 1 - plan_share
        yield "no_shift_calendar", share, Sentence("doubt.no_shift_calendar", share=_share(share))
    if e.late_share:
        text = Sentence("doubt.late_samples", share=_share(e.late_share))
        yield "late_samples", e.late_share, text
    if e.samples and e.good_samples < e.samples:
        share = 1 - e.good_samples / e.samples
        yield "bad_samples", share, Sentence("doubt.bad_samples", share=_share(share))


def _share(share: float) -> Sentence:
    if share < _SHARE_MIN:
        return Sentence("doubt.below_one_tenth")
    return Sentence("doubt.share", share=share)


def _missing_quantity(e: Elements, known_s: str) -> tuple[str, Sentence]:
    if known_s == "energy_pq_known_s":
        return "energy_not_measured", Sentence("doubt.energy_not_measured")
    if e.gq_known_s < e.calendar_s * _ALMOST_ALL or e.pq_known_s < e.calendar_s * _ALMOST_ALL:
        return "quantity_not_reported", Sentence("doubt.counts_not_reported")
    if e.quantity_known_s < e.pbt_s * _ALMOST_ALL:
        return "run_time_not_known", Sentence("doubt.run_time_unknown")
    return "quantity_not_reported", Sentence("doubt.quantity_not_reported")


def _doubts_of_changes(
    machines: Mapping[int, tuple[str, Elements]],
    entries: Iterable[Any],
    revisions: Iterable[Any],
) -> Iterator[Document]:
    for row in entries:
        path = machines[row["equipment_id"]][0]
        if count := row["quantities"]:
            text = Sentence("doubt.corrected_quantities", count=count)
            yield _document("corrected_counts", path, None, count, text)
        if count := row["states"]:
            text = Sentence("doubt.corrected_states", count=count)
            yield _document("corrected_states", path, None, count, text)
    for row in revisions:
        text = Sentence("doubt.computed_again", count=row["buckets"])
        yield _document("computed_again", machines[row["equipment_id"]][0], None, row["buckets"],
                        text)  # fmt: skip


def _document(kind: str, path: str, share: float | None, count: int | None, text: str) -> Document:
    return {
        "kind": kind, "equipment": path, "share": share, "count": count, "text": write_text(text),
    }  # fmt: skip
