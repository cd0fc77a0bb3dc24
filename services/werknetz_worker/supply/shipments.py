"""Shipments and their handling units: one a supplier's document, over all its relations.

The worker has locked the supplier and derives the whole shipment from its lines and receipts, so
the order in which its relations are reconciled does not matter.
"""

from collections.abc import Sequence
from datetime import datetime

from werknetz.store.relations import shipments as statements
from werknetz.store.session import WriteConnection


async def find_documents(
    connection: WriteConnection, relation_ids: Sequence[int]
) -> list[tuple[int, str]]:
    """Return the suppliers' documents in which the relations have or had a line."""
    rows = await connection.fetch(statements.DOCUMENTS_OF_RELATIONS, relation_ids)
    return sorted((row["supplier_id"], row["document"]) for row in rows)


async def replace_shipments(
    connection: WriteConnection, documents: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Derive the shipments and handling units again, after their lines are written."""
    if not documents:
        return
    suppliers, names = [d[0] for d in documents], [d[1] for d in documents]
    await connection.execute(statements.DELETE_SHIPMENTS_WITHOUT_LINES, suppliers, names)
    await connection.execute(statements.UPSERT_SHIPMENTS, suppliers, names, now)
    ids = [row[0] for row in await connection.fetch(statements.FIND_SHIPMENTS, suppliers, names)]
    await connection.execute(statements.DELETE_HANDLING_UNITS, ids)
    await connection.execute(statements.INSERT_HANDLING_UNITS, ids)
