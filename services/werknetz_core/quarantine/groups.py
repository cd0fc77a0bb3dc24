"""Groups of quarantined entries: one for each reason, over all connectors and sources."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from werknetz.store.session import ReadSession
from werknetz.store.tables import connectors, equipment, quarantine, signals
from werknetz.texts.sentence import write_text
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.sorting import Sorting, SortKey, SortType, paginate
from werknetz_core.quarantine.reasons import REASON_MAX, GroupReason, group_reason
from werknetz_core.quarantine.schemas import GroupSourceView, QuarantineGroupView

SOURCES_MAX: Final = 50
"""Of one group, those with most entries; `sources_total` counts all."""
_SORT_TYPES: Final[Mapping[str, SortType]] = {
    "count": SortType.NUMBER,
    "entries": SortType.NUMBER,
    "reason": SortType.TEXT,
    "first_at": SortType.TIME,
    "last_at": SortType.TIME,
}


async def load_groups(
    session: ReadSession, conditions: Sequence[sa.ColumnElement[bool]], params: ListParams
) -> tuple[list[sa.RowMapping], str | None]:
    """Return a page of groups without their sources, and the cursor of the next page.

    There may be as many groups as texts that somebody sends: PostgreSQL sorts and cuts them.
    """
    q = quarantine.c
    reason = group_reason()
    groups = (
        sa.select(
            reason.label("reason"), sa.func.count().label("entries"),
            sa.func.count().filter(q.state == "assigned").label("assigned"),
            sa.cast(sa.func.sum(q["count"]), sa.BigInteger).label("count"),
            sa.func.min(q.at).label("first_at"), sa.func.max(q.at).label("last_at"),
            sa.func.max(q.id).label("example_id"),
            sa.func.max(sa.func.left(q.reason, REASON_MAX)).label("example_reason"),
            sa.func.array_agg(sa.distinct(q.mapping)).label("mappings"),
            sa.func.count(sa.distinct(sa.tuple_(q.connector_id, q.source))).label("sources_total"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*conditions)
        .group_by(reason)
        .subquery()
    )  # fmt: skip
    sorting = Sorting(
        "-count",
        tie=SortKey(groups.c.example_id, SortType.NUMBER),
        keys={name: SortKey(groups.c[name], type_) for name, type_ in _SORT_TYPES.items()},
    )
    query, cursor = sorting.page_query(sa.select(groups), params)
    rows = (await session.execute(query)).mappings().all()
    return paginate(rows, cursor, params.limit)


async def group_views(
    session: ReadSession,
    groups: Sequence[sa.RowMapping],
    conditions: Sequence[sa.ColumnElement[bool]],
) -> list[QuarantineGroupView]:
    """Return the groups of a page with their sources."""
    sources = await _load_sources(session, [group["reason"] for group in groups], conditions)
    views = []
    for group in groups:
        reason = GroupReason.of(group["example_reason"])
        fields = {
            **group, "mappings": sorted(filter(None, group["mappings"])),
            "text": write_text(reason.text), "code": reason.text.code,
            "fields": reason.text.document_fields(), "repair": reason.repair,
            "sources": sources[group["reason"]],
        }  # fmt: skip
        views.append(QuarantineGroupView.model_validate(fields))
    return views


async def _load_sources(
    session: ReadSession, reasons: Sequence[str], conditions: Sequence[sa.ColumnElement[bool]]
) -> dict[str, list[GroupSourceView]]:
    q = quarantine.c
    reason = group_reason()
    entries = sa.func.count()
    counted = (
        sa.select(
            reason.label("reason"), q.connector_id, q.source, entries.label("entries"),
            sa.func.sum(q["count"]).label("count"), sa.func.max(q.at).label("last_at"),
            sa.func.row_number()
            .over(partition_by=reason, order_by=[entries.desc(), q.connector_id, q.source])
            .label("place"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*conditions, reason.in_(reasons))
        .group_by(reason, q.connector_id, q.source)
        .subquery()
    )  # fmt: skip
    machine = (
        sa.select(sa.func.min(equipment.c.path))
        .join(signals, signals.c.equipment_id == equipment.c.id)
        .where(
            signals.c.connector_id == counted.c.connector_id, signals.c.source == counted.c.source
        )
        .scalar_subquery()
    )
    query = (
        sa.select(counted, machine.label("equipment"))
        .where(counted.c.place <= SOURCES_MAX)
        .order_by(counted.c.reason, counted.c.place)
    )
    sources: dict[str, list[GroupSourceView]] = defaultdict(list)
    for row in (await session.execute(query)).mappings():
        fields = {name: row[name] for name in GroupSourceView.model_fields}
        sources[row["reason"]].append(GroupSourceView.model_validate(fields))
    return sources
