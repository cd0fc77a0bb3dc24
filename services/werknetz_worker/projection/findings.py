"""Findings of the projector about single events: written once, cleared when resolved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from werknetz.store.projection import findings as statements
from werknetz.store.projection.materials import FIND_MATERIAL_NUMBERS
from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz.texts.stored import stored_sentence
from werknetz_worker.projection.event_revisions import EventRevision

UNUSABLE_REPORT: Final = "unusable_report"
KINDS: Final = (
    "unit_mismatch", "ambiguous_material", "unknown_place", "unprojectable_event", UNUSABLE_REPORT,
)  # fmt: skip
EVENTS_MAX: Final = 50  # of a finding that many events share


@dataclass(frozen=True, slots=True)
class EventFinding:
    key: str
    kind: str
    event_id: UUID
    at: datetime
    detail: Sentence
    material_id: int | None = None


def finding_of_event(
    kind: str, event: EventRevision, detail: Sentence, *, material_id: int | None = None
) -> EventFinding:
    return EventFinding(
        key_of(kind, event.event_id), kind, event.event_id, event.at, detail, material_id
    )


def key_of(kind: str, event_id: UUID) -> str:
    return f"event/{kind}/{event_id}"


async def write_findings(
    connection: WriteConnection, events: Sequence[UUID], findings: Sequence[EventFinding]
) -> None:
    """Write the findings of the events, and clear those that no longer hold."""
    wrong = {finding.key: finding for finding in findings}
    await connection.execute(statements.CLEAR_FINDINGS, events, list(KINDS), list(wrong))
    if wrong:
        ordered = [wrong[key] for key in sorted(wrong)]
        await connection.execute(
            statements.UPSERT_FINDINGS,
            [finding.key for finding in ordered],
            [finding.kind for finding in ordered],
            [finding.material_id for finding in ordered],
            [finding.at for finding in ordered],
            [finding.detail for finding in ordered],
            [finding.event_id for finding in ordered],
            [stored_sentence(finding.detail) for finding in ordered],
        )


async def write_shared_number(
    connection: WriteConnection, number: str, at: datetime, events: Sequence[UUID]
) -> None:
    """Write that several suppliers, or several materials, use the same number."""
    detail = Sentence("finding_detail.number_of_several", number=number)
    few = sorted(events, key=lambda event_id: event_id.bytes)[:EVENTS_MAX]
    await connection.execute(
        statements.UPSERT_SHARED_NUMBER_FINDING,
        f"number/{number}",
        at,
        detail,
        few,
        stored_sentence(detail),
    )


async def reproject_waiting(connection: WriteConnection, learnt: Sequence[str]) -> None:
    if learnt:
        await connection.execute(statements.REPROJECT_AMBIGUOUS_EVENTS, learnt)


async def reproject_understood(
    connection: WriteConnection,
    unknown: Sequence[EventRevision],
    by_alias: Mapping[tuple[str, int | None, str], int],
) -> None:
    """Project events again whose material got its number while the batch was built."""
    names = ((event, number) for event in unknown for number in _numbers_of(event))
    events_by_number: dict[str, set[UUID]] = defaultdict(set)
    for event, number in names:
        events_by_number[number].add(event.event_id)
    if not events_by_number:
        return
    rows = await connection.fetch(FIND_MATERIAL_NUMBERS, [*events_by_number])
    new = {row["number"] for row in rows if tuple(row)[:3] not in by_alias}
    if again := {event_id for number in new for event_id in events_by_number[number]}:
        await connection.execute(statements.REPROJECT_EVENTS, [*again])


def _numbers_of(event: EventRevision) -> list[str]:
    named = event.named
    return [number for number in (named.supplier_material, named.ean) if number]
