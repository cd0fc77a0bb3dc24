"""Findings of relations as rows: new ones are added, old ones get the time they were cleared."""

from collections.abc import Sequence
from typing import Any, Final

from werknetz.kpi.supply.findings import SupplyFinding
from werknetz.store.relations import findings as statements
from werknetz.store.session import WriteConnection
from werknetz.texts.stored import stored_sentence
from werknetz_worker.supply.rows import ReconciledRelations, to_instant

KINDS: Final = (
    "receipt_without_shipment", "shipment_without_call_off", "over_delivery",
    "cumulative_step_back", "cumulative_difference", "outdated_call_off", "quantity_difference",
    "duplicate_document",
)  # fmt: skip
_COLUMNS: Final = (
    "key", "kind", "relation_id", "supplier_id", "material_id", "site_id", "at", "quantity",
    "expected", "actual", "detail", "event_ids", "sentence",
)  # fmt: skip


async def replace_findings(
    connection: WriteConnection, relation_ids: Sequence[int], done: ReconciledRelations
) -> None:
    records = {
        row[0]: row
        for subject, result in done
        for finding in result.findings
        for row in [_row(finding, (subject.id, subject.supplier_id, subject.material_id,
                                   subject.site_id))]
    }  # fmt: skip
    await connection.execute(statements.CREATE_STAGE)
    await connection.execute(statements.CLEAR_STAGE)
    await connection.copy_records_to_table(
        "findings_staged", columns=_COLUMNS, records=list(records.values())
    )
    await connection.execute(statements.CLEAR_FINDINGS, relation_ids, list(KINDS))
    await connection.execute(statements.UPSERT_FINDINGS)


def _row(finding: SupplyFinding, of: tuple[int, int, int, int | None]) -> tuple[Any, ...]:
    key = f"{finding.kind}/{of[0]}/{finding.name}"
    return (
        key, finding.kind, *of, to_instant(finding.at_us), finding.quantity, finding.expected,
        finding.actual, finding.detail, list(finding.event_ids),
        stored_sentence(finding.detail),
    )  # fmt: skip
