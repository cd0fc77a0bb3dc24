"""Sets and withdraws targets, freezes their baselines and records each change."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.kpi.targets.standards import Standards
from werknetz.store.session import WriteSession
from werknetz.store.tables import target_standards, targets
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_span, parse_zone
from werknetz_core.http.key_format import validate_key
from werknetz_core.http.problem import Problem
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.measure import ScopeSums, measure_scope
from werknetz_core.targets.report import StoredTarget
from werknetz_core.targets.schemas import NewTarget
from werknetz_core.targets.standards import measure_standards

SUBJECT = "target"


async def set_target(
    context: AppContext, session: WriteSession, principal: Principal, key: str, body: NewTarget
) -> StoredTarget:
    """Create or change a target; raise 422 for one that cannot be."""
    validate_key(key, "target")
    nodes = [await context.tree.find_node(path, principal) for path in dict.fromkeys(body.under)]
    _refuse_nested(nodes)
    definition = _definition_of(context, nodes, body)
    row = (await session.execute(_in_force(key).with_for_update())).mappings().one_or_none()
    former = None if row is None else TargetDefinition.parse(row["document"])
    if former is not None:
        for path in former.under:
            principal.require_equipment(path)
    now = datetime.now(UTC)
    standards: Standards | None = None
    if row is not None and former is not None and former.has_same_baseline(definition):
        frozen, created_at = row["baseline"], row["created_at"]
        baseline, standards_at = ScopeSums.parse(frozen), row["standards_frozen_at"]
    else:
        baseline, standards = await _measure_baseline(context, definition)
        frozen, created_at, standards_at = baseline.to_document(), now, now
    document = definition.to_document()
    values = {
        "name": body.name, "document": document, "baseline": frozen, "created_at": created_at,
        "changed_at": now, "standards_frozen_at": standards_at,
    }  # fmt: skip
    created_by = principal.name if row is None else row["created_by"]
    target_id = await _store(session, None if row is None else row["id"], {
        "key": key, "created_by": created_by, **values,
    })  # fmt: skip
    if standards is not None:
        await _store_standards(session, target_id, standards)
    await record_change(
        session, principal, "created" if row is None else "changed", (SUBJECT, key),
        before=None if row is None else _audit_of(row["name"], row["document"], row["baseline"]),
        after=_audit_of(body.name, document, frozen),
        equipment=nodes[0].path if len(nodes) == 1 else None, reason=body.reason,
    )  # fmt: skip
    return StoredTarget(
        target_id, key, body.name, definition, baseline, created_at, created_by, now,
        standards_at, standards,
    )  # fmt: skip


async def _store(session: WriteSession, target_id: int | None, values: dict[str, Any]) -> int:
    """Insert or update a target; return its id."""
    if target_id is None:
        inserted = await session.execute(
            sa.insert(targets).values(**values).returning(targets.c.id)
        )
        return int(inserted.scalar_one())
    await session.execute(sa.update(targets).where(targets.c.id == target_id).values(**values))
    return target_id


async def _store_standards(session: WriteSession, target_id: int, standards: Standards) -> None:
    table = target_standards
    await session.execute(sa.delete(table).where(table.c.target_id == target_id))
    rows = [
        {"target_id": target_id, "equipment_id": machine, "product": product, "run_s": run_s}
        for (machine, product), run_s in sorted(standards.items())
    ]
    if rows:
        await session.execute(sa.insert(table), rows)


async def withdraw_target(
    session: WriteSession, principal: Principal, key: str, reason: str | None
) -> None:
    row = (await session.execute(_in_force(key).with_for_update())).mappings().one()
    await session.execute(
        sa.update(targets).where(targets.c.id == row["id"]).values(withdrawn_at=datetime.now(UTC))
    )
    under = row["document"]["under"]
    await record_change(
        session, principal, "withdrawn", (SUBJECT, key),
        before=_audit_of(row["name"], row["document"], row["baseline"]),
        equipment=under[0] if len(under) == 1 else None, reason=reason,
    )  # fmt: skip


def _in_force(key: str) -> sa.Select[Any]:
    return sa.select(targets).where(targets.c.key == key, targets.c.withdrawn_at.is_(None))


def _audit_of(name: str, document: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    sums = {field: baseline[field] for field in ("output", "input", "machines")}
    return {"name": name, **document, "baseline": sums}


def _refuse_nested(nodes: list[EquipmentNode]) -> None:
    for node in nodes:
        for other in nodes:
            if node.path.startswith(f"{other.path}/"):
                raise Problem(
                    422,
                    "invalid_target",
                    Sentence("targets.nested", path=node.path, of_path=other.path),
                    Sentence("targets.leave_one_out"),
                    errors=[{"pointer": "/body/under", "code": "nested", "detail": node.path}],
                )


def _definition_of(
    context: AppContext, nodes: list[EquipmentNode], body: NewTarget
) -> TargetDefinition:
    zones = {node.time_zone for node in nodes}
    zone = parse_zone(zones.pop() if len(zones) == 1 else None, "UTC")
    time = TimeContext(context.now_us(), zone)
    baseline = parse_span(body.baseline_start, body.baseline_end, time).to_buckets()
    if baseline.end_us > context.now_us():
        detail = Sentence(
            "targets.baseline_not_past", end=_local_time(baseline.end_us, zone), zone=zone.key
        )
        raise Problem(
            422,
            "invalid_target",
            detail,
            Sentence("targets.choose_past_baseline"),
            errors=[{"pointer": "/body/baseline_end", "code": "invalid", "detail": detail}],
        )
    return TargetDefinition.of(body, baseline, zone)


async def _measure_baseline(
    context: AppContext, definition: TargetDefinition
) -> tuple[ScopeSums, Standards]:
    """Return the sums of the baseline and its standards; raise 422 if there is nothing to compare.

    Output counts at the standards in force: these are the ones that are frozen.
    """
    tree = await context.tree.current()
    async with context.database.snapshot() as connection:
        sums = await measure_scope(
            connection, tree, definition, definition.baseline, context.now_us(), None
        )
        standards = await measure_standards(connection, tree, definition)
    problem = sums.problem or (None if sums.output > 0 else Sentence("target.nothing_good"))
    if problem is None:
        return sums, standards
    span: UtcSpan = definition.baseline
    raise Problem(
        422,
        "no_baseline_data",
        Sentence(
            "targets.baseline_without_value",
            start=_local_time(span.start_us, definition.zone),
            end=_local_time(span.end_us, definition.zone),
            zone=definition.zone.key,
            problem=problem,
        ),
        Sentence("targets.choose_baseline_with_data"),
        errors=[{"pointer": "/body/baseline_start", "code": "no_data", "detail": problem}],
    )


def _local_time(at_us: int, zone: ZoneInfo) -> str:
    return f"{instant_of(at_us).astimezone(zone):%Y-%m-%d %H:%M}"
