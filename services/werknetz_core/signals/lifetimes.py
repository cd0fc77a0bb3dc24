"""Changes of the lifetimes of signals by people."""

from datetime import UTC, datetime

from werknetz.store.equipment import lifetimes as statements
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem
from werknetz_core.signals.schemas import SignalLifetimeChange

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


async def change_lifetime(
    session: WriteSession, signal_id: int, body: SignalLifetimeChange, by: Principal
) -> None:
    """Set the lifetime, and mark what it changes."""
    result = await session.execute(statements.FIND_SIGNAL_FOR_CHANGE, {"id": signal_id})
    row = result.mappings().one()
    before = {name: row[name] for name in ("valid_from", "valid_to")}
    after = before | body.model_dump(include=body.model_fields_set & before.keys())
    start, end = after["valid_from"], after["valid_to"]
    if start is not None and end is not None and end <= start:
        detail = Sentence("equipment.signal_span_reversed", end=end, start=start)
        raise Problem(
            422, "invalid_change", detail, Sentence("equipment.correct_one"),
            errors=[{"pointer": "/valid_to", "code": "invalid", "detail": detail}],
        )  # fmt: skip
    changed = {name for name in before if before[name] != after[name]}
    if not changed:
        return
    await session.execute(statements.SET_LIFETIME, {"id": signal_id, **after})
    if row["equipment_id"] is not None:
        edges = [edge or _EARLIEST for name in changed for edge in (before[name], after[name])
                 if edge is not None or name == "valid_from"]  # fmt: skip
        await session.execute(
            statements.MARK_MACHINE_SINCE, {"id": row["equipment_id"], "at": min(edges)}
        )
    await record_change(
        session, by, "changed", ("signal", str(signal_id)),
        before={name: _text(before[name]) for name in changed},
        after={name: _text(after[name]) for name in changed},
        equipment=row["equipment"], reason=body.reason,
    )  # fmt: skip


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
