"""Statements after a change of master data: events to project again, rows to derive again.

Found over the facts that were made of events, which have indexes. What could not be understood
(no relation, a finding of an event) is read again each time: it may mean something now.
"""

from typing import Final

import sqlalchemy as sa

from werknetz.store.session import WriteSession

CHANGE_LOCK: Final = 0x4D415354  # "MAST"
"""Exclusive: a change of master data; shared: the end of a projection."""

# A projector that has read what is about to change is before its end and will read another number,
# or has committed: so no event keeps outdated references, and a change waits for no batch.
LOCK_CHANGE: Final = "SELECT pg_advisory_xact_lock(:kind)"
COUNT_CHANGE: Final = "UPDATE master_data_changes SET number = number + 1"

AGAIN_OF_PARTNERS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT changed.event_id FROM (
    SELECT event_id FROM call_off_entries
    WHERE relation_id IS NULL
        OR relation_id IN (SELECT id FROM supply_relations WHERE supplier_id = ANY(:ids))
    UNION ALL SELECT event_id FROM shipment_lines
    WHERE supplier_id IS NULL OR supplier_id = ANY(:ids)
    UNION ALL SELECT event_id FROM receipt_lines
    WHERE supplier_id IS NULL OR supplier_id = ANY(:ids)
    UNION ALL SELECT unnest(event_ids) FROM findings
    WHERE subject = 'event' AND cleared_at IS NULL
) AS changed ORDER BY changed.event_id"""

AGAIN_OF_SITES: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT changed.event_id FROM supply_relations
CROSS JOIN LATERAL (
    SELECT event_id FROM call_off_entries WHERE relation_id = supply_relations.id
    UNION ALL SELECT event_id FROM shipment_lines WHERE relation_id = supply_relations.id
    UNION ALL SELECT event_id FROM receipt_lines WHERE relation_id = supply_relations.id
) AS changed
WHERE supply_relations.site_id = ANY(:ids) ORDER BY changed.event_id"""

AGAIN_OF_MATERIALS: Final = """
INSERT INTO events_to_project (event_id)
WITH relation AS (SELECT id FROM supply_relations WHERE material_id = ANY(:ids)),
    item AS (SELECT id FROM stock_items WHERE material_id = ANY(:ids))
SELECT DISTINCT changed.event_id FROM (
    SELECT event_id FROM call_off_entries
    WHERE relation_id IS NULL OR relation_id IN (SELECT id FROM relation)
    UNION ALL SELECT event_id FROM shipment_lines
    WHERE relation_id IS NULL OR relation_id IN (SELECT id FROM relation)
    UNION ALL SELECT event_id FROM receipt_lines
    WHERE relation_id IS NULL OR relation_id IN (SELECT id FROM relation)
    UNION ALL SELECT event_id FROM stock_counts WHERE stock_item_id IN (SELECT id FROM item)
    UNION ALL SELECT event_id FROM stock_movements WHERE stock_item_id IN (SELECT id FROM item)
    UNION ALL SELECT event_id FROM consumptions
    WHERE material_id IS NULL OR material_id = ANY(:ids)
    UNION ALL SELECT unnest(event_ids) FROM operations WHERE material_id = ANY(:ids)
    UNION ALL SELECT unnest(event_ids) FROM findings
    WHERE subject = 'event' AND cleared_at IS NULL
) AS changed ORDER BY changed.event_id"""

AGAIN_OF_WAREHOUSES: Final = """
INSERT INTO events_to_project (event_id)
WITH item AS (SELECT id FROM stock_items WHERE warehouse_id = ANY(:ids))
SELECT DISTINCT changed.event_id FROM (
    SELECT event_id FROM receipt_lines WHERE warehouse_id IS NULL OR warehouse_id = ANY(:ids)
    UNION ALL SELECT event_id FROM stock_counts WHERE stock_item_id IN (SELECT id FROM item)
    UNION ALL SELECT event_id FROM stock_movements WHERE stock_item_id IN (SELECT id FROM item)
    UNION ALL SELECT unnest(event_ids) FROM findings
    WHERE subject = 'event' AND cleared_at IS NULL
) AS changed ORDER BY changed.event_id"""

# Consumption is taken from the warehouse of the line's material. The function of the owner marks
# messages that belong to no plant yet as well, for equipment of the caller alone.
MARK_LINE_MATERIALS: Final = """
SELECT mark_line_materials(CAST(:ids AS int[]), CAST(:warehouses AS int[]),
    CAST(:materials AS int[]))"""

# A supplier's own policy has a start; before it, the general policy applies.
MARK_RELATIONS: Final = """
INSERT INTO dirty_relations (relation_id)
SELECT id FROM supply_relations
WHERE supplier_id = :supplier OR CAST(:supplier AS int) IS NULL ORDER BY id
ON CONFLICT (relation_id)
DO UPDATE SET marks = dirty_relations.marks + 1, marked_at = clock_timestamp()"""

MARK_WAREHOUSE: Final = """
INSERT INTO dirty_stock (warehouse_id, material_id, from_at)
SELECT DISTINCT warehouse_id, material_id, timestamptz 'epoch'
FROM stock_items WHERE warehouse_id = :warehouse ORDER BY warehouse_id, material_id
ON CONFLICT (warehouse_id, material_id) DO UPDATE
SET marks = dirty_stock.marks + 1, marked_at = clock_timestamp(),
    from_at = least(dirty_stock.from_at, excluded.from_at)"""


async def note_change(session: WriteSession) -> None:
    """Note that this transaction changes master data. Run it first: it waits for other changes."""
    await session.execute(sa.text(LOCK_CHANGE), {"kind": CHANGE_LOCK})
    await session.execute(sa.text(COUNT_CHANGE))
