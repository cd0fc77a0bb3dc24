"""The host application as a state machine: bytes and time in; readings, gaps and commands out.

No socket, no clock. Deviations of peers from the specification are tolerated where nothing has to
be guessed, and counted in the notes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from werknetz.connector.contract import ReadingBlock
from werknetz.connector.quarantine import RAW_MAX, QuarantineLimiter
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_edge.sparkplug.decoding.metric_reader import (
    MetricReader,
    encode_subset,
    sanitize_text,
)
from werknetz_edge.sparkplug.decoding.payload import UnreadableSparkplugPayload, decode_payload
from werknetz_edge.sparkplug.node import (
    MetricSource,
    NamedMetric,
    Node,
    SparkplugMessage,
    UnnamedValues,
)
from werknetz_edge.sparkplug.rebirth import NodeCommand, RebirthRequester
from werknetz_edge.sparkplug.results import MessageResults, PeerNotes, ValueColumns
from werknetz_edge.sparkplug.sequence import MODULUS, OrderedMessages
from werknetz_edge.sparkplug.topic import Topic, parse_topic

NODES_MAX: Final = 10_000
SOURCES_MAX: Final = 50_000
DEVICE_BIRTHS_S: Final = 10.0  # after its node's birth a device has this long to be born, too
REBIRTH_AFTER_S: Final = 10.0  # when a node is in doubt: until it is asked …
STALE_AFTER_S: Final = 45.0  # … and until it counts as gone


@dataclass(slots=True)
class Host:
    source: str  # of gap records: the connector
    reorder_s: float = 2.0
    rebirths: RebirthRequester = field(default_factory=lambda: RebirthRequester(30.0))
    payload_max: int = 2_000_000
    notes: PeerNotes = field(default_factory=PeerNotes)
    nodes: dict[str, Node] = field(default_factory=dict)
    births_changed: bool = False  # `alive_metrics` has changed
    _reader: MetricReader = field(init=False)
    _finished: list[MessageResults] = field(default_factory=list)
    _refusals: QuarantineLimiter = field(default_factory=lambda: QuarantineLimiter(""))
    _sources: int = 0

    def __post_init__(self) -> None:
        self._reader = MetricReader(self.notes)

    @property
    def addresses(self) -> list[str]:
        return self._reader.addresses

    def block_of(self, columns: ValueColumns) -> ReadingBlock:
        return columns.block(self._reader.addresses, self._reader.booleans)

    @property
    def size(self) -> int:
        return self._reader.results.size + sum(part.size for part in self._finished)

    def handle_message(
        self, topic: str, raw: bytes, *, at_us: int, now_s: float, token: object = None
    ) -> None:
        """Handle one message. `take_results` returns its results, now or once it is in order."""
        parsed = parse_topic(topic)
        node = None if parsed is None else self._node_of(parsed)
        if parsed is None or node is None:
            reason = "no topic of Sparkplug B" if parsed is None else f"more than {NODES_MAX} nodes"
            self._reject(topic, reason, raw, at_us, token)
            return
        try:
            payload = decode_payload(raw, self.payload_max)
        except UnreadableSparkplugPayload as error:
            self._reject(topic, str(error), raw, at_us, token)
            return
        message = SparkplugMessage(parsed, payload, at_us, token)
        if parsed.kind == "NBIRTH":
            self._apply_in_order(node, node.order.flush())
            self._node_birth(node, message, now_s)
        elif parsed.kind == "NDEATH":
            self._apply_in_order(node, node.order.flush())
            self._node_death(node, message, now_s)
        else:
            self._apply_in_order(node, node.order.admit(self._seq_of(message), message, now_s))

    def tick(self, now_s: float, at_us: int) -> NodeCommand | None:
        """Handle time-outs; return a rebirth command that is due."""
        for node in self.nodes.values():
            until_s = node.order.until_s
            if until_s is not None and now_s >= until_s:
                self._apply_in_order(node, node.order.flush())
            for source in node.devices.values():
                if source.rebirth_deadline_s is not None and now_s >= source.rebirth_deadline_s:
                    source.rebirth_deadline_s = None
                    self._apply_death(node, source, at_us)
            if node.rebirth_at_s is not None and now_s >= node.rebirth_at_s:
                node.rebirth_at_s = None
                node.rebirth.request("no message since the reconnect")
            if node.stale_at_s is not None and now_s >= node.stale_at_s:
                node.mark_alive()
                self.notes.add("silent", f"{node.key} does not answer: marked stale")
                for source in node.sources:
                    self._mark_stale(node, source, at_us)
        self._reader.results.unreadable += self._refusals.take_due(at_us)
        return self.rebirths.next_command(self.nodes.values(), now_s, at_us // 1000)

    def take_results(self) -> list[MessageResults]:
        """Return and clear the results of the messages so far, in order."""
        parts = [*self._finished, self._reader.results]
        self._finished, self._reader.results = [], MessageResults()
        return [part for part in parts if not part.is_empty]

    def on_reconnect(self, now_s: float) -> None:
        """After a reconnect: nodes may have published or died in the meantime."""
        for node in self.nodes.values():
            self._apply_in_order(node, node.order.flush())
            if any(source.has_values for source in node.sources):
                node.absent_since_us = node.last_message_us
                node.rebirth_at_s, node.stale_at_s = now_s + REBIRTH_AFTER_S, now_s + STALE_AFTER_S

    def load_alive_metrics(
        self, roster: Mapping[str, Mapping[str, Sequence[str]]], now_s: float
    ) -> None:
        """Load the metrics of an earlier process: request births, or mark the metrics stale."""
        for key, sources in roster.items():
            group, _, name = key.partition("/")
            node = self._node_of(Topic("NDATA", group, name))
            if node is None:
                return
            for device, metrics in sources.items():
                source = node.source(device)
                source.has_values = True
                for metric in metrics:
                    address = f"{source.prefix}#{metric}"
                    source.by_name.setdefault(metric, NamedMetric.create(metric, address, 0))
            node.rebirth_at_s, node.stale_at_s = now_s, now_s + STALE_AFTER_S

    def alive_metrics(self) -> dict[str, dict[str, list[str]]]:
        """Return the metrics, by node and device, that a death would have to mark stale."""
        self.births_changed = False
        parsed = {
            node.key: {
                device: list(source.by_name)
                for device, source in (("", node.own), *node.devices.items())
                if source.has_values
            }
            for node in self.nodes.values()
        }
        return {key: sources for key, sources in parsed.items() if sources}

    def details(self) -> dict[str, str]:
        """Return details for the status; bounded, as the kinds of notes are ours."""
        nodes = self.nodes.values()
        devices = [device for node in nodes for device in node.devices.values()]
        units = [f"{address} {unit}" for address, unit in list(self._reader.units.items())[:20]]
        figures = {
            "nodes": f"{sum(node.own.is_born for node in nodes)} of {len(nodes)} online",
            "devices": f"{sum(device.is_born for device in devices)} of {len(devices)} online",
            "rebirths_asked": str(self.rebirths.count),
        }
        if units:
            figures["units"] = ", ".join(units)
        if self._reader.transient_count:
            figures["transient"] = f"{self._reader.transient_count} values not to be stored"
        return figures | self.notes.texts()

    def _node_of(self, topic: Topic) -> Node | None:
        node = self.nodes.get(topic.key)
        if node is None and len(self.nodes) < NODES_MAX:
            node = self.nodes[topic.key] = Node.create(topic.group, topic.node, self.reorder_s)
        if node is not None and topic.device and topic.device not in node.devices:
            if self._sources >= SOURCES_MAX:
                return None
            self._sources += 1
            node.source(topic.device)
        return node

    def _seq_of(self, message: SparkplugMessage) -> int | None:
        if not message.payload.HasField("seq"):
            self.notes.add("seq_missing", _describe(message))
            return None
        seq = int(message.payload.seq)
        if seq < MODULUS:
            return seq
        self.notes.add("seq_range", f"{_describe(message)}: {seq}")
        return None

    def _apply_in_order(self, node: Node, ordered: OrderedMessages[SparkplugMessage]) -> None:
        """Apply messages that are in order, after recording the loss before them."""
        if not ordered.messages:
            return
        if ordered.lost or ordered.late or node.absent_since_us is not None:
            self._record_missing(node, ordered)
        node.mark_alive()
        for message in ordered.messages:
            self._apply_message(node, message)
            node.last_message_us, node.message_count = message.at_us, node.message_count + 1
            self._complete(message.token)

    def _record_missing(self, node: Node, ordered: OrderedMessages[SparkplugMessage]) -> None:
        """Record missing messages; after an absence, consecutive numbers prove nothing."""
        first_us = min(message.at_us for message in ordered.messages)
        absent_since_us, node.absent_since_us = node.absent_since_us, None
        if ordered.lost:
            detail = f"{node.key}: {ordered.lost} messages are missing"
        elif absent_since_us is None:
            self.notes.add("late", f"{_describe(ordered.messages[0])} after its time")
            return
        elif ordered.late or _may_have_wrapped(node, absent_since_us, first_us):
            detail = f"{node.key}: the number of messages lost during our absence is unknown"
            if ordered.late:
                node.order.follow_late()
        else:
            return  # the node continues its known session
        from_us = node.last_message_us if absent_since_us is None else absent_since_us
        self._add_gap(from_us, first_us, "sequence_jump", detail, ordered.lost or None)
        self.notes.add("sequence_jump", detail)
        node.rebirth.request("messages are missing")
        if absent_since_us is not None:
            self._unbind_aliases(node)

    def _unbind_aliases(self, node: Node) -> None:
        """Forget aliases: a missed birth may have assigned them to other metrics."""
        for source in node.sources:
            source.is_born = False
            source.by_alias = {}
        node.bd_seq = None

    def _apply_message(self, node: Node, message: SparkplugMessage) -> None:
        source = node.source(message.topic.device)
        match message.topic.kind:
            case "DBIRTH":
                self._device_birth(node, source, message)
            case "DDEATH":
                self._apply_death(node, source, message.payload.timestamp * 1000 or message.at_us)
            case _:
                self._apply_data(node, source, message)

    def _apply_data(self, node: Node, source: MetricSource, message: SparkplugMessage) -> None:
        if not source.is_born:
            self.notes.add("data_before_birth", _describe(message))
            node.rebirth.request("data came before a birth")
        before = len(source.by_name) if source.has_values else -1
        unnamed = self._reader.read_data(node, source, message)
        self.births_changed |= len(source.by_name) != before
        if unnamed:
            self._quarantine_unnamed(node, source, message, unnamed)

    def _quarantine_unnamed(
        self, node: Node, source: MetricSource, message: SparkplugMessage, metrics: list[Any]
    ) -> None:
        """Quarantine the first of a minute; count all of them in a gap until the next birth."""
        outcome, at_us = self._reader.results, message.at_us
        if node.unnamed is None:
            node.unnamed = UnnamedValues(uuid4())
            detail = f"{node.key}: values whose alias no birth has named; a birth is asked for"
            outcome.gaps.append(
                GapOpened(node.unnamed.gap_id, self.source, [], at_us, "decode_error", detail)
            )
        node.unnamed.count += len(metrics)
        raw = encode_subset(message.payload, metrics)
        reason = "no birth has named the alias of this value"
        entry = self._refusals.count_repeat(
            sanitize_text(source.prefix), reason, raw, at_us, len(metrics)
        )
        if entry is not None:
            outcome.unreadable.append(entry)
        self.notes.add("alias_unknown", f"{source.prefix}: {metrics[0].alias}")
        node.rebirth.request("an alias is not known")

    def _node_birth(self, node: Node, message: SparkplugMessage, now_s: float) -> None:
        self._start_part()
        self._record_absence(node, message)
        node.order.restart(self._seq_of(message))
        node.aliases.clear()
        node.last_message_us = node.since_us = message.at_us
        node.message_count = 0
        for device in node.devices.values():
            # Its aliases ended with the former birth; its own birth must follow.
            device.is_born = False
            device.by_alias = {}
            device.rebirth_deadline_s = now_s + DEVICE_BIRTHS_S if device.has_values else None
        node.bd_seq = self._reader.read_birth(node, node.own, message)
        if node.bd_seq is None:
            self.notes.add("bdseq_missing", _describe(message))
        node.rebirth.clear()
        self._close_unnamed(node, message.at_us)
        self.births_changed = True
        self._complete(message.token)

    def _device_birth(self, node: Node, source: MetricSource, message: SparkplugMessage) -> None:
        self._start_part()
        if not node.own.is_born:
            self.notes.add("device_before_node", _describe(message))
            node.rebirth.request("a device was born before it")
        self._reader.read_birth(node, source, message)
        self.births_changed = True

    def _node_death(self, node: Node, message: SparkplugMessage, now_s: float) -> None:
        self._complete(message.token)
        bd_seq = _bd_seq(message.payload)
        if bd_seq is None:
            self.notes.add("bdseq_missing", _describe(message))
        elif node.bd_seq is not None and bd_seq != node.bd_seq:
            # Of an earlier session, or of this one by a peer that counts wrongly: check the node.
            text = f"{_describe(message)}: {bd_seq}, born with {node.bd_seq}: not followed"
            self.notes.add("bdseq_differs", text)
            node.rebirth_at_s, node.stale_at_s = now_s, now_s + STALE_AFTER_S
            return
        self._record_absence(node, message)
        # A will is created at the connect: its own timestamp is meaningless.
        for source in node.sources:
            self._apply_death(node, source, message.at_us)
        node.order.restart(None)
        node.aliases.clear()
        node.bd_seq, node.rebirth.reason = None, ""

    def _apply_death(self, node: Node, source: MetricSource, at_us: int) -> None:
        """Apply a death: mark the metrics stale and forget the aliases."""
        self._mark_stale(node, source, at_us)
        source.is_born = False
        source.by_alias = {}

    def _mark_stale(self, node: Node, source: MetricSource, at_us: int) -> None:
        if source.has_values:
            self._reader.mark_stale(node, list(source.by_name.values()), at_us)
            source.has_values = False
            self.births_changed = True

    def _record_absence(self, node: Node, message: SparkplugMessage) -> None:
        """Record a gap for our absence: a birth or death restarts the sequence numbers."""
        if node.absent_since_us is not None:
            detail = f"{_describe(message)} after we were away: what it entry before is lost"
            self._add_gap(node.absent_since_us, message.at_us, "connection_lost", detail)
        node.absent_since_us = None
        node.mark_alive()

    def _close_unnamed(self, node: Node, at_us: int) -> None:
        if node.unnamed is not None:
            closed = GapClosed(node.unnamed.gap_id, at_us, node.unnamed.count)
            self._reader.results.gaps.append(closed)
            node.unnamed = None

    def _add_gap(
        self, from_us: int, to_us: int, cause: str, detail: str, estimate: int | None = None
    ) -> None:
        gap = GapOpened(uuid4(), self.source, [], min(from_us, to_us), cause, detail, estimate)
        self._reader.results.gaps += [gap, GapClosed(gap.gap_id, to_us, estimate)]

    def _reject(self, topic: str, reason: str, raw: bytes, at_us: int, token: object) -> None:
        size = len(raw) if len(raw) > RAW_MAX else 0
        outcome = self._reader.results
        outcome.unreadable.append(
            Unmapped(sanitize_text(topic), reason, raw[:RAW_MAX], at_us, size=size)
        )
        self._complete(token)
        self.notes.add("unreadable", f"{sanitize_text(topic)[:100]}: {reason}")

    def _complete(self, token: object) -> None:
        """Note that the results of a message are complete in the current part."""
        if token is not None:
            self._reader.results.tokens.append(token)

    def _start_part(self) -> None:
        """Start a new part: a delivery has readings before columns, which would reverse them."""
        if self._reader.results.columns.index:
            self._finished.append(self._reader.results)
            self._reader.results = MessageResults()


def _bd_seq(payload: Any) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def _describe(message: SparkplugMessage) -> str:
    topic = message.topic
    return f"{topic.kind} of {topic.key}" + (f"/{topic.device}" if topic.device else "")


def _may_have_wrapped(node: Node, from_us: int, to_us: int) -> bool:
    """Whether so many messages may be lost that the sequence numbers have wrapped unnoticed."""
    known_us = max(node.last_message_us - node.since_us, 1_000_000)
    return node.message_count * (to_us - from_us) / known_us >= MODULUS / 2
