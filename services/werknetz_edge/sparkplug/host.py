"""The host application as a state machine: bytes and time in; readings, gaps and requests out.

Pure: no socket, no clock. What peers do against the specification is followed as far as nothing is
guessed, and said in the remarks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

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
from werknetz_edge.sparkplug.results import MessageResults, PeerNotes
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
    births_changed: bool = False  # what `roster` tells is another than before
    _intake: MetricReader = field(init=False)
    _parts: list[MessageResults] = field(default_factory=list)
    _refusals: QuarantineLimiter = field(default_factory=lambda: QuarantineLimiter(""))
    _sources: int = 0

    def __post_init__(self) -> None:
        self._intake = MetricReader(self.notes)

    @property
    def addresses(self) -> list[str]:
        return self._intake.addresses

    @property
    def size(self) -> int:
        return self._intake.results.size + sum(part.size for part in self._parts)

    def handle_message(
        self, topic: str, raw: bytes, *, at_us: int, now_s: float, token: object = None
    ) -> None:
        """Hear one message. What comes of it is in `drain`, now or when it is its turn."""
        found = parse_topic(topic)
        node = None if found is None else self._node(found)
        if found is None or node is None:
            reason = "no topic of Sparkplug B" if found is None else f"more than {NODES_MAX} nodes"
            self._refuse(topic, reason, raw, at_us, token)
            return
        try:
            payload = decode_payload(raw, self.payload_max)
        except UnreadableSparkplugPayload as error:
            self._refuse(topic, str(error), raw, at_us, token)
            return
        message = SparkplugMessage(found, payload, at_us, token)
        if found.kind == "NBIRTH":
            self._pass(node, node.order.flush())
            self._node_birth(node, message, now_s)
        elif found.kind == "NDEATH":
            self._pass(node, node.order.flush())
            self._node_death(node, message, now_s)
        else:
            self._pass(node, node.order.admit(self._seq(message), message, now_s))

    def tick(self, now_s: float, at_us: int) -> NodeCommand | None:
        """What time alone brings: waiting that ends, silence that means something, a request."""
        for node in self.nodes.values():
            until_s = node.order.until_s
            if until_s is not None and now_s >= until_s:
                self._pass(node, node.order.flush())
            for source in node.devices.values():
                if source.rebirth_deadline_s is not None and now_s >= source.rebirth_deadline_s:
                    source.rebirth_deadline_s = None
                    self._end(node, source, at_us)
            if node.rebirth_at_s is not None and now_s >= node.rebirth_at_s:
                node.rebirth_at_s = None
                node.rebirth.request("nothing is heard of it")
            if node.stale_at_s is not None and now_s >= node.stale_at_s:
                node.mark_alive()
                self.notes.add("silent", f"{node.key} does not answer: marked stale")
                for source in node.sources:
                    self._mark(node, source, at_us)
        self._intake.results.unreadable += self._refusals.take_due(at_us)
        return self.rebirths.next_command(self.nodes.values(), now_s, at_us // 1000)

    def take_results(self) -> list[MessageResults]:
        """Take what has come of the messages so far, in order."""
        parts = [*self._parts, self._intake.results]
        self._parts, self._intake.results = [], MessageResults()
        return [part for part in parts if not part.is_empty]

    def on_reconnect(self, now_s: float) -> None:
        """We were cut off and are back: nodes may have spoken, or died, unheard."""
        for node in self.nodes.values():
            self._pass(node, node.order.flush())
            if any(source.has_values for source in node.sources):
                node.absent_since_us = node.last_message_us
                node.rebirth_at_s, node.stale_at_s = now_s + REBIRTH_AFTER_S, now_s + STALE_AFTER_S

    def load_alive_metrics(
        self, roster: Mapping[str, Mapping[str, Sequence[str]]], now_s: float
    ) -> None:
        """Metrics that were alive when an earlier process ended: ask, or mark them stale."""
        for key, sources in roster.items():
            group, _, name = key.partition("/")
            node = self._node(Topic("NDATA", group, name))
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
        """Which metrics of which nodes have values that a death would have to mark."""
        self.births_changed = False
        found = {
            node.key: {
                device: list(source.by_name)
                for device, source in (("", node.own), *node.devices.items())
                if source.has_values
            }
            for node in self.nodes.values()
        }
        return {key: sources for key, sources in found.items() if sources}

    def details(self) -> dict[str, str]:
        """Bounded: the kinds of remarks are ours."""
        nodes = self.nodes.values()
        devices = [device for node in nodes for device in node.devices.values()]
        units = [f"{address} {unit}" for address, unit in list(self._intake.units.items())[:20]]
        figures = {
            "nodes": f"{sum(node.own.is_born for node in nodes)} of {len(nodes)} online",
            "devices": f"{sum(device.is_born for device in devices)} of {len(devices)} online",
            "rebirths_asked": str(self.rebirths.count),
        }
        if units:
            figures["units"] = ", ".join(units)
        if self._intake.transient_count:
            figures["transient"] = f"{self._intake.transient_count} values not to be stored"
        return figures | self.notes.texts()

    def _node(self, topic: Topic) -> Node | None:
        node = self.nodes.get(topic.key)
        if node is None and len(self.nodes) < NODES_MAX:
            node = self.nodes[topic.key] = Node.create(topic.group, topic.node, self.reorder_s)
        if node is not None and topic.device and topic.device not in node.devices:
            if self._sources >= SOURCES_MAX:
                return None
            self._sources += 1
            node.source(topic.device)
        return node

    def _seq(self, message: SparkplugMessage) -> int | None:
        if not message.payload.HasField("seq"):
            self.notes.add("seq_missing", _called(message))
            return None
        seq = int(message.payload.seq)
        if seq < MODULUS:
            return seq
        self.notes.add("seq_range", f"{_called(message)}: {seq}")
        return None

    def _pass(self, node: Node, verdict: OrderedMessages[SparkplugMessage]) -> None:
        """Read what is in its turn, after the gap before it."""
        if not verdict.messages:
            return
        if verdict.lost or verdict.late or node.absent_since_us is not None:
            self._account(node, verdict)
        node.mark_alive()
        for message in verdict.messages:
            self._apply(node, message)
            node.last_message_us, node.message_count = message.at_us, node.message_count + 1
            self._settle(message.token)

    def _account(self, node: Node, verdict: OrderedMessages[SparkplugMessage]) -> None:
        """Say what is missing. After an absence, in sequence is not yet complete."""
        first_us = min(message.at_us for message in verdict.messages)
        away_us, node.absent_since_us = node.absent_since_us, None
        if verdict.lost:
            detail = f"{node.key}: {verdict.lost} messages are missing"
        elif away_us is None:
            self.notes.add("late", f"{_called(verdict.messages[0])} after its time")
            return
        elif verdict.late or _may_be_rounds(node, away_us, first_us):
            detail = f"{node.key}: how many messages are missing from our absence, nobody knows"
            if verdict.late:
                node.order.follow_late()
        else:
            return  # it goes on where it was: the session that we know
        from_us = node.last_message_us if away_us is None else away_us
        self._gap(from_us, first_us, "sequence_jump", detail, verdict.lost or None)
        self.notes.add("sequence_jump", detail)
        node.rebirth.request("messages are missing")
        if away_us is not None:
            self._unbind(node)

    def _unbind(self, node: Node) -> None:
        """A birth may be among what we missed: then an alias may mean another metric by now."""
        for source in node.sources:
            source.is_born = False
            source.by_alias = {}
        node.bd_seq = None

    def _apply(self, node: Node, message: SparkplugMessage) -> None:
        source = node.source(message.topic.device)
        match message.topic.kind:
            case "DBIRTH":
                self._device_birth(node, source, message)
            case "DDEATH":
                self._end(node, source, message.payload.timestamp * 1000 or message.at_us)
            case _:
                self._data(node, source, message)

    def _data(self, node: Node, source: MetricSource, message: SparkplugMessage) -> None:
        if not source.is_born:
            self.notes.add("data_before_birth", _called(message))
            node.rebirth.request("data came before a birth")
        before = len(source.by_name) if source.has_values else -1
        unnamed = self._intake.read_data(node, source, message)
        self.births_changed |= len(source.by_name) != before
        if unnamed:
            self._keep_unnamed(node, source, message, unnamed)

    def _keep_unnamed(
        self, node: Node, source: MetricSource, message: SparkplugMessage, metrics: list[Any]
    ) -> None:
        """The first of a minute is kept whole; all are counted in a gap until the next birth."""
        outcome, at_us = self._intake.results, message.at_us
        if node.unnamed is None:
            node.unnamed = UnnamedValues(uuid4())
            detail = f"{node.key}: values whose alias no birth has named; a birth is asked for"
            outcome.gaps.append(
                GapOpened(node.unnamed.gap_id, self.source, [], at_us, "decode_error", detail)
            )
        node.unnamed.count += len(metrics)
        raw = encode_subset(message.payload, metrics)
        reason = "no birth has named the alias of this value"
        said = self._refusals.count_repeat(
            sanitize_text(source.prefix), reason, raw, at_us, len(metrics)
        )
        if said is not None:
            outcome.unreadable.append(said)
        self.notes.add("alias_unknown", f"{source.prefix}: {metrics[0].alias}")
        node.rebirth.request("an alias is not known")

    def _node_birth(self, node: Node, message: SparkplugMessage, now_s: float) -> None:
        self._new_part()
        self._say_away(node, message)
        node.order.restart(self._seq(message))
        node.aliases.clear()
        node.last_message_us = node.since_us = message.at_us
        node.message_count = 0
        for device in node.devices.values():
            # Its aliases ended with the birth before; its own birth follows, or it is away.
            device.is_born = False
            device.by_alias = {}
            device.rebirth_deadline_s = now_s + DEVICE_BIRTHS_S if device.has_values else None
        node.bd_seq = self._intake.read_birth(node, node.own, message)
        if node.bd_seq is None:
            self.notes.add("bdseq_missing", _called(message))
        node.rebirth.clear()
        self._close_unnamed(node, message.at_us)
        self.births_changed = True
        self._settle(message.token)

    def _device_birth(self, node: Node, source: MetricSource, message: SparkplugMessage) -> None:
        self._new_part()
        if not node.own.is_born:
            self.notes.add("device_before_node", _called(message))
            node.rebirth.request("a device was born before it")
        self._intake.read_birth(node, source, message)
        self.births_changed = True

    def _node_death(self, node: Node, message: SparkplugMessage, now_s: float) -> None:
        self._settle(message.token)
        bd_seq = _bd_seq(message.payload)
        if bd_seq is None:
            self.notes.add("bdseq_missing", _called(message))
        elif node.bd_seq is not None and bd_seq != node.bd_seq:
            # Of an earlier session; or of this one, by a peer that counts wrongly: then it is gone.
            text = f"{_called(message)}: {bd_seq}, born with {node.bd_seq}: not followed"
            self.notes.add("bdseq_differs", text)
            node.rebirth_at_s, node.stale_at_s = now_s, now_s + STALE_AFTER_S
            return
        self._say_away(node, message)
        # A will is written at the connect: its own time says nothing.
        for source in node.sources:
            self._end(node, source, message.at_us)
        node.order.restart(None)
        node.aliases.clear()
        node.bd_seq, node.rebirth.reason = None, ""

    def _end(self, node: Node, source: MetricSource, at_us: int) -> None:
        """A death: its names stay for marking, its aliases are no longer bound."""
        self._mark(node, source, at_us)
        source.is_born = False
        source.by_alias = {}

    def _mark(self, node: Node, source: MetricSource, at_us: int) -> None:
        if source.has_values:
            self._intake.mark_stale(node, list(source.by_name.values()), at_us)
            source.has_values = False
            self.births_changed = True

    def _say_away(self, node: Node, message: SparkplugMessage) -> None:
        """A birth or a death begins the sequence anew: what came before it cannot be counted."""
        if node.absent_since_us is not None:
            detail = f"{_called(message)} after we were away: what it said before is lost"
            self._gap(node.absent_since_us, message.at_us, "connection_lost", detail)
        node.absent_since_us = None
        node.mark_alive()

    def _close_unnamed(self, node: Node, at_us: int) -> None:
        if node.unnamed is not None:
            closed = GapClosed(node.unnamed.gap_id, at_us, node.unnamed.count)
            self._intake.results.gaps.append(closed)
            node.unnamed = None

    def _gap(
        self, from_us: int, to_us: int, cause: str, detail: str, estimate: int | None = None
    ) -> None:
        gap = GapOpened(uuid4(), self.source, [], min(from_us, to_us), cause, detail, estimate)
        self._intake.results.gaps += [gap, GapClosed(gap.gap_id, to_us, estimate)]

    def _refuse(self, topic: str, reason: str, raw: bytes, at_us: int, token: object) -> None:
        size = len(raw) if len(raw) > RAW_MAX else 0
        outcome = self._intake.results
        outcome.unreadable.append(
            Unmapped(sanitize_text(topic), reason, raw[:RAW_MAX], at_us, size=size)
        )
        self._settle(token)
        self.notes.add("unreadable", f"{sanitize_text(topic)[:100]}: {reason}")

    def _settle(self, token: object) -> None:
        """What came of its message is in this part, wholly."""
        if token is not None:
            self._intake.results.tokens.append(token)

    def _new_part(self) -> None:
        """Readings come before columns in a delivery: what a birth says comes after them."""
        if self._intake.results.columns.index:
            self._parts.append(self._intake.results)
            self._intake.results = MessageResults()


def _bd_seq(payload: Any) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def _called(message: SparkplugMessage) -> str:
    topic = message.topic
    return f"{topic.kind} of {topic.key}" + (f"/{topic.device}" if topic.device else "")


def _may_be_rounds(node: Node, from_us: int, to_us: int) -> bool:
    """Whether so many messages may be lost that their number begins again and nothing shows."""
    known_us = max(node.last_message_us - node.since_us, 1_000_000)
    return node.message_count * (to_us - from_us) / known_us >= MODULUS / 2
