"""A message's metrics become readings: by the alias or the name that a birth gave them. Pure.

Numbers of known metrics go into columns by the shortest way; everything else goes the long way
round, and what cannot be read is kept with its reason.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Final

from werknetz.connector.contract import Reading
from werknetz.connector.quarantine import RAW_MAX
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.events.batch import Unmapped
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.codec import UnreadableValue, datatype_name, decode_value
from werknetz_edge.sparkplug.node import (
    EXACT_MAX,
    MetricSource,
    NamedMetric,
    Node,
    SparkplugMessage,
)
from werknetz_edge.sparkplug.results import MessageResults, PeerNotes

METRICS_MAX: Final = 200_000  # of all nodes together: as many addresses as a mapping takes
UNITS_MAX: Final = 1_000
PART_MAX: Final = 1_000  # more do not fit into what quarantine keeps of one message
BD_SEQ: Final = "bdSeq"
_CONTROLS: Final = ("Node Control/", "Device Control/")  # commands that are taken, no values
_TIME_MAX_MS: Final = 2**62 // 1000
_AHEAD_MAX_US: Final = 60_000_000  # a clock further ahead than this must not move a stale mark
_UNWANTED: Final = NamedMetric("", "", 0, is_stored=False)
_QUALITY: Final = {0: BAD, 192: GOOD, 500: BAD_STALE}


@dataclass(slots=True)
class MetricReader:
    """Owns the addresses: a list that only grows, as columns point into it."""

    notes: PeerNotes
    results: MessageResults = field(default_factory=MessageResults)
    addresses: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    transient_count: int = 0
    _index: dict[str, int] = field(default_factory=dict)

    def read_birth(self, node: Node, source: MetricSource, message: SparkplugMessage) -> int | None:
        """Learn the metrics of a birth and read their values; return its bdSeq.

        What the source had before and has no more is marked stale.
        """
        before, bd_seq = source.by_name, None
        source.by_alias, source.by_name = {}, {}
        bad: list[tuple[str, Any]] = []
        for metric in message.payload.metrics:
            try:
                if metric.name == BD_SEQ:
                    bd_seq = int(decode_value(metric, metric.datatype or 8) or 0)
                else:
                    self._introduce(node, source, metric, message)
            except (UnreadableValue, TypeError, ValueError) as error:
                bad.append((str(error), metric))
        self._keep_bad(source, message, bad)
        gone = [known for name, known in before.items() if name not in source.by_name]
        self.mark_stale(node, gone, message.at_us)
        source.is_born = source.has_values = True
        source.rebirth_deadline_s = None
        return bd_seq

    def read_data(self, node: Node, source: MetricSource, message: SparkplugMessage) -> list[Any]:
        """Read a message's values; return the metrics that nobody has named."""
        aliases, names, columns = source.by_alias, source.by_name, self.results.columns
        sent_ms, start = message.payload.timestamp, len(columns.time_us)
        to_index, to_value, to_time = (
            columns.index.append, columns.value.append, columns.time_us.append
        )  # fmt: skip
        latest_ms = _TIME_MAX_MS
        unnamed: list[Any] = []
        bad: list[tuple[str, Any]] = []
        for metric in message.payload.metrics:
            alias, name = metric.alias, metric.name
            known = aliases.get(alias) if alias else names.get(name)
            if (
                known is not None
                and known.index >= 0
                and (not name or name == known.name)
                and not (metric.is_null or metric.is_historical or metric.is_transient)
                and not metric.HasField("properties")
            ):
                value = known.get(metric)
                at_ms = metric.timestamp or sent_ms
                if (
                    known.low <= value <= known.high
                    and 0 < at_ms < latest_ms
                    and (value or metric.WhichOneof("value") == known.field)
                ):
                    to_index(known.index)
                    to_value(value)
                    to_time(at_ms * 1000)
                    continue
            try:
                known = self._find(node, source, metric)
                if known is None:
                    unnamed.append(metric)
                elif known.is_stored:
                    self._read(node, known, metric, message, columns_too=True)
            except UnreadableValue as error:
                bad.append((str(error), metric))
        columns.fill_status()
        if len(columns.time_us) > start:
            _move_latest(node, max(columns.time_us[start:]), message.at_us)
        source.has_values = True
        self._keep_bad(source, message, bad)
        return unnamed

    def mark_stale(self, node: Node, metrics: list[NamedMetric], at_us: int) -> None:
        """Say of each that its value holds no longer: no value, and why."""
        at_us = max(at_us, node.last_sample_us + 1)
        self.results.readings += [
            Reading(known.address, None, BAD_STALE, at_us) for known in metrics
        ]

    def _introduce(
        self, node: Node, source: MetricSource, metric: Any, message: SparkplugMessage
    ) -> None:
        name = _name(metric)
        known = source.by_name.get(name)
        if not _is_value(metric):
            known = NamedMetric(name, f"{source.prefix}#{name}", metric.datatype, is_stored=False)
        elif known is None:
            known = source.by_name[name] = self._known(source, name, metric.datatype)
        else:
            self.notes.add("name_twice", f"{known.address} twice in one birth")
        if metric.HasField("alias"):
            self._alias(node, source, metric.alias, known)
        if not known.is_stored:
            return
        if metric.HasField("properties"):
            self._note_unit(known, metric.properties)
        self._read(node, known, metric, message, columns_too=False)

    def _alias(self, node: Node, source: MetricSource, alias: int, known: NamedMetric) -> None:
        other = source.by_alias.get(alias)
        if other is not None and other is not known:
            # Which of the two a value would be, nobody can say: both then need their names.
            source.by_alias.pop(alias)
            self.notes.add("alias_twice", f"{alias}: {other.address} and {known.address}")
            return
        if node.aliases.setdefault(alias, source.prefix) != source.prefix:
            text = f"{alias} of {source.prefix} is also one of {node.aliases[alias]}"
            self.notes.add("alias_twice", text)
        source.by_alias[alias] = known

    def _known(self, source: MetricSource, name: str, datatype: int) -> NamedMetric:
        address = f"{source.prefix}#{name}"
        index = self._index.get(address)
        if index is None:
            if len(self._index) >= METRICS_MAX:
                raise UnreadableValue(f"more than {METRICS_MAX} metrics: subscribe to fewer groups")
            index = self._index[address] = -1
        return NamedMetric.create(name, address, datatype, index)

    def _place(self, known: NamedMetric) -> int:
        """Its place in the columns: given with its first number, so that no text has one."""
        if known.index < 0:
            known.index = self._index.get(known.address, -1)
        if known.index < 0:
            known.index = self._index[known.address] = len(self.addresses)
            self.addresses.append(known.address)
        return known.index

    def _find(self, node: Node, source: MetricSource, metric: Any) -> NamedMetric | None:
        """By alias, else by a name that the message itself has; None: there is neither."""
        name = _name(metric) if metric.HasField("name") else ""
        known = source.by_alias.get(metric.alias) if metric.HasField("alias") else None
        if not name or (known is not None and known.name == name):
            return known
        named = source.by_name.get(name)
        if known is not None:
            text = f"alias {metric.alias} of {known.address} comes as {name!r}"
            self.notes.add("name_differs", text)
            return named or known
        if named is None and (name == BD_SEQ or not _is_value(metric)):
            return _UNWANTED
        if named is not None and (named.datatype or not metric.datatype):
            return named
        if named is None and source.is_born:
            self.notes.add("name_unknown", f"{source.prefix}#{name} is in no birth")
            node.rebirth.request(f"{name!r} is in no birth")
        named = source.by_name[name] = self._known(source, name, metric.datatype)
        return named

    def _read(
        self,
        node: Node,
        known: NamedMetric,
        metric: Any,
        message: SparkplugMessage,
        *,
        columns_too: bool,
    ) -> None:
        if metric.is_transient:
            self.transient_count += 1  # the source says that it is not to be stored
            return
        datatype = metric.datatype or known.datatype
        if known.datatype and datatype != known.datatype:
            text = (
                f"{known.address}: {datatype_name(datatype)}, born {datatype_name(known.datatype)}"
            )
            self.notes.add("datatype_differs", text)
        value = None if metric.is_null else decode_value(metric, datatype)
        status = _quality(metric.properties) if metric.HasField("properties") else GOOD
        if value is None and status == GOOD:
            status = BAD
        at_ms = metric.timestamp or message.payload.timestamp
        at_us = min(at_ms, _TIME_MAX_MS) * 1000 or message.at_us
        if metric.is_historical:
            self.results.history.append(Reading(known.address, value, status, at_us))
            return
        _move_latest(node, at_us, message.at_us)
        if columns_too and known.field and (value is None or _is_number(value)):
            if value is not None:
                known.use_field(metric.WhichOneof("value"))
            columns = self.results.columns
            columns.fill_status()
            columns.index.append(self._place(known))
            columns.value.append(math.nan if value is None else value)
            columns.status.append(status)
            columns.time_us.append(at_us)
        else:
            self.results.readings.append(Reading(known.address, value, status, at_us))

    def _note_unit(self, known: NamedMetric, properties: Any) -> None:
        for key, held in zip(properties.keys, properties.values, strict=False):
            if key in {"engUnit", "engUnits"} and isinstance(unit := held.string_value, str):
                if known.address in self.units or len(self.units) < UNITS_MAX:
                    self.units[known.address] = unit[:64]
                return

    def _keep_bad(
        self, source: MetricSource, message: SparkplugMessage, bad: list[tuple[str, Any]]
    ) -> None:
        """Keep what could not be read: a payload of just these metrics, and why."""
        if not bad:
            return
        raw = encode_subset(message.payload, [metric for _, metric in bad])
        reasons = list(dict.fromkeys(reason for reason, _ in bad))
        reason = f"{len(bad)} metrics cannot be read: " + "; ".join(reasons[:3])
        size = len(raw) if len(raw) > RAW_MAX else 0
        self.results.unreadable.append(
            Unmapped(
                sanitize_text(source.prefix),
                sanitize_text(reason),
                raw[:RAW_MAX],
                message.at_us,
                size=size,
            )
        )


def encode_subset(payload: Any, metrics: list[Any]) -> bytes:
    """The payload with only these metrics: what is kept can be read again."""
    part = Payload()
    for name in ("timestamp", "seq"):
        if payload.HasField(name):
            setattr(part, name, getattr(payload, name))
    part.metrics.extend(metrics[:PART_MAX])
    return bytes(part.SerializeToString())


def sanitize_text(text: str) -> str:
    """A peer's text, such that a database can keep it."""
    return text.replace("\0", "\\0").encode(errors="replace").decode()[:4096]


def _name(metric: Any) -> str:
    name = metric.name
    if not isinstance(name, str):
        raise UnreadableValue("the metric's name is not UTF-8")
    if not name:
        raise UnreadableValue("the metric has no name")
    return name


def _is_value(metric: Any) -> bool:
    """Neither a command that the peer takes nor the definition of a template."""
    if isinstance(metric.name, str) and metric.name.startswith(_CONTROLS):
        return False
    held = metric.WhichOneof("value")
    return held != "template_value" or not metric.template_value.is_definition


def _quality(properties: Any) -> int:
    for key, held in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            code = held.int_value or held.long_value
            if code in _QUALITY:
                return _QUALITY[code]
            # The codes of OPC: 192 to 255 are good, 64 to 127 uncertain.
            return GOOD if 192 < code <= 255 else UNCERTAIN if 64 <= code <= 127 else BAD
    return GOOD


def _is_number(value: Any) -> bool:
    if isinstance(value, int):
        return -EXACT_MAX <= value <= EXACT_MAX
    return isinstance(value, float)


def _move_latest(node: Node, at_us: int, arrival_us: int) -> None:
    node.last_sample_us = max(node.last_sample_us, min(at_us, arrival_us + _AHEAD_MAX_US))
