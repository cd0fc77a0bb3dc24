"""Records a change by a person in the transaction of the change."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from werknetz.store.tables import audit_log
from werknetz_core.access.keys import Principal


async def record_change(
    session: AsyncSession,
    by: Principal,
    action: str,
    subject: tuple[str, str],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    equipment: str | None = None,
    reason: str | None = None,
) -> None:
    """Add an entry to the audit log; `subject` is its kind and its id, such as ("stop", "17").

    `before` and `after` are JSON objects; None: the subject did not exist before or after.
    """
    kind, subject_id = subject
    await session.execute(
        audit_log.insert().values(
            by=by.name, action=action, subject=kind, subject_id=subject_id, equipment=equipment,
            before=before, after=after, reason=reason,
        )
    )  # fmt: skip
