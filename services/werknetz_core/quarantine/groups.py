"""Groups of quarantined entries: one for each reason, over all connectors and sources."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from werknetz.store.session import ReadSession
from werknetz.store.tables import connectors, equipment, quarantine, signals
from werknetz.texts.sentence import write_text
from werknetz_core.quarantine.reasons import GroupReason, group_reason
from werknetz_core.quarantine.schemas import GroupSourceView, QuarantineGroupView

SOURCES_MAX: Final = 50
"""Of one group, those with most entries; `sources_total` counts all."""


async def load_groups(
    session: ReadSession, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[dict[str, object]]:
    """Return the groups without their sources."""
    q = quarantine.c
    reason = group_reason()
    query = (
        sa.select(
            reason.label("reason"), sa.func.count().label("entries"),
            sa.func.count().filter(q.state == "assigned").label("assigned"),
            sa.func.sum(q["count"]).label("count"), sa.func.min(q.at).label("first_at"),
            sa.func.max(q.at).label("last_at"), sa.func.max(q.id).label("example_id"),
            sa.func.max(sa.func.left(q.reason, 500)).label("example_reason"),
            sa.func.array_agg(sa.distinct(q.mapping)).label("mappings"),
            sa.func.count(sa.distinct(sa.tuple_(q.connector_id, q.source))).label("sources_total"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*conditions)
        .group_by(reason)
    )  # fmt: skip
    rows = (await session.execute(query)).mappings().all()
    return [{**row, "count": int(row["count"])} for row in rows]


async def group_views(
    session: ReadSession,
    groups: Iterable[dict[str, object]],
    conditions: Sequence[sa.ColumnElement[bool]],
) -> list[QuarantineGroupView]:
    """Return the groups of a page with their sources."""
    shown = list(groups)
    sources = await _load_sources(session, [str(group["reason"]) for group in shown], conditions)
    views = []
    for group in shown:
        reason = GroupReason.of(str(group["example_reason"]))
        names = group["mappings"] if isinstance(group["mappings"], list) else []
        fields = {
            **group, "mappings": sorted(filter(None, names)), "text": write_text(reason.text),
            "code": reason.text.code, "fields": reason.text.document_fields(),
            "repair": reason.repair, "sources": sources[str(group["reason"])],
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
