"""Marks the stops whose time changes with the reasons of their codes: workers compute it again."""

import sqlalchemy as sa

from werknetz.kpi.stops.reasons import Reason
from werknetz.kpi.stops.thresholds import MINOR_STOP_US
from werknetz.store.dirty import MARK_BUCKETS_OF_CODE, MARK_BUCKETS_OF_ENTRIES
from werknetz.store.session import WriteSession
from werknetz.store.tables import equipment, reason_codes


async def mark_stops_with_code(session: WriteSession, path: str, state_code: str) -> None:
    """Mark the stops with a code of the machines at or below an equipment."""
    parameters = {"path": path, "code": state_code, "before_s": MINOR_STOP_US / 1e6}
    await session.execute(sa.text(MARK_BUCKETS_OF_CODE), parameters)


async def mark_stops_of_reason(session: WriteSession, before: Reason | None, after: Reason) -> None:
    """Mark the stops of a changed reason, by code or by a person, if it says something else."""
    if after.kind != "stop" or (before is not None and before.code_effect == after.code_effect):
        return
    codes = reason_codes.c
    query = (
        sa.select(equipment.c.path, codes.state_code)
        .join(equipment, equipment.c.id == codes.equipment_id)
        .where(codes.kind == "stop", codes.reason == after.code, codes.known_to.is_(None))
        .order_by(equipment.c.path, codes.state_code)
    )
    await session.execute(sa.text(MARK_BUCKETS_OF_ENTRIES), {"reason": after.code})
    for path, state_code in (await session.execute(query)).all():
        await mark_stops_with_code(session, path, state_code)
