"""Versions of supply policies: the one that applies now, and adding one."""

from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.supply.policy import BUILT_IN, Policy, PolicyRejected
from werknetz.runtime.log import get_logger
from werknetz.store.locks import LOCK_OF
from werknetz.store.master_data import MARK_RELATIONS
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables.supply import partners, supply_policies
from werknetz.texts.sentence import Sentence, sentence_of
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.guard.pointers import pointer_of
from werknetz_core.http.problem import Problem
from werknetz_core.suppliers.policies.schemas import NewPolicy, PolicyVersionView, PolicyView

_LOCK: Final = 0x504F4C49  # "POLI": one change of policies at a time
_P: Final = supply_policies.c
POLICIES_QUERY: Final = sa.select(supply_policies, partners.c.key.label("supplier")).select_from(
    supply_policies.outerjoin(partners, partners.c.id == _P.supplier_id)
)
_log: Final = get_logger("core.supply")


async def load_current_policy(
    session: ReadSession, supplier_id: int, context: AppContext
) -> PolicyView:
    """Return the supplier's newest version, else the default's, else the built-in policy."""
    query = (
        sa.select(supply_policies)
        .where(
            sa.or_(_P.supplier_id == supplier_id, _P.supplier_id.is_(None)),
            _P.valid_from <= instant_of(context.now_us()),
        )
        .order_by(_P.supplier_id.asc().nulls_last(), _P.valid_from.desc(), _P.version.desc())
        .limit(1)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        return PolicyView(
            source="built_in", version=0, valid_from=None, text=BUILT_IN.text,
            document=BUILT_IN.to_document(),
        )  # fmt: skip
    policy = Policy.parse(row["document"], row["version"])
    return PolicyView(
        source="default" if row["supplier_id"] is None else "supplier", version=row["version"],
        valid_from=row["valid_from"], text=policy.text, document=policy.to_document(),
    )  # fmt: skip


async def add_policy_version(
    new: NewPolicy,
    supplier_id: int | None,
    context: AppContext,
    session: WriteSession,
    principal: Principal,
) -> PolicyVersionView:
    """Add a version, unless it equals the newest one; mark the relations whose KPIs change.

    `supplier_id` None: the default policy.
    """
    document = _parse_document(new.document)
    await session.execute(sa.text(LOCK_OF), {"kind": _LOCK, "id": 0})
    is_same_owner = _P.supplier_id.is_not_distinct_from(supplier_id)
    newest_query = POLICIES_QUERY.where(is_same_owner).order_by(_P.version.desc()).limit(1)
    newest = (await session.execute(newest_query)).mappings().first()
    is_same_start = new.valid_from is None or (newest and newest["valid_from"] == new.valid_from)
    if newest is not None and newest["document"] == document and is_same_start:
        return version_view(newest)
    at_us = context.now_us() if new.valid_from is None else microseconds_of(new.valid_from)
    await session.execute(
        sa.insert(supply_policies).values(
            supplier_id=supplier_id,
            version=1 if newest is None else newest["version"] + 1,
            valid_from=instant_of(at_us),
            document=document,
            created_by=principal.name,
        )
    )
    await session.execute(sa.text(MARK_RELATIONS), {"supplier": supplier_id})
    added = (await session.execute(newest_query)).mappings().one()
    await record_change(
        session, principal, "changed", ("policy", added["supplier"] or "default"),
        before=None if newest is None else newest["document"], after=document,
    )  # fmt: skip
    _log.info(
        "policy added", supplier=added["supplier"], version=added["version"], by=principal.name
    )
    return version_view(added)


def version_view(row: sa.RowMapping) -> PolicyVersionView:
    return PolicyVersionView(**row, text=Policy.parse(row["document"], row["version"]).text)


def _parse_document(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return Policy.parse(document).to_document()
    except PolicyRejected as error:
        raise Problem(
            422, "policy_rejected", Sentence("supply.policy_rejected", error=error),
            Sentence("supply.correct_policy"),
            errors=[{
                "pointer": pointer_of("body", "document", error.field_name), "code": "invalid",
                "detail": sentence_of(error),
            }],
        ) from error  # fmt: skip
