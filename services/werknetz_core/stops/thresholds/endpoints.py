"""Thresholds of minor stops and of start-ups: data of machines, inherited down the tree."""

from datetime import datetime
from typing import Annotated, Any, Final, Self

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stops.start_up import STOP_MAX_S, StartUpRule
from werknetz.kpi.stops.thresholds import (
    MINOR_STOP_US,
    StopThreshold,
    ThresholdName,
    threshold_at,
)
from werknetz.store.dirty import MARK_BUCKETS_BELOW
from werknetz.store.tables import equipment, stop_thresholds
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeThresholds, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.context.time_spec import Instant
from werknetz_core.http import pagination
from werknetz_core.http.guard.json_types import Number
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["stops"])
THRESHOLD_MAX_S: Final = 3600.0
_T: Final = stop_thresholds.c
NAMES: Final[tuple[ThresholdName, ...]] = (
    "minor_stop_s", "start_up_s", "start_up_items", "start_up_after_stop_s"
)  # fmt: skip
DEFAULTS: Final[dict[ThresholdName, float]] = {
    "minor_stop_s": MINOR_STOP_US / 1e6,
    "start_up_s": StartUpRule().duration_us / 1e6,
    "start_up_items": StartUpRule().good_items,
    "start_up_after_stop_s": StartUpRule().after_stop_us / 1e6,
}
_VALUES: Final = [_T[name] for name in NAMES]
_SORTING: Final = Sorting(
    "equipment",
    tie=SortKey(equipment.c.path + " " + sa.cast(_T.valid_from, sa.Text)),
    keys={
        "equipment": SortKey(equipment.c.path),
        "valid_from": SortKey(_T.valid_from, SortType.TIME),
    },
)


class StopThresholdView(BaseModel):
    equipment: str
    valid_from: datetime
    # Each null: that of the equipment above, in the end 120 s, 900 s, 0 (no number) and 3600 s.
    minor_stop_s: float | None
    start_up_s: float | None
    start_up_items: float | None
    start_up_after_stop_s: float | None


class ThresholdInForceView(BaseModel):
    """`set_at`: the equipment whose value holds, itself or one above; null: it is the default."""

    name: ThresholdName
    value: float
    set_at: str | None
    valid_from: datetime | None


class ThresholdsInForceView(BaseModel):
    equipment: str
    at: datetime
    thresholds: list[ThresholdInForceView]


class NewStopThreshold(BaseModel):
    """What holds at the equipment and all below it; null: what holds above, absent: as before."""

    model_config = ConfigDict(extra="forbid")

    minor_stop_s: Annotated[Number | None, Field(ge=0, le=THRESHOLD_MAX_S)] = Field(
        None, description="A malfunction that is shorter is a minor stop."
    )
    start_up_s: Annotated[Number | None, Field(ge=0, le=STOP_MAX_S)] = Field(
        None, description="How long a start-up lasts."
    )
    start_up_items: Annotated[Number | None, Field(ge=0, le=1e9)] = Field(
        None, description="The number of good items that ends a start-up earlier; 0: none does."
    )
    start_up_after_stop_s: Annotated[Number | None, Field(ge=0, le=STOP_MAX_S)] = Field(
        None, description="A stop of at least this length is followed by a start-up."
    )
    valid_from: Instant | None = None  # null: from now on
    why: Annotated[str | None, Field(max_length=2000)] = None

    @model_validator(mode="after")
    def check_given(self) -> Self:
        if not self.model_fields_set & set(NAMES):
            raise ValueError(f"give at least one of {', '.join(NAMES)}")
        return self


@router.get("/stop_thresholds", dependencies=[Depends(refuse_unknown_parameters)])
async def list_stop_thresholds(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[StopThresholdView]:
    """List the thresholds of minor stops and of start-ups. Sort: equipment, valid_from.

    Without one, a malfunction of less than 120 s is minor, and a start-up lasts 900 s.
    """
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = (
        sa.select(equipment.c.path.label("equipment"), _T.valid_from, *_VALUES)
        .join(equipment, equipment.c.id == _T.equipment_id)
        .where(condition, _T.known_to.is_(None))
    )
    return await query_page(request, session, params, query, _SORTING, StopThresholdView)


@router.get("/stop_thresholds/{path:path}", dependencies=[Depends(refuse_unknown_parameters)])
async def get_thresholds_in_force(
    path: str, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> ThresholdsInForceView:
    """Return the thresholds that hold at an equipment now, and where each is set."""
    node = await context.tree.find_node(path, principal)
    names = node.path.split("/")
    paths = ["/".join(names[: n + 1]) for n in range(len(names))]
    query = (
        sa.select(equipment.c.path, _T.valid_from, *_VALUES)
        .join(equipment, equipment.c.id == _T.equipment_id)
        .where(equipment.c.path.in_(paths), _T.known_to.is_(None))
    )
    rows = [
        StopThreshold(above, microseconds_of(valid_from), *values)
        for above, valid_from, *values in await session.execute(query)
    ]
    now_us = context.now_us()
    in_force = [_in_force(rows, now_us, name) for name in NAMES]
    return ThresholdsInForceView(equipment=node.path, at=instant_of(now_us), thresholds=in_force)


def _in_force(rows: list[StopThreshold], now_us: int, name: ThresholdName) -> ThresholdInForceView:
    threshold = threshold_at(rows, now_us, name)
    if threshold is None:
        return ThresholdInForceView(name=name, value=DEFAULTS[name], set_at=None, valid_from=None)
    return ThresholdInForceView(
        name=name, value=getattr(threshold, name), set_at=threshold.path,
        valid_from=instant_of(threshold.valid_from_us),
    )  # fmt: skip


@router.put("/stop_thresholds/{path:path}")
async def set_stop_threshold(
    path: str, new: NewStopThreshold, context: ContextDep, session: WriteSessionDep,
    principal: MayChangeThresholds,
) -> StopThresholdView:  # fmt: skip
    """Set thresholds from `valid_from` on; what they change is computed again."""
    node = await context.tree.find_node(path, principal)
    valid_from = new.valid_from or instant_of(context.now_us())
    in_force = _T.known_to.is_(None)
    is_same = [_T.equipment_id == node.id, _T.valid_from == valid_from, in_force]
    query = sa.select(*_VALUES).where(
        _T.equipment_id == node.id, _T.valid_from <= valid_from, in_force
    )
    row = (await session.execute(query.order_by(_T.valid_from.desc()).limit(1))).first()
    former: dict[str, Any] = dict.fromkeys(NAMES) if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's name
    changes = new.model_dump(include=set[str](NAMES), exclude_unset=True)
    values = former | changes
    await session.execute(
        sa.update(stop_thresholds).where(*is_same).values(known_to=sa.func.clock_timestamp())
    )
    await session.execute(
        sa.insert(stop_thresholds).values(equipment_id=node.id, valid_from=valid_from, **values)
    )
    await session.execute(sa.text(MARK_BUCKETS_BELOW), {"path": path, "since": valid_from})
    await record_change(
        session, principal, "changed", ("stop_threshold", path),
        before={name: former[name] for name in changes},
        after={**changes, "valid_from": valid_from.isoformat()},
        equipment=path, reason=new.why,
    )  # fmt: skip
    return StopThresholdView(equipment=path, valid_from=valid_from, **values)
