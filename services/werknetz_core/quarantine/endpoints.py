"""Quarantine: input that could not be converted, by entry and by group, and decisions on it.

Raw bytes require an engineer. Entries are not deleted: a decision records who made it.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, cast

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.session import ReadSession
from werknetz.store.tables import connectors, quarantine
from werknetz.texts.recognition import recognize
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayDecideQuarantine, MayRead, MayReadRaw
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import load_page, page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import with_content_etag
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.mappings import registry
from werknetz_core.mappings.replays.endpoints import add_replay
from werknetz_core.mappings.replays.schemas import NewReplay, ReplayView
from werknetz_core.quarantine.groups import group_views, load_groups
from werknetz_core.quarantine.reasons import group_reason
from werknetz_core.quarantine.schemas import (
    Assignment,
    DecisionView,
    Discard,
    EntrySelection,
    QuarantineDetailView,
    QuarantineGroupView,
    QuarantineReplay,
    QuarantineView,
    Reopening,
)

router = APIRouter(tags=["quality"], route_class=OnceRoute)
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
_SUMMARY_COLUMNS: Final = [
    *(c for c in quarantine.c if c.name not in {"raw", "raw_hash", "spool_id", "seq"}),
    group_reason().label("group"),
]
_UNDECIDED: Final = ("open", "assigned")
# Repeats are reported a minute after they began, so a replay starts this long before.
_REPLAY_MARGIN: Final = timedelta(minutes=2)


@router.get("/quarantine")
async def list_quarantine(
    *,
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    connector: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - FastAPI copies
    state: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    source: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    reason: Annotated[str | None, Query(description="As in the groups.")] = None,
    id: Annotated[list[int], Query(description="Repeated: any of them.")] = [],  # noqa: A002, B006 - the name of the query parameter, which FastAPI copies
) -> pagination.Page[QuarantineView]:
    """List entries, newest first, without the raw bytes. Sort: id, at, stored_at, size."""
    query = (
        sa.select(*_SUMMARY_COLUMNS)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(equipment_scope.connector_visible(principal))
    )
    if connector:
        query = query.where(quarantine.c.connector_id.in_(connector))
    if state:
        query = query.where(quarantine.c.state.in_(state))
    if source:
        query = query.where(quarantine.c.source.in_(source))
    if reason is not None:
        query = query.where(group_reason() == reason)
    if id:
        query = query.where(quarantine.c.id.in_(id))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    views = [QuarantineView(**row, text=_text_of(row)) for row in rows]
    return page_response(request, params, views, QuarantineView, next_cursor=next_cursor)


@router.get("/quarantine/groups")
async def group_quarantine(
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    connector: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    state: Annotated[list[str], Query(description="Repeated: any of them.")] = ["open", "assigned"],  # noqa: B006 - as above
    *,
    params: ListParamsDep,
) -> pagination.Page[QuarantineGroupView]:
    """Group entries by reason, over all connectors and sources; the largest group first.

    A code that a table lacks is one group, with the machines that sent it. Sort: count, entries,
    reason, first_at, last_at.
    """
    conditions = [equipment_scope.connector_visible(principal), quarantine.c.state.in_(state)]
    if connector:
        conditions.append(quarantine.c.connector_id.in_(connector))
    groups, next_cursor = await load_groups(session, conditions, params)
    views = await group_views(session, groups, conditions)
    response = page_response(request, params, views, QuarantineGroupView, next_cursor=next_cursor)
    tagged = with_content_etag(request, cast("Response", response))
    return cast("pagination.Page[QuarantineGroupView]", tagged)


@router.post("/quarantine:assign")
async def assign_quarantine(
    assignment: Assignment, session: WriteSessionDep, principal: MayDecideQuarantine
) -> DecisionView:
    """Assign entries to a person."""
    values = {"state": "assigned", "assigned_to": assignment.to}
    conditions = _conditions(assignment, principal)
    return await _decide(assignment, conditions, values, session, principal)


@router.post("/quarantine:discard")
async def discard_quarantine(
    discard: Discard, session: WriteSessionDep, principal: MayDecideQuarantine
) -> DecisionView:
    """Discard entries, with a reason. They stay visible."""
    values = {"state": "discarded", "note": discard.note}
    conditions = _conditions(discard, principal)
    return await _decide(discard, conditions, values, session, principal)


@router.post("/quarantine:reopen")
async def reopen_quarantine(
    reopening: Reopening, session: WriteSessionDep, principal: MayDecideQuarantine
) -> DecisionView:
    """Open entries again that were assigned or discarded."""
    conditions = _conditions(reopening, principal, ("assigned", "discarded"))
    if reopening.decided_at is not None:
        conditions.append(quarantine.c.decided_at == reopening.decided_at)
    values = {"state": "open", "assigned_to": None, "note": ""}
    return await _decide(reopening, conditions, values, session, principal)


@router.post("/quarantine:replay", status_code=202)
async def replay_quarantine(
    replay: QuarantineReplay,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayDecideQuarantine,
) -> list[ReplayView]:
    """Run the mapping again over the input of the entries, from the first of them on.

    What the mapping can convert now is stored as if it had arrived then; the rest stays here.
    """
    selected = await session.execute(
        sa.select(quarantine.c.connector_id, sa.func.min(quarantine.c.stored_at))
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(*_conditions(replay, principal))
        .group_by(quarantine.c.connector_id)
    )
    replays = []
    for connector, first_at in selected.all():
        start = (first_at - _REPLAY_MARGIN).isoformat()
        name = await registry.mapping_name_of(session, connector)
        new = NewReplay(connector=connector, mapping=name, version=replay.version, start=start)
        replays += await add_replay(new, context, session, principal)
    if not replays:
        raise _nothing_selected()
    return replays


@router.get("/quarantine/{entry_id}")
async def show_quarantine(
    entry_id: int, session: ReadSessionDep, principal: MayReadRaw
) -> QuarantineDetailView:
    """Show one entry with the raw bytes in base64."""
    query = (
        sa.select(quarantine, group_reason().label("group"))
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(
            quarantine.c.id == min(max(entry_id, 0), 2**63 - 1),
            equipment_scope.connector_visible(principal),
        )
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_quarantine",
            Sentence("mappings.unknown_quarantine", entry_id=entry_id),
            Sentence("mappings.list_quarantine"),
        )
    raw = bytes(row["raw"])
    fields = {name: row[name] for name in QuarantineView.model_fields if name != "text"}
    return QuarantineDetailView(
        **fields,
        text=_text_of(row),
        raw_base64=base64.b64encode(raw).decode(),
        raw_complete=len(raw) == row["size"],
        raw_text=_to_text(raw),
        message_hash=bytes(row["raw_hash"]).hex() if row["raw_hash"] else None,
        spool_id=str(row["spool_id"]),
        seq=row["seq"],
    )


def _text_of(row: sa.RowMapping) -> str:
    return write_text(recognize(row["reason"]))


def _conditions(
    selection: EntrySelection, principal: Principal, states: Sequence[str] = _UNDECIDED
) -> list[sa.ColumnElement[bool]]:
    if selection.is_empty:
        raise _nothing_selected()
    q = quarantine.c
    conditions = [equipment_scope.connector_visible(principal), q.state.in_(states)]
    if selection.ids:
        conditions.append(q.id.in_(selection.ids))
    if selection.connector is not None:
        conditions.append(q.connector_id == selection.connector)
    if selection.source is not None:
        conditions.append(q.source == selection.source)
    if selection.reason is not None:
        conditions.append(group_reason() == selection.reason)
    return conditions


async def _decide(
    selection: EntrySelection,
    conditions: Sequence[sa.ColumnElement[bool]],
    values: Mapping[str, str | None],
    session: WriteSessionDep,
    principal: Principal,
) -> DecisionView:
    q = quarantine.c
    groups = await _load_groups(session, conditions)
    # What arrives meanwhile is another decision: the audit log says what this one covers.
    last_id = max((group["last_id"] for group in groups), default=0)
    ids = (
        sa.select(q.id)
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*conditions, q.id <= last_id)
    )
    decided_at = await session.scalar(sa.select(sa.func.clock_timestamp()))
    result = await session.execute(
        sa.update(quarantine)
        .where(quarantine.c.id.in_(ids))
        .values(**values, decided_at=decided_at, decided_by=principal.name)
    )
    if not result.rowcount:
        raise _nothing_selected()
    after = {
        **selection.model_dump(mode="json", exclude_none=True), "entries": result.rowcount,
        **{name: value for name, value in values.items() if name != "note"},
    }  # fmt: skip
    await record_change(
        session, principal, values["state"] or "open",
        ("quarantine", selection.connector or "selection"),
        before={"groups": groups}, after=after, reason=values.get("note") or None,
    )  # fmt: skip
    return DecisionView(entries=result.rowcount, decided_at=decided_at)


async def _load_groups(
    session: ReadSession, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[dict[str, Any]]:
    """Return the entries that a decision covers, by what was decided of them before."""
    q = quarantine.c
    query = (
        sa.select(
            q.state, q.assigned_to, sa.func.count().label("entries"),
            sa.func.min(q.id).label("first_id"), sa.func.max(q.id).label("last_id"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*conditions)
        .group_by(q.state, q.assigned_to)
        .order_by(q.state, q.assigned_to)
    )  # fmt: skip
    return [dict(row) for row in (await session.execute(query)).mappings()]


def _nothing_selected() -> Problem:
    return Problem(
        404,
        "nothing_selected",
        Sentence("mappings.nothing_selected"),
        Sentence("mappings.send_selection"),
    )


def _to_text(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or "\n" in text else None
