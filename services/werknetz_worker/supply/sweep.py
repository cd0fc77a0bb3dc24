"""Relations that nobody marked, though time or a loss has changed what follows for them."""

from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.asn import PARTIAL_WAIT_US
from werknetz.store.session import DriverPool

STILL_LATE: Final = "1 hour"  # so often the delay of what is late and still open is told anew
_LOOK_BACK: Final = "10 minutes"  # at losses: the sweep comes every half minute

# `as_of` is when the relation was reconciled last: an instant between it and now has passed since.
_PASSED: Final = f"""
INSERT INTO dirty_relations AS old (relation_id)
SELECT id FROM (
    SELECT c.relation_id AS id FROM cumulatives c WHERE EXISTS (
        SELECT FROM due_lines l WHERE l.relation_id = c.relation_id
            AND ((l.window_until > c.as_of AND l.window_until <= $1)
                OR (l.due_until > c.as_of AND l.due_until <= $1)
                OR (l.delay_s IS NOT NULL AND l.fulfilled_at IS NULL
                    AND c.as_of < $1 - interval '{STILL_LATE}')))
    UNION
    SELECT c.relation_id FROM cumulatives c JOIN transit_lines t ON t.relation_id = c.relation_id
    WHERE t.open_quantity > 0 AND (
        (t.arrives_at >= c.as_of AND t.arrives_at < $1)
        OR (t.received_at + interval '{PARTIAL_WAIT_US} microseconds' > c.as_of
            AND t.received_at + interval '{PARTIAL_WAIT_US} microseconds' <= $1))
    UNION
    SELECT s.relation_id FROM shipments h
    JOIN shipment_lines s ON s.supplier_id = h.supplier_id AND s.document = h.document
    WHERE h.state = 'announced' AND coalesce(h.despatched_at, h.announced_at) <= $1
        AND s.known_to IS NULL AND s.relation_id IS NOT NULL
) AS passed ORDER BY id
ON CONFLICT (relation_id) DO NOTHING"""  # noqa: S608 - made of constants

# A gap or an outage that began, ended or was taken back since a relation was reconciled.
_LOST: Final = f"""
WITH changed AS MATERIALIZED (
    SELECT connector_id, max(changed_at) AS changed_at FROM (
        SELECT connector_id, changed_at FROM gaps
        WHERE changed_at > clock_timestamp() - interval '{_LOOK_BACK}'
        UNION ALL
        SELECT connector_id, changed_at FROM outages
        WHERE changed_at > clock_timestamp() - interval '{_LOOK_BACK}') AS losses
    GROUP BY connector_id)
INSERT INTO dirty_relations AS old (relation_id)
SELECT DISTINCT c.relation_id FROM changed
JOIN business_events b ON b.connector_id = changed.connector_id
    AND b.kind IN ('delivery_called_off', 'shipment_announced', 'goods_received')
CROSS JOIN LATERAL (
    SELECT relation_id FROM call_off_entries WHERE event_id = b.event_id
    UNION SELECT relation_id FROM shipment_lines WHERE event_id = b.event_id
    UNION SELECT relation_id FROM receipt_lines WHERE event_id = b.event_id) AS f
JOIN cumulatives c ON c.relation_id = f.relation_id AND c.computed_at <= changed.changed_at
ORDER BY 1
ON CONFLICT (relation_id) DO NOTHING"""  # noqa: S608 - made of constants


async def sweep(pool: DriverPool, now_us: int) -> int:
    """Mark what time and losses have made dirty; return how many marks are new."""
    marked = 0
    for statement, arguments in ((_PASSED, [instant_of(now_us)]), (_LOST, [])):
        answer = await pool.execute(statement, *arguments)
        marked += int(answer.rpartition(" ")[2])
    return marked
