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
from werknetz_edge.sparkplug.decoding.metric_reader import Intake, clean, part_of
from werknetz_edge.sparkplug.decoding.payload import UnreadablePayload, opened
from werknetz_edge.sparkplug.node import Known, Message, Node, Source, Unnamed
from werknetz_edge.sparkplug.rebirth import Asker, Request
from werknetz_edge.sparkplug.results import Outcome, Remarks
from werknetz_edge.sparkplug.sequence import ROUND, Verdict
from werknetz_edge.sparkplug.topic import Topic, topic_of

NODES_MAX: Final = 10_000
SOURCES_MAX: Final = 50_000
DEVICE_BIRTHS_S: Final = 10.0  # after its node's birth a device has this long to be born, too
QUIET_S: Final = 10.0  # when a node is in doubt: until it is asked …
GONE_S: Final = 45.0  # … and until it counts as gone


@dataclass(slots=True)
class Host:
    source: str  # of gap records: the connector
    reorder_s: float = 2.0
    asker: Asker = field(default_factory=lambda: Asker(30.0))
    payload_max: int = 2_000_000
    remarks: Remarks = field(default_factory=Remarks)
    nodes: dict[str, Node] = field(default_factory=dict)
    births_changed: bool = False  # what `roster` tells is another than before
    _intake: Intake = field(init=False)
    _parts: list[Outcome] = field(default_factory=list)
    _refusals: QuarantineLimiter = field(default_factory=lambda: QuarantineLimiter(""))
    _sources: int = 0

    def __post_init__(self) -> None:
        self._intake = Intake(self.remarks)

    @property
    def addresses(self) -> list[str]:
        return self._intake.addresses

    @property
    def size(self) -> int:
        return self._intake.outcome.size + sum(part.size for part in self._parts)

    def take(
        self, topic: str, raw: bytes, *, at_us: int, now_s: float, token: object = None
    ) -> None:
        """Hear one message. What comes of it is in `drain`, now or when it is its turn."""
        found = topic_of(topic)
        node = None if found is None else self._node(found)
        if found is None or node is None:
            reason = "no topic of Sparkplug B" if found is None else f"more than {NODES_MAX} nodes"
            self._refuse(topic, reason, raw, at_us, token)
            return
        try:
            payload = opened(raw, self.payload_max)
        except UnreadablePayload as error:
            self._refuse(topic, str(error), raw, at_us, token)
            return
        message = Message(found, payload, at_us, token)
        if found.kind == "NBIRTH":
            self._pass(node, node.order.flush())
            self._node_birth(node, message, now_s)
        elif found.kind == "NDEATH":
            self._pass(node, node.order.flush())
            self._node_death(node, message, now_s)
        else:
            self._pass(node, node.order.admit(self._seq(message), message, now_s))

    def tick(self, now_s: float, at_us: int) -> Request | None:
        """What time alone brings: waiting that ends, silence that means something, a request."""
        for node in self.nodes.values():
            until_s = node.order.until_s
            if until_s is not None and now_s >= until_s:
                self._pass(node, node.order.flush())
            for source in node.devices.values():
                if source.unsure_at_s is not None and now_s >= source.unsure_at_s:
                    source.unsure_at_s = None
                    self._end(node, source, at_us)
            if node.ask_at_s is not None and now_s >= node.ask_at_s:
                node.ask_at_s = None
                node.asking.want("nothing is heard of it")
            if node.gone_at_s is not None and now_s >= node.gone_at_s:
                node.is_heard()
                self.remarks.say("silent", f"{node.key} does not answer: marked stale")
                for source in node.sources:
                    self._mark(node, source, at_us)
        self._intake.outcome.unreadable += self._refusals.take_due(at_us)
        return self.asker.due(self.nodes.values(), now_s, at_us // 1000)

    def drain(self) -> list[Outcome]:
        """Take what has come of the messages so far, in order."""
        parts = [*self._parts, self._intake.outcome]
        self._parts, self._intake.outcome = [], Outcome()
        return [part for part in parts if not part.is_empty]

    def away(self, now_s: float) -> None:
        """We were cut off and are back: nodes may have spoken, or died, unheard."""
        for node in self.nodes.values():
            self._pass(node, node.order.flush())
            if any(source.speaks for source in node.sources):
                node.away_us = node.heard_us
                node.ask_at_s, node.gone_at_s = now_s + QUIET_S, now_s + GONE_S

    def remember(self, roster: Mapping[str, Mapping[str, Sequence[str]]], now_s: float) -> None:
        """Metrics that were alive when an earlier process ended: ask, or mark them stale."""
        for key, sources in roster.items():
            group, _, name = key.partition("/")
            node = self._node(Topic("NDATA", group, name))
            if node is None:
                return
            for device, metrics in sources.items():
                source = node.source(device)
                source.speaks = True
                for metric in metrics:
                    address = f"{source.prefix}#{metric}"
                    source.by_name.setdefault(metric, Known.of(metric, address, 0))
            node.ask_at_s, node.gone_at_s = now_s, now_s + GONE_S

    def roster(self) -> dict[str, dict[str, list[str]]]:
        """Which metrics of which nodes have values that a death would have to mark."""
        self.births_changed = False
        found = {
            node.key: {
                device: list(source.by_name)
                for device, source in (("", node.own), *node.devices.items())
                if source.speaks
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
            "nodes": f"{sum(node.own.born for node in nodes)} of {len(nodes)} online",
            "devices": f"{sum(device.born for device in devices)} of {len(devices)} online",
            "rebirths_asked": str(self.asker.count),
        }
        if units:
            figures["units"] = ", ".join(units)
        if self._intake.transient:
            figures["transient"] = f"{self._intake.transient} values not to be stored"
        return figures | self.remarks.texts()

    def _node(self, topic: Topic) -> Node | None:
        node = self.nodes.get(topic.key)
        if node is None and len(self.nodes) < NODES_MAX:
            node = self.nodes[topic.key] = Node.fresh(topic.group, topic.node, self.reorder_s)
        if node is not None and topic.device and topic.device not in node.devices:
            if self._sources >= SOURCES_MAX:
                return None
            self._sources += 1
            node.source(topic.device)
        return node

    def _seq(self, message: Message) -> int | None:
        if not message.payload.HasField("seq"):
            self.remarks.say("seq_missing", _called(message))
            return None
        seq = int(message.payload.seq)
        if seq < ROUND:
            return seq
        self.remarks.say("seq_range", f"{_called(message)}: {seq}")
        return None

    def _pass(self, node: Node, verdict: Verdict[Message]) -> None:
        """Read what is in its turn, after the gap before it."""
        if not verdict.messages:
            return
        if verdict.lost or verdict.late or node.away_us is not None:
            self._account(node, verdict)
        node.is_heard()
        for message in verdict.messages:
            self._apply(node, message)
            node.heard_us, node.messages = message.at_us, node.messages + 1
            self._settle(message.token)

    def _account(self, node: Node, verdict: Verdict[Message]) -> None:
        """Say what is missing. After an absence, in sequence is not yet complete."""
        first_us = min(message.at_us for message in verdict.messages)
        away_us, node.away_us = node.away_us, None
        if verdict.lost:
            detail = f"{node.key}: {verdict.lost} messages are missing"
        elif away_us is None:
            self.remarks.say("late", f"{_called(verdict.messages[0])} after its time")
            return
        elif verdict.late or _may_be_rounds(node, away_us, first_us):
            detail = f"{node.key}: how many messages are missing from our absence, nobody knows"
            if verdict.late:
                node.order.follow_late()
        else:
            return  # it goes on where it was: the session that we know
        from_us = node.heard_us if away_us is None else away_us
        self._gap(from_us, first_us, "sequence_jump", detail, verdict.lost or None)
        self.remarks.say("sequence_jump", detail)
        node.asking.want("messages are missing")
        if away_us is not None:
            self._unbind(node)

    def _unbind(self, node: Node) -> None:
        """A birth may be among what we missed: then an alias may mean another metric by now."""
        for source in node.sources:
            source.born = False
            source.by_alias = {}
        node.bd_seq = None

    def _apply(self, node: Node, message: Message) -> None:
        source = node.source(message.topic.device)
        match message.topic.kind:
            case "DBIRTH":
                self._device_birth(node, source, message)
            case "DDEATH":
                self._end(node, source, message.payload.timestamp * 1000 or message.at_us)
            case _:
                self._data(node, source, message)

    def _data(self, node: Node, source: Source, message: Message) -> None:
        if not source.born:
            self.remarks.say("data_before_birth", _called(message))
            node.asking.want("data came before a birth")
        before = len(source.by_name) if source.speaks else -1
        unnamed = self._intake.data(node, source, message)
        self.births_changed |= len(source.by_name) != before
        if unnamed:
            self._keep_unnamed(node, source, message, unnamed)

    def _keep_unnamed(
        self, node: Node, source: Source, message: Message, metrics: list[Any]
    ) -> None:
        """The first of a minute is kept whole; all are counted in a gap until the next birth."""
        outcome, at_us = self._intake.outcome, message.at_us
        if node.unnamed is None:
            node.unnamed = Unnamed(uuid4())
            detail = f"{node.key}: values whose alias no birth has named; a birth is asked for"
            outcome.gaps.append(
                GapOpened(node.unnamed.gap_id, self.source, [], at_us, "decode_error", detail)
            )
        node.unnamed.count += len(metrics)
        raw = part_of(message.payload, metrics)
        reason = "no birth has named the alias of this value"
        said = self._refusals.count_repeat(clean(source.prefix), reason, raw, at_us, len(metrics))
        if said is not None:
            outcome.unreadable.append(said)
        self.remarks.say("alias_unknown", f"{source.prefix}: {metrics[0].alias}")
        node.asking.want("an alias is not known")

    def _node_birth(self, node: Node, message: Message, now_s: float) -> None:
        self._new_part()
        self._say_away(node, message)
        node.order.begin(self._seq(message))
        node.aliases.clear()
        node.heard_us = node.since_us = message.at_us
        node.messages = 0
        for device in node.devices.values():
            # Its aliases ended with the birth before; its own birth follows, or it is away.
            device.born = False
            device.by_alias = {}
            device.unsure_at_s = now_s + DEVICE_BIRTHS_S if device.speaks else None
        node.bd_seq = self._intake.birth(node, node.own, message)
        if node.bd_seq is None:
            self.remarks.say("bdseq_missing", _called(message))
        node.asking.is_answered()
        self._close_unnamed(node, message.at_us)
        self.births_changed = True
        self._settle(message.token)

    def _device_birth(self, node: Node, source: Source, message: Message) -> None:
        self._new_part()
        if not node.own.born:
            self.remarks.say("device_before_node", _called(message))
            node.asking.want("a device was born before it")
        self._intake.birth(node, source, message)
        self.births_changed = True

    def _node_death(self, node: Node, message: Message, now_s: float) -> None:
        self._settle(message.token)
        bd_seq = _bd_seq(message.payload)
        if bd_seq is None:
            self.remarks.say("bdseq_missing", _called(message))
        elif node.bd_seq is not None and bd_seq != node.bd_seq:
            # Of an earlier session; or of this one, by a peer that counts wrongly: then it is gone.
            text = f"{_called(message)}: {bd_seq}, born with {node.bd_seq}: not followed"
            self.remarks.say("bdseq_differs", text)
            node.ask_at_s, node.gone_at_s = now_s, now_s + GONE_S
            return
        self._say_away(node, message)
        # A will is written at the connect: its own time says nothing.
        for source in node.sources:
            self._end(node, source, message.at_us)
        node.order.begin(None)
        node.aliases.clear()
        node.bd_seq, node.asking.wanted = None, ""

    def _end(self, node: Node, source: Source, at_us: int) -> None:
        """A death: its names stay for marking, its aliases are no longer bound."""
        self._mark(node, source, at_us)
        source.born = False
        source.by_alias = {}

    def _mark(self, node: Node, source: Source, at_us: int) -> None:
        if source.speaks:
            self._intake.mark_stale(node, list(source.by_name.values()), at_us)
            source.speaks = False
            self.births_changed = True

    def _say_away(self, node: Node, message: Message) -> None:
        """A birth or a death begins the sequence anew: what came before it cannot be counted."""
        if node.away_us is not None:
            detail = f"{_called(message)} after we were away: what it said before is lost"
            self._gap(node.away_us, message.at_us, "connection_lost", detail)
        node.away_us = None
        node.is_heard()

    def _close_unnamed(self, node: Node, at_us: int) -> None:
        if node.unnamed is not None:
            closed = GapClosed(node.unnamed.gap_id, at_us, node.unnamed.count)
            self._intake.outcome.gaps.append(closed)
            node.unnamed = None

    def _gap(
        self, from_us: int, to_us: int, cause: str, detail: str, estimate: int | None = None
    ) -> None:
        gap = GapOpened(uuid4(), self.source, [], min(from_us, to_us), cause, detail, estimate)
        self._intake.outcome.gaps += [gap, GapClosed(gap.gap_id, to_us, estimate)]

    def _refuse(self, topic: str, reason: str, raw: bytes, at_us: int, token: object) -> None:
        size = len(raw) if len(raw) > RAW_MAX else 0
        outcome = self._intake.outcome
        outcome.unreadable.append(Unmapped(clean(topic), reason, raw[:RAW_MAX], at_us, size=size))
        self._settle(token)
        self.remarks.say("unreadable", f"{clean(topic)[:100]}: {reason}")

    def _settle(self, token: object) -> None:
        """What came of its message is in this part, wholly."""
        if token is not None:
            self._intake.outcome.tokens.append(token)

    def _new_part(self) -> None:
        """Readings come before columns in a delivery: what a birth says comes after them."""
        if self._intake.outcome.columns.index:
            self._parts.append(self._intake.outcome)
            self._intake.outcome = Outcome()


def _bd_seq(payload: Any) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def _called(message: Message) -> str:
    topic = message.topic
    return f"{topic.kind} of {topic.key}" + (f"/{topic.device}" if topic.device else "")


def _may_be_rounds(node: Node, from_us: int, to_us: int) -> bool:
    """Whether so many messages may be lost that their number begins again and nothing shows."""
    known_us = max(node.heard_us - node.since_us, 1_000_000)
    return node.messages * (to_us - from_us) / known_us >= ROUND / 2
