"""Annotations: notes of people about an equipment and a time, such as those of a handover."""

from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.store.session import WriteSession
from werknetz.store.tables import annotations, equipment
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead, MayWriteNotes
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.context.time_spec import Instant
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.stops.refusals import check_past

router = APIRouter(tags=["annotations"], route_class=OnceRoute)
_N: Final = annotations.c
_SORTING: Final = Sorting(
    "-start",
    tie=SortKey(_N.id, SortType.NUMBER),
    keys={"start": SortKey(_N.start_at, SortType.TIME), "id": SortKey(_N.id, SortType.NUMBER)},
)
_NOTES: Final = sa.select(
    _N.id, equipment.c.path.label("equipment"), _N.start_at.label("start"),
    _N.end_at.label("end"), _N.text, _N.entered_by, _N.entered_at,
).join(equipment, equipment.c.id == _N.equipment_id)  # fmt: skip


class AnnotationView(BaseModel):
    id: int
    equipment: str
    start: datetime
    end: datetime | None  # null: about an instant
    text: str
    entered_by: str
    entered_at: datetime


class NewAnnotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    equipment: str
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    start: Instant | None = None  # null: now
    end: Instant | None = None


@router.get("/annotations", dependencies=[Depends(refuse_unknown_parameters)])
async def list_annotations(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    start: str | None = None,
    end: str | None = None,
) -> pagination.Page[AnnotationView]:
    """List the notes that begin in the span, newest first. Sort: start, id."""
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = annotations_query().where(condition, time_condition(context, _N.start_at, start, end))
    return await query_page(request, session, params, query, _SORTING, AnnotationView)


@router.post("/annotations", status_code=201)
async def add_annotation(
    new: NewAnnotation, context: ContextDep, session: WriteSessionDep, principal: MayWriteNotes
) -> AnnotationView:
    """Add a note."""
    node = await context.tree.find_node(new.equipment, principal)
    start = new.start or instant_of(context.now_us())
    if new.end is not None and new.end <= start:
        raise Problem(
            422,
            "invalid_span",
            Sentence("shop_floor.end_not_after_start"),
            Sentence("shop_floor.send_later_end"),
        )
    for name, at in (("start", start), ("end", new.end)):
        if at is not None:
            check_past(name, microseconds_of(at), context.now_us())
    if "\0" in new.text:
        raise Problem(
            422,
            "invalid_parameter",
            Sentence("requests.text_with_nul"),
            Sentence("requests.remove_it"),
        )
    insert = sa.insert(annotations).values(
        equipment_id=node.id, start_at=start, end_at=new.end, text=new.text,
        entered_by=principal.name,
    )  # fmt: skip
    note_id = await session.scalar(insert.returning(_N.id))
    await record_change(
        session, principal, "entered", ("annotation", str(note_id)),
        after={"start": start.isoformat(), "text": new.text}, equipment=node.path,
    )  # fmt: skip
    row = (await session.execute(annotations_query().where(_N.id == note_id))).mappings().one()
    return AnnotationView(**row)


@router.delete("/annotations/{annotation_id}", status_code=204)
async def withdraw_annotation(
    annotation_id: int, session: WriteSessionDep, principal: MayWriteNotes
) -> None:
    """Withdraw a note; the audit log keeps its text."""
    row = await _load_note(annotation_id, _N.withdrawn_at.is_(None), session, principal)
    at = sa.func.clock_timestamp()
    await session.execute(sa.update(annotations).where(_N.id == row["id"]).values(withdrawn_at=at))
    await record_change(
        session, principal, "withdrawn", ("annotation", str(annotation_id)),
        before=_document_of(row), equipment=row["equipment"],
    )  # fmt: skip


@router.post("/annotations/{annotation_id}:undo")
async def undo_withdrawal(
    annotation_id: int, session: WriteSessionDep, principal: MayWriteNotes
) -> AnnotationView:
    """Bring back a note that was withdrawn: its author and its times stay."""
    row = await _load_note(annotation_id, sa.true(), session, principal)
    former = sa.update(annotations).where(_N.id == row["id"], _N.withdrawn_at.is_not(None))
    if not (await session.execute(former.values(withdrawn_at=None))).rowcount:
        raise Problem(
            409, "nothing_to_undo",
            Sentence("shop_floor.annotation_in_force", annotation_id=annotation_id),
            Sentence("shop_floor.list_annotations"),
        )  # fmt: skip
    await record_change(
        session, principal, "undone", ("annotation", str(annotation_id)),
        after=_document_of(row), equipment=row["equipment"],
    )  # fmt: skip
    return AnnotationView(**row)


async def _load_note(
    annotation_id: int,
    condition: sa.ColumnElement[bool],
    session: WriteSession,
    principal: Principal,
) -> sa.RowMapping:
    number = min(max(annotation_id, 0), 2**31 - 1)
    row = (await session.execute(_NOTES.where(_N.id == number, condition))).mappings().first()
    # Of another plant: whether it exists is not for this key.
    if row is None or not principal.can_see(row["equipment"]):
        raise Problem(
            404, "unknown_annotation",
            Sentence("shop_floor.unknown_annotation", annotation_id=annotation_id),
            Sentence("shop_floor.list_annotations"),
        )  # fmt: skip
    return row


def _document_of(row: sa.RowMapping) -> dict[str, str]:
    """Return what the audit log shows of a note."""
    return {"start": row["start"].isoformat(), "text": row["text"]}


def annotations_query() -> sa.Select[Any]:
    """Select the notes in force."""
    return _NOTES.where(_N.withdrawn_at.is_(None))
