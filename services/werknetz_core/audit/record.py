"""Records a change by a person in the transaction of the change."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from werknetz.store.session import WriteSession
from werknetz.store.tables import audit_log
from werknetz_core.access.keys import Principal
from werknetz_core.audit.origin import current_origin


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
    change_id: int | None = await session.scalar(
        sa.insert(audit_log)
        .values(
            by=by.name, action=action, subject=kind, subject_id=subject_id, equipment=equipment,
            before=before, after=after, reason=reason, address=origin.address,
            client=origin.client, trace_id=origin.trace_id,
        )
        .returning(audit_log.c.id)
    )  # fmt: skip
    assert change_id is not None  # noqa: S101 - an INSERT returns its row
    return change_id
