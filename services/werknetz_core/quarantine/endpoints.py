"""The quarantine desk: what could not be understood, by group and by entry, and what to do.

Raw bytes need an engineer. Nothing is deleted here: an entry is decided, and says by whom.
"""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables import connectors, quarantine
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import (
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.mappings import registry
from werknetz_core.mappings.endpoints import add_replay
from werknetz_core.mappings.schemas import NewReplay, ReplayView
from werknetz_core.quarantine.schemas import (
    Assignment,
    Choice,
    Decided,
    Discard,
    QuarantineDetailView,
    QuarantineGroupView,
    QuarantineReplay,
    QuarantineView,
)

router = APIRouter(tags=["quality"])
_SORTING: Final = Sorting(
    "-id",
    tie=SortKey(quarantine.c.id, SortType.NUMBER),
    keys={
        "id": SortKey(quarantine.c.id, SortType.NUMBER),
        "at": SortKey(quarantine.c.at, SortType.TIME),
        "stored_at": SortKey(quarantine.c.stored_at, SortType.TIME),
        "size": SortKey(quarantine.c.size, SortType.NUMBER),
    },
)
_HEAD = [
    column for column in quarantine.c if column.name not in {"raw", "raw_hash", "spool_id", "seq"}
]
BEFORE_FIRST = timedelta(minutes=2)  # a flood is told a minute after it began


@router.get("/quarantine")
async def list_quarantine(
    request: Request,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    state: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
) -> pagination.Page[QuarantineView]:
    """List quarantine, newest first, without the raw bytes. Sort: id, at, stored_at, size."""
    query = (
        sa.select(*_HEAD)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(equipment_scope.connector_visible(principal))
    )
    if connector:
        query = query.where(quarantine.c.connector_id.in_(connector))
    if state:
        query = query.where(quarantine.c.state.in_(state))
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [QuarantineView(**row) for row in rows]
    return list_response(
        request, params, items, columns_of(QuarantineView), next_cursor=next_cursor
    )  # type: ignore[return-value] # a ready answer of that form


@router.get("/quarantine/groups")
async def group_quarantine(
    session: ReadSessionDep,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    state: Annotated[list[str], Query(description="Repeated: any.")] = ["open", "assigned"],  # noqa: B006 - as above
    limit: pagination.LimitParam = 100,
) -> list[QuarantineGroupView]:
    """Group quarantine by connector, source and kind of reason, the largest first."""
    kind = reason_kind()
    q = quarantine.c
    newest = sa.func.max(q.id)
    query = (
        sa.select(
            q.connector_id, q.source, kind.label("reason"), q.state,
            sa.func.count().label("entries"), sa.func.sum(q["count"]).label("count"),
            sa.func.min(q.at).label("first_at"), sa.func.max(q.at).label("last_at"),
            newest.label("example_id"),
            sa.func.max(sa.func.left(q.reason, 500)).label("example_reason"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(equipment_scope.connector_visible(principal), q.state.in_(state))
        .group_by(q.connector_id, q.source, kind, q.state)
        .order_by(sa.func.sum(q["count"]).desc(), newest.desc())
        .limit(limit)
    )  # fmt: skip
    if connector:
        query = query.where(q.connector_id.in_(connector))
    rows = (await session.execute(query)).mappings().all()
    return [QuarantineGroupView(**{**row, "count": int(row["count"])}) for row in rows]


@router.post("/quarantine:assign")
async def assign_quarantine(
    assignment: Assignment, session: WriteSessionDep, principal: Engineer
) -> Decided:
    """Give entries to somebody."""
    values = {"state": "assigned", "assigned_to": assignment.to}
    return await _decide(assignment, values, session, principal)


@router.post("/quarantine:discard")
async def discard_quarantine(
    discard: Discard, session: WriteSessionDep, principal: Engineer
) -> Decided:
    """Decide that entries are not needed, and why. They stay to be seen."""
    values = {"state": "discarded", "note": discard.note}
    return await _decide(discard, values, session, principal)


@router.post("/quarantine:replay", status_code=202)
async def replay_quarantine(
    wanted: QuarantineReplay, context: ContextDep, session: WriteSessionDep, principal: Engineer
) -> list[ReplayView]:
    """Run the mapping again over the input in which the entries stand, from the first of them on.

    What it can read now comes into the model where it belongs; what it cannot stays here.
    """
    chosen = await session.execute(
        sa.select(quarantine.c.connector_id, sa.func.min(quarantine.c.stored_at))
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(*_chosen(wanted, principal))
        .group_by(quarantine.c.connector_id)
    )
    found = []
    for connector, first_at in chosen.all():
        start = (first_at - BEFORE_FIRST).isoformat()
        name = await registry.name_used_by(session, connector)
        new = NewReplay(connector=connector, mapping=name, version=wanted.version, start=start)
        found += await add_replay(new, context, session, principal)
    if not found:
        raise _nothing_chosen()
    return found


@router.get("/quarantine/{number}")
async def show_quarantine(
    number: int, session: ReadSessionDep, principal: Engineer
) -> QuarantineDetailView:
    """Show one entry with the raw bytes in base64."""
    query = (
        sa.select(quarantine)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(
            quarantine.c.id == min(max(number, 0), 2**63 - 1),
            equipment_scope.connector_visible(principal),
        )
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_quarantine",
            f"There is no quarantine entry {number} that this key may see.",
            "GET /api/v1/quarantine lists them.",
        )
    raw = bytes(row["raw"])
    told = {name: row[name] for name in QuarantineView.model_fields}
    return QuarantineDetailView(
        **told,
        raw_base64=base64.b64encode(raw).decode(),
        raw_complete=len(raw) == row["size"],
        raw_text=_text_of(raw),
        message_hash=bytes(row["raw_hash"]).hex() if row["raw_hash"] else None,
        spool_id=str(row["spool_id"]),
        seq=row["seq"],
    )


def reason_kind() -> sa.ColumnElement[str]:
    """The reason without the values in it, as `mappings.comparison.kind_of_reason` writes it."""
    return sa.func.regexp_replace(quarantine.c.reason, REASON_VALUES, "…", "g")


REASON_VALUES = "'[^']*'|\"[^\"]*\"|[0-9]+"


def _chosen(choice: Choice, principal: Principal) -> list[sa.ColumnElement[bool]]:
    if choice.is_empty:
        raise _nothing_chosen()
    q = quarantine.c
    found = [equipment_scope.connector_visible(principal), q.state.in_(("open", "assigned"))]
    if choice.ids:
        found.append(q.id.in_(choice.ids))
    if choice.connector is not None:
        found.append(q.connector_id == choice.connector)
    if choice.source is not None:
        found.append(q.source == choice.source)
    if choice.reason is not None:
        found.append(reason_kind() == choice.reason)
    return found


async def _decide(
    choice: Choice, values: Mapping[str, str], session: WriteSessionDep, principal: Principal
) -> Decided:
    ids = (
        sa.select(quarantine.c.id)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(*_chosen(choice, principal))
    )
    done = await session.execute(
        sa.update(quarantine)
        .where(quarantine.c.id.in_(ids))
        .values(**values, decided_at=sa.func.clock_timestamp(), decided_by=principal.name)
    )
    if not done.rowcount:
        raise _nothing_chosen()
    return Decided(entries=done.rowcount)


def _nothing_chosen() -> Problem:
    return Problem(
        404,
        "nothing_chosen",
        "No open entry is chosen by this that this key may see.",
        "Send `ids`, `connector` or `source` of open entries; GET /api/v1/quarantine/groups "
        "lists what is open.",
    )


def _text_of(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or "\n" in text else None
