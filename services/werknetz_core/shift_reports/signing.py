"""Signatures under shift reports: people sign what they read, and may withdraw it."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.store.session import WriteSession, connection_of
from werknetz.store.shop_floor.shift_reports import SIGNATURES_OF_REPORT
from werknetz.store.tables import shift_report_signatures
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.problem import Problem
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.shift_reports.contents import section_digests_of, signature_views
from werknetz_core.shift_reports.report import Document, build_report
from werknetz_core.shift_reports.schemas import NewSignature, SignatureWithdrawal
from werknetz_core.stops.entries import lock_machine
from werknetz_core.stops.refusals import check_span

SIGNED_MAX_US: Final = 31 * 86_400_000_000
_S: Final = shift_report_signatures.c


async def sign_report(
    body: NewSignature,
    node: EquipmentNode,
    context: AppContext,
    session: WriteSession,
    principal: Principal,
) -> Document:
    """Sign the report of a period that is over; return a SignatureView."""
    span = UtcSpan(microseconds_of(body.start), microseconds_of(body.end))
    check_span(span.start_us, span.end_us, context.now_us(), SIGNED_MAX_US)
    report = await _load_report(context, node, span, principal)
    if report["digest"] != body.digest:
        raise _report_changed(report["digest"])
    # Changes of the machine wait for the lock, so the report is computed before. What changes
    # meanwhile shows as changed after the signature, as what changes later does.
    await lock_machine(session, node.id)
    sections = section_digests_of(report)
    _check_not_signed(await _signatures_in(session, node.id, span, sections), principal)
    change_id = await record_change(
        session, principal, "signed", ("shift_report", _subject_of(span)),
        after={
            "start": body.start.isoformat(), "end": body.end.isoformat(),
            "digest": report["digest"], "comment": body.comment,
        },
        equipment=node.path,
    )  # fmt: skip
    insert = sa.insert(shift_report_signatures).values(
        equipment_id=node.id, start_at=body.start, end_at=body.end, signed_by=principal.name,
        comment=body.comment, computed_at=report["computed_at"], digest=report["digest"],
        section_digests=sections, change_id=change_id,
    )  # fmt: skip
    await session.execute(insert)
    return (await _signatures_in(session, node.id, span, sections))[-1]


async def withdraw_signature(
    body: SignatureWithdrawal, node: EquipmentNode, session: WriteSession, principal: Principal
) -> None:
    """Withdraw a signature of one's own: a row that says so."""
    await lock_machine(session, node.id)
    query = sa.select(*_S).where(
        _S.id == body.signature, _S.equipment_id == node.id, _S.digest.is_not(None)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404, "unknown_signature",
            Sentence("shop_floor.unknown_signature", id=body.signature, path=node.path),
            Sentence("shop_floor.read_report"),
        )  # fmt: skip
    if row["signed_by"] != principal.name:
        raise Problem(
            409, "not_own_signature",
            Sentence("shop_floor.not_own_signature", by=row["signed_by"]),
            Sentence("shop_floor.signer_withdraws"),
        )  # fmt: skip
    if await session.scalar(sa.select(_S.id).where(_S.withdraws == row["id"])) is not None:
        raise Problem(
            409, "signature_withdrawn", Sentence("shop_floor.signature_withdrawn", id=row["id"]),
            Sentence("shop_floor.sign_again"),
        )  # fmt: skip
    span = UtcSpan(microseconds_of(row["start_at"]), microseconds_of(row["end_at"]))
    change_id = await record_change(
        session, principal, "withdrawn", ("shift_report", _subject_of(span)),
        before={"signature": row["id"], "digest": row["digest"]}, equipment=node.path,
        reason=body.comment,
    )  # fmt: skip
    await session.execute(
        sa.insert(shift_report_signatures).values(
            equipment_id=node.id,
            start_at=row["start_at"],
            end_at=row["end_at"],
            signed_by=principal.name,
            comment=body.comment,
            withdraws=row["id"],
            change_id=change_id,
        )
    )


async def _load_report(
    context: AppContext, node: EquipmentNode, span: UtcSpan, principal: Principal
) -> Document:
    """Compute a report with the connections that suit its width; raises HandOver as they do."""
    tree = await context.tree.current()
    machines = len(tree.ids_below[node.path])
    reads = await reads_of_machines(context, machines, span.start_us, span.end_us, stops=True)
    time = time_context_of(context, tree, node, None)
    async with reading(context, principal, reads) as context_of_reads:
        return await build_report(context_of_reads, node, span, time, principal)


async def _signatures_in(
    session: WriteSession, equipment_id: int, span: UtcSpan, sections: Mapping[str, str]
) -> list[Document]:
    connection = await connection_of(session)
    instants = instant_of(span.start_us), instant_of(span.end_us)
    rows = await connection.fetch(SIGNATURES_OF_REPORT, equipment_id, *instants)
    return signature_views(map(dict, rows), sections)


def _check_not_signed(signatures: list[Document], principal: Principal) -> None:
    for signature in signatures:
        is_own = signature["signed_by"] == principal.name and signature["withdrawn_at"] is None
        if is_own and not signature["changed"]:
            raise Problem(
                409, "already_signed",
                Sentence("shop_floor.already_signed", at=signature["signed_at"]),
                Sentence("shop_floor.another_signs"),
            )  # fmt: skip


def _report_changed(digest: str) -> Problem:
    return Problem(
        409, "report_changed", Sentence("shop_floor.report_changed", digest=digest),
        Sentence("shop_floor.sign_what_you_read"),
        errors=[{"pointer": "/body/digest", "code": "report_changed", "detail": digest}],
    )  # fmt: skip


def _subject_of(span: UtcSpan) -> str:
    return f"{instant_of(span.start_us).isoformat()}/{instant_of(span.end_us).isoformat()}"
