"""The chain of the audit log: its links in order, and its newest seal."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from werknetz.store.shop_floor import audit as statements
from werknetz.texts.sentence import Sentence
from werknetz_core.access.require import MayReadAudit
from werknetz_core.audit.chain.schemas import AuditHeadView, AuditLinkView
from werknetz_core.context.app_context import ContextDep
from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem

router = APIRouter(tags=["audit"])
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="`seq` before the first of them.")]


@router.get("/audit/chain")
async def list_audit_chain(
    request: Request,
    response: Response,
    context: ContextDep,
    principal: MayReadAudit,
    after: After = 0,
    limit: pagination.LimitParam = 100,
    cursor: pagination.CursorParam = None,
) -> pagination.Page[AuditLinkView]:
    """List the links of the chain, oldest first; `werknetz audit verify` verifies them.

    Entries of all plants and subjects: it needs a key for all plants.
    """
    principal.require_all_plants()
    if key := pagination.decode_cursor(cursor, int):
        after = max(after, int(key[0]))
    rows = await context.database.fetch(statements.AUDIT_CHAIN, after, limit + 1)
    shown, has_more = pagination.paginate(rows, limit)
    next_cursor = pagination.encode_cursor(shown[-1]["seq"]) if has_more else None
    pagination.set_next_link(request, response, next_cursor)
    items = [AuditLinkView.model_validate(dict(row)) for row in shown]
    return pagination.Page(items=items, next_cursor=next_cursor)


@router.get("/audit/head")
async def show_audit_head(
    context: ContextDep,
    principal: MayReadAudit,
    *,
    whole: Annotated[
        bool, Query(description="Look for unsealed entries in the whole log, not its newest part.")
    ] = False,
) -> AuditHeadView:
    """Show the newest seal as it is stored apart from the chain. Needs a key for all plants."""
    principal.require_all_plants()
    async with context.database.snapshot() as connection:
        head = await connection.fetchrow(statements.AUDIT_HEAD)
        unsealed_id = await connection.fetchval(
            statements.UNSEALED_AUDIT_ENTRY, None if whole else statements.RECENT_ENTRIES
        )
    if head is None:
        raise Problem(
            500, "audit_head_missing", Sentence("system.audit_head_missing"),
            Sentence("system.restore_audit_head"),
        )  # fmt: skip
    return AuditHeadView.model_validate({**head, "unsealed_id": unsealed_id})
