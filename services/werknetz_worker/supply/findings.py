"""Findings of relations as rows: new ones come, old ones stay and say when they were cleared."""

from collections.abc import Sequence
from typing import Any, Final

from werknetz.kpi.supply.findings import SupplyFinding
from werknetz.store.session import WriteConnection
from werknetz_worker.supply.rows import Done, at

KINDS: Final = (
    "receipt_without_shipment", "shipment_without_call_off", "over_delivery",
    "cumulative_step_back", "cumulative_difference", "outdated_call_off", "quantity_difference",
    "duplicate_document",
)  # fmt: skip
_STAGE: Final = """
CREATE TEMP TABLE IF NOT EXISTS findings_staged (
    key text, kind text, relation_id int, supplier_id int, material_id int, site_id int,
    at timestamptz, quantity float8, expected float8, actual float8, detail text, event_ids uuid[]
) ON COMMIT DELETE ROWS"""
_FORGET: Final = "DELETE FROM findings_staged"
_COLUMNS: Final = (
    "key", "kind", "relation_id", "supplier_id", "material_id", "site_id", "at", "quantity",
    "expected", "actual", "detail", "event_ids",
)  # fmt: skip
# Keys are sorted, so that two who write the same lock it in the same order.
_TELL: Final = """
INSERT INTO findings AS old (key, kind, subject, relation_id, supplier_id, material_id, site_id, at,
    quantity, expected, actual, detail, event_ids)
SELECT key, kind, 'relation', relation_id, supplier_id, material_id, site_id, at, quantity,
    expected, actual, detail, event_ids
FROM findings_staged ORDER BY key
ON CONFLICT (key) DO UPDATE SET at = excluded.at, quantity = excluded.quantity,
    expected = excluded.expected, actual = excluded.actual, detail = excluded.detail,
    event_ids = excluded.event_ids, supplier_id = excluded.supplier_id,
    material_id = excluded.material_id, site_id = excluded.site_id, cleared_at = NULL
WHERE old.cleared_at IS NOT NULL
    OR (old.at, old.quantity, old.expected, old.actual, old.detail, old.event_ids)
    IS DISTINCT FROM (excluded.at, excluded.quantity, excluded.expected, excluded.actual,
        excluded.detail, excluded.event_ids)"""
_CLEAR: Final = """
UPDATE findings f SET cleared_at = clock_timestamp()
WHERE f.relation_id = ANY($1) AND f.kind = ANY($2) AND f.subject = 'relation'
    AND f.cleared_at IS NULL
    AND NOT EXISTS (SELECT FROM findings_staged s WHERE s.key = f.key)"""


async def replace(connection: WriteConnection, relation_ids: Sequence[int], done: Done) -> None:
    records = {
        row[0]: row
        for subject, found in done
        for finding in found.findings
        for row in [_row(finding, (subject.id, subject.supplier_id, subject.material_id,
                                   subject.site_id))]
    }  # fmt: skip
    await connection.execute(_STAGE)
    await connection.execute(_FORGET)
    await connection.copy_records_to_table(
        "findings_staged", columns=_COLUMNS, records=list(records.values())
    )
    await connection.execute(_CLEAR, relation_ids, list(KINDS))
    await connection.execute(_TELL)


def _row(finding: SupplyFinding, of: tuple[int, int, int, int | None]) -> tuple[Any, ...]:
    key = f"{finding.kind}/{of[0]}/{finding.name}"
    return (
        key, finding.kind, *of, at(finding.at_us), finding.quantity, finding.expected,
        finding.actual, finding.detail, list(finding.event_ids),
    )  # fmt: skip
