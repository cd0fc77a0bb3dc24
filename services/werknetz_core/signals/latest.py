"""The newest sample of signals, up to now."""

from collections.abc import Sequence
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.domain.status import severity
from werknetz.store.queries.latest_samples import load_latest_samples
from werknetz.store.session import ReadConnection
from werknetz_core.context.app_context import AppContext

NO_SAMPLE: Final[dict[str, Any]] = dict.fromkeys(("at", "value", "text", "status", "quality"))
ROWS_PER_SIGNAL: Final = 100
"""What the newest sample costs: one look into the index of each day, until there is one."""


async def load_latest(
    connection: ReadConnection, context: AppContext, ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return the newest sample by id of its signal; signals without one are left out."""
    rows = await load_latest_samples(connection, ids, instant_of(context.now_us()))
    return {signal_id: sample_of(row) for signal_id, row in rows.items()}


def sample_of(row: Any) -> dict[str, Any]:
    """Return a sample as the API shows it."""
    status = row["status"] & 0xFFFF_FFFF
    return {
        "at": row["at"], "value": row["value"], "text": row["text"], "status": status,
        "quality": severity(status),
    }  # fmt: skip
