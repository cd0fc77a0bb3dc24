"""Compares the monitored items with the server, every `check_s` and after a model change.

* Variables that appeared below a browse root are subscribed.
* Items that the server refused or whose node it deleted are created again.
* A sample of the items that deliver nothing is read: a node that is gone gets a Bad value, and an
  item whose value differs from the last one is dead, so it is created again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from math import ceil, nan
from typing import Final
from uuid import uuid4

import numpy as np

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectorStatus,
    Delivery,
    ReadingBlock,
)
from werknetz.events.batch import GapClosed, GapOpened
from werknetz.runtime.log import get_logger
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection.session import OpcuaSession, load_namespaces
from werknetz_edge.opcua.decoding.decoder import Decoder
from werknetz_edge.opcua.explore.browse import Variable, list_variables
from werknetz_edge.opcua.explore.explorer import Explorer, ReadValue
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue
from werknetz_edge.opcua.subscription.monitored_items import MonitoredItem, Subscription
from werknetz_edge.opcua.subscription.publish_loop import PublishLoop, now_us

NODE_UNKNOWN: Final = 0x8034_0000
_GONE: Final = frozenset({NODE_UNKNOWN, 0x8033_0000})  # BadNodeIdUnknown, BadNodeIdInvalid
_SAMPLE_MIN: Final = 200
_SAMPLE_MAX: Final = 1_000
_SAMPLE_SHARE: Final = 10  # every quiet item is read within ten rounds
_BROWSE_SHARE: Final = 50  # browsing takes at most 2 % of the time
_MODEL_CHANGE_S: Final = 5.0  # at most one check in this time, however many events come
_SETTLE_MIN_S: Final = 1.0
_RENEWALS_MAX: Final = 3  # an item that differs after that is read differently than monitored
_SHOWN_MAX: Final = 10


class ItemCheck:
    """The comparison for one session. It raises only what ends the session."""

    def __init__(
        self,
        source: str,
        session: OpcuaSession,
        config: OpcuaConfig,
        subscription: Subscription,
        decoder: Decoder,
        publish_loop: PublishLoop,
        queue: DeliveryQueue,
        status: ConnectorStatus,
    ) -> None:
        self._source = source
        self._session = session
        self._config = config
        self._subscription = subscription
        self._decoder = decoder
        self._publish_loop = publish_loop
        self._queue = queue
        self._status = status
        self._explorer = Explorer(session, config.timeout_s)
        self._next_browse_s = 0.0
        self._position = 0  # in the list of items: the sample goes round
        self._renewals: Counter[int] = Counter()
        self._log = get_logger("edge.opcua").bind(connector=source)

    async def run(self) -> None:
        while True:
            is_model_change = await self._wait()
            try:
                await self._check(browse=is_model_change)
                self._status.details.pop("check", None)
            except ConnectionError:
                raise  # the session is over
            except Exception as error:  # noqa: BLE001  values go on, whatever a check meets
                self._log.warning("items not compared", reason=repr(error), exc_info=True)
                self._status.details["check"] = (
                    f"not completed: {str(error) or type(error).__name__}"
                )
            self._status.details |= self._subscription.details()

    async def _wait(self) -> bool:
        """Wait for the next check; return whether the server reports a change of its model."""
        changed = self._publish_loop.model_changed
        try:
            async with asyncio.timeout(self._config.check_s):
                await changed.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(min(_MODEL_CHANGE_S, self._config.check_s))
        changed.clear()
        return True

    async def _check(self, *, browse: bool) -> None:
        reported, self._publish_loop.unknown_nodes = self._publish_loop.unknown_nodes, set()
        await self._delete(reported, "BadNodeIdUnknown")  # the server itself sent the Bad value
        if browse or time.monotonic() >= self._next_browse_s:
            await self._add_new_variables()
        await self._read_sample(everything=browse)
        restored = await self._subscription.restore_items(self._session, self._config.timeout_s)
        if restored:
            names = [self._decoder.addresses[item.handle] for item in restored]
            self._status.details["restored"] = ", ".join(names[:_SHOWN_MAX])

    async def _delete(self, handles: Sequence[int] | set[int], refusal: str) -> None:
        await self._subscription.delete_items(
            self._session, handles, refusal, self._config.timeout_s
        )

    async def _add_new_variables(self) -> None:
        started_s = time.monotonic()
        self._session.namespaces[:] = await load_namespaces(self._session)
        try:
            variables = await list_variables(self._session, self._config)
        except ConfigurationRejected as error:  # a root is gone, or there are too many variables
            self._status.details["browse"] = str(error)
            variables = []
        else:
            self._status.details.pop("browse", None)
        self._next_browse_s = time.monotonic() + _BROWSE_SHARE * (time.monotonic() - started_s)
        addresses = self._decoder.addresses
        items = {addresses[handle]: item for handle, item in self._subscription.items.items()}
        for variable in variables:
            item = items.get(variable.address)
            if item is None:
                self._add(variable)
            else:
                item.node = variable.node

    def _add(self, variable: Variable) -> None:
        """Add a variable as an item that `restore_items` creates."""
        handle = len(self._decoder.addresses)
        self._decoder.addresses.append(variable.address)
        self._subscription.items[handle] = MonitoredItem(
            handle, variable.node, self._config.sampling_ms, self._config.queue_values
        )

    async def _read_sample(self, *, everything: bool) -> None:
        quiet = self._select_quiet(everything=everything)
        values = await self._explorer.read_values([item.node for item in quiet])
        gone = [item for item, value in zip(quiet, values, strict=True) if value.status in _GONE]
        if gone:
            await self._report_gone(gone)
        suspects = self._differing(quiet, values)
        if not suspects:
            return
        before = {item.handle: self._decoder.activity.arrival_s(item.handle) for item in suspects}
        await asyncio.sleep(self._settle_s(suspects))
        still = [
            item
            for item in suspects
            if self._decoder.activity.arrival_s(item.handle) == before[item.handle]
        ]
        values = await self._explorer.read_values([item.node for item in still])
        dead = self._differing(still, values)
        if dead:
            await self._renew(dead)

    def _select_quiet(self, *, everything: bool) -> list[MonitoredItem]:
        """Return items that delivered nothing for several of their intervals, a sample of them."""
        now_s, activity = time.monotonic(), self._decoder.activity
        publishing_s = self._subscription.publishing_ms / 1000
        quiet = [
            item
            for item in self._subscription.items.values()
            if item.item_id is not None
            and item.handle != 0  # the server's clock is watched by itself
            and now_s - activity.arrival_s(item.handle)
            > 2 * publishing_s + 3 * item.granted_sampling_ms / 1000 + _SETTLE_MIN_S
        ]
        if everything or not quiet:
            return quiet
        size = min(max(_SAMPLE_MIN, ceil(len(quiet) / _SAMPLE_SHARE)), _SAMPLE_MAX, len(quiet))
        start = self._position % len(quiet)
        self._position = start + size
        return (quiet + quiet)[start : start + size]

    def _settle_s(self, items: Sequence[MonitoredItem]) -> float:
        """Return how long a change takes at most until its notification is here."""
        sampling_s = max(item.granted_sampling_ms for item in items) / 1000
        return max(_SETTLE_MIN_S, 2 * sampling_s + 2 * self._subscription.publishing_ms / 1000)

    def _differing(
        self, items: Sequence[MonitoredItem], values: Sequence[ReadValue]
    ) -> list[MonitoredItem]:
        activity = self._decoder.activity
        return [
            item
            for item, value in zip(items, values, strict=True)
            if value.is_usable
            and self._renewals[item.handle] < _RENEWALS_MAX
            and not activity.is_current(item.handle, value.value)
        ]

    async def _report_gone(self, items: Sequence[MonitoredItem]) -> None:
        """Delete the items of deleted nodes; their signals get a Bad value, until they are back."""
        await self._delete([item.handle for item in items], "BadNodeIdUnknown")
        handles = [h for item in items for h in self._decoder.handles_of(item.handle)]
        at_us = now_us()
        block = ReadingBlock(
            addresses=self._decoder.addresses,
            address=np.array(handles, np.int32),
            value=np.full(len(handles), nan),
            status=np.full(len(handles), NODE_UNKNOWN, np.uint32),
            source_time_us=np.full(len(handles), at_us, np.int64),
        )
        await self._queue.put(Delivery(blocks=[block]))

    async def _renew(self, items: Sequence[MonitoredItem]) -> None:
        """Create dead items again; what they did not deliver is a gap."""
        now_s = time.monotonic()
        arrivals = [self._decoder.activity.arrival_s(item.handle) for item in items]
        age_s = max((now_s - arrival for arrival in arrivals if arrival > 0), default=0.0)
        await self._delete([item.handle for item in items], "created again")
        for item in items:
            self._renewals[item.handle] += 1
        end_us = now_us()
        names = [self._decoder.addresses[item.handle] for item in items]
        detail = f"the server sent no changes of {', '.join(names[:_SHOWN_MAX])}: created again"
        gap = GapOpened(
            uuid4(), self._source, [], end_us - int(age_s * 1e6), "subscription_recreated", detail
        )
        await self._queue.put(Delivery(gaps=[gap, GapClosed(gap.gap_id, end_us)]))
