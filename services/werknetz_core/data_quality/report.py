"""Reads what a report of data quality consists of."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.store.queries.data_quality import SAMPLES_OF_A_DAY, VALUES_BY_QUALITY
from werknetz.store.session import ReadConnection, ReadSession
from werknetz.store.tables import connectors, equipment, quarantine, signals
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.data_quality.schemas import PlantQualityView, UnmappedTagView, ValuesView
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.limits.weight import Reads
from werknetz_core.quarantine.reasons import is_unmapped_tag

UNMAPPED_MAX: Final = 100
DAYS_MAX: Final = 31
_DAY_US: Final = 86_400_000_000
_UNDECIDED: Final = ("open", "assigned")


async def owners_of(
    context: AppContext, principal: Principal, under: str | None
) -> list[EquipmentNode]:
    """Return what values are counted for: the plants, or an equipment inside a plant."""
    if under is None:
        tree = await context.tree.current()
        return [n for n in tree.nodes.values() if _is_plant(n) and principal.can_see(n.path)]
    node = await context.tree.find_node(under, principal)
    tree = await context.tree.current()
    plants = [n for n in tree.subtree(node.path) if _is_plant(n) and principal.can_see(n.path)]
    return plants or [node]


def _is_plant(node: EquipmentNode) -> bool:
    return node.level == "plant"


def check_span(span: UtcSpan) -> None:
    if span.end_us - span.start_us > DAYS_MAX * _DAY_US:
        raise invalid_parameter(
            "start",
            Sentence("quarantine.period_too_long", days=DAYS_MAX),
            Sentence("quarantine.shorter_period"),
        )


async def reads_of_values(
    context: AppContext, tree: EquipmentTree, owners: Sequence[EquipmentNode], span: UtcSpan
) -> Reads:
    """Return about how many samples the period has of these equipments."""
    of_day = await context.database.fetchrow(SAMPLES_OF_A_DAY)
    ids = sum(len(tree.ids_below.get(owner.path, ())) for owner in owners)
    share = ids / max(1, len(tree.nodes))
    days = max(0, span.end_us - span.start_us) / _DAY_US
    return Reads(rows=int((of_day[0] if of_day else 0) * days * min(1.0, share)))


async def load_values(
    connection: ReadConnection, tree: EquipmentTree,
    owners: Sequence[EquipmentNode], span: UtcSpan,
) -> list[PlantQualityView]:  # fmt: skip
    pairs = [(i, n) for n, owner in enumerate(owners) for i in tree.ids_below.get(owner.path, ())]
    rows = await connection.fetch(
        VALUES_BY_QUALITY, [pair[0] for pair in pairs], [pair[1] for pair in pairs],
        instant_of(span.start_us), instant_of(span.end_us),
    )  # fmt: skip
    counts = {row["owner"]: (row["good"], row["uncertain"], row["bad"]) for row in rows}
    return [
        PlantQualityView(equipment=owner.path, **_shares(*counts.get(n, (0, 0, 0))))
        for n, owner in enumerate(owners)
    ]


def total_of(plants: Sequence[PlantQualityView]) -> ValuesView:
    good, uncertain, bad = (
        sum(getattr(plant, name) for plant in plants) for name in ("good", "uncertain", "bad")
    )
    return ValuesView(**_shares(good, uncertain, bad))


def _shares(good: int, uncertain: int, bad: int) -> dict[str, Any]:
    values = good + uncertain + bad
    counts = {"good": good, "uncertain": uncertain, "bad": bad}
    shares = {f"{name}_share": n / values if values else None for name, n in counts.items()}
    return {"values": values, **counts, **shares}


async def load_unmapped(
    session: ReadSession, principal: Principal, under: str | None
) -> tuple[list[UnmappedTagView], int]:
    """Return the newest unmapped tags, and the number of all."""
    q = quarantine.c
    tags = (
        sa.select(
            q.connector_id, q.source, sa.func.max(q.mapping).label("mapping"),
            sa.func.sum(q["count"]).label("count"), sa.func.min(q.at).label("first_at"),
            sa.func.max(q.at).label("last_at"), sa.func.max(q.id).label("example_id"),
            sa.func.count().over().label("total"),
        )
        .join(connectors, connectors.c.id == q.connector_id)
        .where(is_unmapped_tag(), *_undecided_conditions(principal, under))
        .group_by(q.connector_id, q.source)
        .order_by(sa.desc("last_at"), q.connector_id, q.source)
        .limit(UNMAPPED_MAX)
    )  # fmt: skip
    rows = (await session.execute(tags)).mappings().all()
    views = [
        UnmappedTagView(**{name: row[name] for name in UnmappedTagView.model_fields})
        for row in rows
    ]
    return views, rows[0]["total"] if rows else 0


async def load_quarantined(
    session: ReadSession, principal: Principal, under: str | None
) -> tuple[int, int]:
    """Return the number of undecided entries, and the newest of them."""
    q = quarantine.c
    query = (
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(q.id), 0))
        .join(connectors, connectors.c.id == q.connector_id)
        .where(*_undecided_conditions(principal, under))
    )
    entries, newest = (await session.execute(query)).one()
    return entries, newest


def _undecided_conditions(principal: Principal, under: str | None) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of undecided entries; `under`: of connectors with a signal there."""
    conditions = [quarantine.c.state.in_(_UNDECIDED), equipment_scope.connector_visible(principal)]
    if under is not None:
        served = (
            sa.select(1)
            .select_from(signals.join(equipment, equipment.c.id == signals.c.equipment_id))
            .where(
                signals.c.connector_id == connectors.c.id,
                equipment_scope.path_within(equipment.c.path, [under]),
            )
        )
        conditions.append(sa.exists(served))
    return conditions
