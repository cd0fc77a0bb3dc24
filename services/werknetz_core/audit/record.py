"""Records a change by a person in the transaction of the change."""

import json
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.access.caller import sees_all_plants
from werknetz.store.session import Database, WriteSession
from werknetz.store.shop_floor.audit import ADD_AUDIT_ENTRY_OF
from werknetz.store.tables import audit_log
from werknetz_core.access.keys import Principal
from werknetz_core.audit.origin import current_origin

_LAST_ID: Final = sa.select(sa.func.currval(sa.func.pg_get_serial_sequence("audit_log", "id")))


async def record_change(
    session: WriteSession,
    by: Principal,
    action: str,
    subject: tuple[str, str],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    equipment: str | None = None,
    reason: str | None = None,
) -> int:
    """Add an entry to the audit log; `subject` is its kind and its id, such as ("stop", "17").

    Return the id of the entry. `before` and `after` are JSON objects; None: the subject did not
    exist before or after. Where the change came from is that of the request at hand.
    """
    kind, subject_id = subject
    origin = current_origin()
    insert = sa.insert(audit_log).values(
        by=by.name, action=action, subject=kind, subject_id=subject_id, equipment=equipment,
        before=before, after=after, reason=reason, address=origin.address,
        client=origin.client, trace_id=origin.trace_id,
    )  # fmt: skip
    change_id: int | None
    if equipment is not None or sees_all_plants():
        change_id = await session.scalar(insert.returning(audit_log.c.id))
    else:  # RETURNING would read it, and whoever sees some plants only may not
        await session.execute(insert.inline())  # SQLAlchemy adds one otherwise
        change_id = await session.scalar(_LAST_ID)
    assert change_id is not None  # noqa: S101 - an INSERT returns its row
    return change_id


async def record_at_once(
    database: Database,
    by: Principal,
    action: str,
    subject: tuple[str, str],
    *,
    after: Mapping[str, Any],
) -> None:
    """Add an entry to the audit log and commit it, for what no rollback takes back.

    It goes over a driver connection: whoever has a session open always gets one.
    """
    kind, subject_id = subject
    origin = current_origin()
    await database.execute(
        ADD_AUDIT_ENTRY_OF, by.name, action, kind, subject_id, json.dumps(after),
        origin.address, origin.client, origin.trace_id,
    )  # fmt: skip
