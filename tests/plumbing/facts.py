"""Facts on the wire, as edges send them: deliveries, withdrawals and ends of groups."""

from uuid import UUID

from werknetz.connector.identity import content_hash_of, event_id_of, group_key_of
from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz.events.facts import Fact, GoodsReceived, fact_of, kind_of

AT_US = 1_790_000_000_000_000
SOURCE = "erp/receipts"
RULE = "goods_received"


def id_of(key: str, *, scope: str = "plc") -> UUID:
    return event_id_of(scope, SOURCE, key.encode(), RULE)


def group_of(name: str, *, scope: str = "plc") -> bytes:
    return group_key_of(scope, SOURCE, name.encode())


def receipt(
    key: str,
    quantity: float,
    *,
    version: int | None = None,
    can_revise: bool = True,
    group: str = "",
    scope: str = "plc",
    at_us: int = AT_US,
    supplier: str = "alfa",
    has_content: bool = True,
) -> BusinessEvent:
    """Return a receipt of the document `key`. Without content: as an edge of version 0.1."""
    fact = GoodsReceived(
        document=key, material="4711", quantity=float(quantity), unit="PCE", supplier=supplier
    )
    content = content_hash_of(fact, at_us) if has_content else b""
    return _event(
        id_of(key, scope=scope), fact, at_us, content, version=version, can_revise=can_revise,
        group=group_of(group, scope=scope) if group else b"",
    )  # fmt: skip


def event_of(kind: str, key: str, *, at_us: int = AT_US, **body: object) -> BusinessEvent:
    """Return any fact with an id of its kind and key."""
    fact = fact_of(kind, body)
    event_id = event_id_of("plc", SOURCE, key.encode(), kind_of(fact))
    return _event(event_id, fact, at_us, content_hash_of(fact, at_us))


def _event(
    event_id: UUID, fact: Fact, at_us: int, content: bytes, *,
    version: int | None = None, can_revise: bool = True, group: bytes = b"",
) -> BusinessEvent:  # fmt: skip
    return BusinessEvent(
        event_id, SOURCE, "line 1", at_us, "receipts@1", b"", fact,
        content=content, version=version, can_revise=can_revise, group=group,
    )  # fmt: skip


def withdrawal(
    key: str, *, version: int | None = None, scope: str = "plc", reason: str = "deleted"
) -> EventWithdrawn:
    return withdrawal_of(id_of(key, scope=scope), version=version, reason=reason)


def withdrawal_of(
    event_id: UUID, *, version: int | None = None, reason: str = "deleted"
) -> EventWithdrawn:
    return EventWithdrawn(
        event_id, SOURCE, "line 1", AT_US, "receipts@1", b"", reason, version=version
    )


def group_end(name: str, *keys: str, scope: str = "plc", reason: str = "replaced") -> GroupEnd:
    ids = b"".join(id_of(key, scope=scope).bytes for key in keys)
    group = group_of(name, scope=scope)
    return GroupEnd(group, ids, SOURCE, "", AT_US, "receipts@1", b"", reason)
