"""What the projector itself finds wrong with an event: written once, cleared when it is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from werknetz.store.projection import findings as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.event_revisions import Told

KINDS: Final = ("unit_mismatch", "ambiguous_material", "unknown_place", "unprojectable_event")
EVENTS_MAX: Final = 50  # of a finding that many events share


@dataclass(frozen=True, slots=True)
class Finding:
    key: str
    kind: str
    event_id: UUID
    at: datetime
    detail: str
    material_id: int | None = None


def of_event(kind: str, told: Told, detail: str, *, material_id: int | None = None) -> Finding:
    return Finding(key_of(kind, told.event_id), kind, told.event_id, told.at, detail, material_id)


def key_of(kind: str, event_id: UUID) -> str:
    return f"event/{kind}/{event_id}"


async def write(
    connection: WriteConnection, events: Sequence[UUID], findings: Sequence[Finding]
) -> None:
    """Write what is wrong with the events, and clear what no longer is."""
    wrong = {finding.key: finding for finding in findings}
    right = [key for event in events for kind in KINDS if (key := key_of(kind, event)) not in wrong]
    await connection.execute(statements.CLEAR_FINDINGS, right)
    if wrong:
        found = [wrong[key] for key in sorted(wrong)]
        await connection.execute(
            statements.UPSERT_FINDINGS,
            [one.key for one in found],
            [one.kind for one in found],
            [one.material_id for one in found],
            [one.at for one in found],
            [one.detail for one in found],
            [one.event_id for one in found],
        )


async def write_shared(
    connection: WriteConnection, number: str, at: datetime, events: Sequence[UUID]
) -> None:
    """Say that several suppliers, or several materials, have the same number."""
    detail = (
        f"{number!r} is used for several materials: it is resolved for each supplier alone, and "
        "never where the supplier is not told. Let messages say the supplier, or our own number."
    )
    few = sorted(events, key=lambda one: one.bytes)[:EVENTS_MAX]
    await connection.execute(
        statements.UPSERT_SHARED_NUMBER_FINDING, f"number/{number}", at, detail, few
    )


async def waiting_again(connection: WriteConnection, learnt: Sequence[str]) -> None:
    if learnt:
        await connection.execute(statements.REPROJECT_AMBIGUOUS_EVENTS, learnt)
