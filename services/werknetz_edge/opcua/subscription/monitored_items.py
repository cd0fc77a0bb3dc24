"""A subscription and its monitored items, as requested and as revised by the server."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection.session import OpcuaSession
from werknetz_edge.opcua.connection.transport import SESSION_S
from werknetz_edge.opcua.decoding.decoder import EVENTS_HANDLE
from werknetz_edge.opcua.stack import ua
from werknetz_edge.opcua.subscription.initial_values import InitialValues
from werknetz_edge.opcua.subscription.sequence import SequenceTracker

KEEP_ALIVE_MS: Final = 5_000
_EVENTS_MAX: Final = 10
_SERVER: Final = 2253
_BASE_EVENT: Final = 2041
_MODEL_CHANGES: Final = (2132, 2133)  # Base…, General…: some servers know no subtypes in OfType
_MESSAGE_VALUES: Final = 10_000  # bounds the work for one message


@dataclass(slots=True)
class MonitoredItem:
    """One monitored variable. `handle` is the index of its address."""

    handle: int
    node: Any
    sampling_ms: float
    queue: int
    item_id: int | None = None  # assigned by the server while the item exists
    refusal: str = ""
    granted_queue: int = 0
    granted_sampling_ms: float = 0


@dataclass(slots=True)
class Subscription:
    """The subscription of a session; it outlives a connection if the session is resumed."""

    items: dict[int, MonitoredItem] = field(default_factory=dict)
    sequence: SequenceTracker = field(default_factory=SequenceTracker)
    acks: dict[int, None] = field(default_factory=dict)  # on disk, not yet sent to the server
    initial_values: InitialValues = field(default_factory=InitialValues)
    number: int = 0
    publishing_ms: float = 0
    keep_alive_s: float = KEEP_ALIVE_MS / 1000
    lifetime_s: float = 0
    queues: set[int] = field(default_factory=set)
    samplings: set[float] = field(default_factory=set)

    async def create(self, session: OpcuaSession, config: OpcuaConfig) -> None:
        most_ms = min(KEEP_ALIVE_MS, config.silence_s * 1000 / 3)
        keep_alive = max(1, int(most_ms // config.publishing_ms))
        lifetime_ms = 1000 * max(SESSION_S, 2 * config.outage_s)  # as long as a lost session lives
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=config.publishing_ms,
            RequestedLifetimeCount=max(3 * keep_alive, ceil(lifetime_ms / config.publishing_ms)),
            RequestedMaxKeepAliveCount=keep_alive,
            MaxNotificationsPerPublish=_MESSAGE_VALUES,
            PublishingEnabled=True,
            Priority=0,
        )
        request = ua.CreateSubscriptionRequest(Parameters=parameters)
        answer = await _send(session, request, "CreateSubscriptionResponse", config.timeout_s)
        granted = answer.Parameters
        self.number = int(granted.SubscriptionId)
        self.publishing_ms = float(granted.RevisedPublishingInterval)
        self.keep_alive_s = self.publishing_ms * granted.RevisedMaxKeepAliveCount / 1000
        self.lifetime_s = self.publishing_ms * granted.RevisedLifetimeCount / 1000

    async def transfer(self, session: OpcuaSession, timeout_s: float) -> bool:
        """Take the subscription over into a new session; false: the server no longer has it."""
        parameters = ua.TransferSubscriptionsParameters([self.number], False)
        request = ua.TransferSubscriptionsRequest(Parameters=parameters)
        try:
            answer = await _send(session, request, "TransferSubscriptionsResponse", timeout_s)
        except ua.UaError:
            return False  # many controllers do not offer the service
        results = list(answer.Parameters.Results or [])
        return len(results) == 1 and bool(results[0].StatusCode.is_good())

    async def add_items(
        self,
        session: OpcuaSession,
        items: Iterable[MonitoredItem],
        timeout_s: float,
        begin: Callable[[str, float], None] | None = None,
    ) -> None:
        """Create the monitored items in this order: items of one type make uniform messages."""
        new_items = list(items)
        size = session.limits["items"]
        for start in range(0, len(new_items), size):
            if begin is not None:
                begin(f"create monitored items, {start} of {len(new_items)}", timeout_s)
            batch = new_items[start : start + size]
            self.initial_values.expect(item.handle for item in batch)
            parameters = ua.CreateMonitoredItemsParameters(
                SubscriptionId=self.number,
                TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=[_create_request(item) for item in batch],
            )
            request = ua.CreateMonitoredItemsRequest(Parameters=parameters)
            answer = await _send(session, request, "CreateMonitoredItemsResponse", timeout_s)
            for item, result in zip(batch, answer.Results, strict=True):
                self._store_result(item, result)

    def _store_result(self, item: MonitoredItem, result: Any) -> None:
        self.items[item.handle] = item
        if result.StatusCode.is_good():
            item.item_id, item.refusal = int(result.MonitoredItemId), ""
            item.granted_queue = int(result.RevisedQueueSize)
            item.granted_sampling_ms = float(result.RevisedSamplingInterval)
            self.queues.add(item.granted_queue)
            self.samplings.add(item.granted_sampling_ms)
        else:
            item.item_id, item.refusal = None, str(result.StatusCode.name)
            self.initial_values.discard(item.handle)

    async def delete_items(
        self, session: OpcuaSession, handles: Iterable[int], refusal: str, timeout_s: float
    ) -> None:
        """Delete items whose nodes are gone; `restore_items` creates them again."""
        lost = [self.items[handle] for handle in handles if handle in self.items]
        numbers = [item.item_id for item in lost if item.item_id is not None]
        for start in range(0, len(numbers), session.limits["items"]):
            batch = numbers[start : start + session.limits["items"]]
            parameters = ua.DeleteMonitoredItemsParameters(self.number, batch)
            request = ua.DeleteMonitoredItemsRequest(Parameters=parameters)
            await _send(session, request, "DeleteMonitoredItemsResponse", timeout_s)
        for item in lost:
            item.item_id, item.refusal = None, refusal

    async def restore_items(self, session: OpcuaSession, timeout_s: float) -> list[MonitoredItem]:
        """Create the items that the server refused or that were deleted; return the live ones."""
        missing = [item for item in self.items.values() if item.item_id is None]
        if missing:
            await self.add_items(session, missing, timeout_s)
        return [item for item in missing if item.item_id is not None]

    async def watch_model(self, session: OpcuaSession, timeout_s: float) -> bool:
        """Subscribe to changes of the address space; false: the server does not offer them."""
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self.number,
            TimestampsToReturn=ua.TimestampsToReturn.Neither,
            ItemsToCreate=[_event_request(number) for number in _MODEL_CHANGES],
        )
        request = ua.CreateMonitoredItemsRequest(Parameters=parameters)
        try:
            answer = await _send(session, request, "CreateMonitoredItemsResponse", timeout_s)
        except ua.UaError:
            return False
        return any(result.StatusCode.is_good() for result in answer.Results or ())

    def details(self) -> dict[str, str]:
        """Return the revised parameters, for the status."""
        refused = [item for item in self.items.values() if item.item_id is None]
        details = {
            "items": f"{len(self.items) - len(refused)} of {len(self.items)}",
            "publishing_ms": f"{self.publishing_ms:g}",
            "keep_alive_s": f"{self.keep_alive_s:g}",
            "lifetime_s": f"{self.lifetime_s:g}",
            "queue_size": _format_range(self.queues),
            "sampling_ms": _format_range(self.samplings),
        }
        if refused:
            details["refused"] = ", ".join(sorted({item.refusal or "gone" for item in refused}))
        return details


def _format_range(values: set[int] | set[float]) -> str:
    if not values:
        return "none"
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _create_request(item: MonitoredItem) -> Any:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=item.node, AttributeId=ua.AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=item.handle,
            SamplingInterval=item.sampling_ms,
            QueueSize=item.queue,
            DiscardOldest=True,
        ),
    )


def _event_request(event_type: int) -> Any:
    """Return the request for events of this type from the Server object."""
    operand = ua.LiteralOperand(ua.Variant(ua.NodeId(event_type, 0)))
    condition = ua.ContentFilterElement(ua.FilterOperator.OfType, [operand])
    select = ua.SimpleAttributeOperand(
        TypeDefinitionId=ua.NodeId(_BASE_EVENT, 0),
        BrowsePath=[ua.QualifiedName("EventType")],
        AttributeId=ua.AttributeIds.Value,
    )
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(
            NodeId=ua.NodeId(_SERVER, 0), AttributeId=ua.AttributeIds.EventNotifier
        ),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=EVENTS_HANDLE,
            SamplingInterval=0,
            Filter=ua.EventFilter([select], ua.ContentFilter([condition])),
            QueueSize=_EVENTS_MAX,
            DiscardOldest=True,
        ),
    )


async def _send(session: OpcuaSession, request: Any, answer: str, timeout_s: float) -> Any:
    async with asyncio.timeout(timeout_s):
        content = await session.client.wire.request(request)
    response: Any = struct_from_binary(getattr(ua, answer), Buffer(content))
    response.ResponseHeader.ServiceResult.check()
    return response
