"""Convert the metrics of a message to readings, by the aliases and names of births. No I/O.

Numbers of known metrics go into columns on a fast path; other values take the general path, and
unreadable values go to quarantine with the reason.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Final

from werknetz.connector.contract import Reading
from werknetz.connector.quarantine import RAW_MAX
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.events.batch import Unmapped
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.codec import UnreadableMetric, datatype_name, decode_value
from werknetz_edge.sparkplug.decoding.payload import Datatype
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
_NOT_STORED: Final = NamedMetric("", "", 0, is_stored=False)
_QUALITY: Final = {0: BAD, 192: GOOD, 500: BAD_STALE}


@dataclass(slots=True)
class MetricReader:
    """Owns the list of addresses, which only grows, as columns hold indexes into it."""

    notes: PeerNotes
    results: MessageResults = field(default_factory=MessageResults)
    addresses: list[str] = field(default_factory=list)
    booleans: set[int] = field(default_factory=set)  # which of the addresses have Booleans
    units: dict[str, str] = field(default_factory=dict)
    transient_count: int = 0
    _index: dict[str, int] = field(default_factory=dict)

    def read_birth(self, node: Node, source: MetricSource, message: SparkplugMessage) -> int | None:
        """Store the metrics of a birth and read their values; return its bdSeq.

        Metrics of the former birth that are missing in this one are marked stale.
        """
        before, bd_seq = source.by_name, None
        source.by_alias, source.by_name = {}, {}
        refused: list[tuple[str, Any]] = []
        for metric in message.payload.metrics:
            try:
                if metric.name == BD_SEQ:
                    bd_seq = int(decode_value(metric, metric.datatype or 8) or 0)
                else:
                    self._add_metric(node, source, metric, message)
            except (UnreadableMetric, TypeError, ValueError, OverflowError) as error:
                refused.append((str(error), metric))
        self._quarantine(source, message, refused)
        removed = [named for name, named in before.items() if name not in source.by_name]
        self.mark_stale(node, removed, message.at_us)
        source.is_born = source.has_values = True
        source.rebirth_deadline_s = None
        return bd_seq

    def read_data(self, node: Node, source: MetricSource, message: SparkplugMessage) -> list[Any]:
        """Read the values of a data message; return the metrics whose alias is unknown."""
        aliases, names, columns = source.by_alias, source.by_name, self.results.columns
        sent_ms, start = message.payload.timestamp, len(columns.time_us)
        to_index, to_value, to_time = (
            columns.index.append, columns.value.append, columns.time_us.append
        )  # fmt: skip
        latest_ms = _TIME_MAX_MS
        unnamed: list[Any] = []
        refused: list[tuple[str, Any]] = []
        for metric in message.payload.metrics:
            alias, name = metric.alias, metric.name
            named = aliases.get(alias) if alias else names.get(name)
            if (
                named is not None
                and named.index >= 0
                and (not name or name == named.name)
                and not (metric.is_null or metric.is_historical or metric.is_transient)
                and not metric.HasField("properties")
            ):
                value = named.get(metric)
                at_ms = metric.timestamp or sent_ms
                if (
                    named.low <= value <= named.high
                    and 0 < at_ms < latest_ms
                    and (value or metric.WhichOneof("value") == named.field)
                ):
                    to_index(named.index)
                    to_value(value)
                    to_time(at_ms * 1000)
                    continue
            try:
                named = self._resolve_metric(node, source, metric)
                if named is None:
                    unnamed.append(metric)
                elif named.is_stored:
                    self._read_value(node, named, metric, message, use_columns=True)
            except UnreadableMetric as error:
                refused.append((str(error), metric))
        columns.fill_status()
        if len(columns.time_us) > start:
            _move_latest(node, max(columns.time_us[start:]), message.at_us)
        source.has_values = True
        self._quarantine(source, message, refused)
        return unnamed

    def mark_stale(self, node: Node, metrics: list[NamedMetric], at_us: int) -> None:
        """Add a reading without a value and with a stale status for each metric."""
        at_us = max(at_us, node.last_sample_us + 1)
        self.results.readings += [
            Reading(named.address, None, BAD_STALE, at_us) for named in metrics
        ]

    def _add_metric(
        self, node: Node, source: MetricSource, metric: Any, message: SparkplugMessage
    ) -> None:
        name = _name_of(metric)
        named = source.by_name.get(name)
        if not _has_value(metric):
            named = NamedMetric(name, f"{source.prefix}#{name}", metric.datatype, is_stored=False)
        elif named is None:
            named = source.by_name[name] = self._create_metric(source, name, metric.datatype)
        else:
            self.notes.add("name_twice", f"{named.address} twice in one birth")
        if metric.HasField("alias"):
            self._bind_alias(node, source, metric.alias, named)
        if not named.is_stored:
            return
        if metric.HasField("properties"):
            self._store_unit(named, metric.properties)
        self._read_value(node, named, metric, message, use_columns=False)

    def _bind_alias(self, node: Node, source: MetricSource, alias: int, named: NamedMetric) -> None:
        other = source.by_alias.get(alias)
        if other is not None and other is not named:
            # The alias is ambiguous: both metrics are then read by name only.
            source.by_alias.pop(alias)
            self.notes.add("alias_twice", f"{alias}: {other.address} and {named.address}")
            return
        if node.aliases.setdefault(alias, source.prefix) != source.prefix:
            text = f"{alias} of {source.prefix} is also one of {node.aliases[alias]}"
            self.notes.add("alias_twice", text)
        source.by_alias[alias] = named

    def _create_metric(self, source: MetricSource, name: str, datatype: int) -> NamedMetric:
        address = f"{source.prefix}#{name}"
        index = self._index.get(address)
        if index is None:
            if len(self._index) >= METRICS_MAX:
                raise UnreadableMetric(
                    f"more than {METRICS_MAX} metrics: subscribe to fewer groups"
                )
            index = self._index[address] = -1
        return NamedMetric.create(name, address, datatype, index)

    def _column_index(self, named: NamedMetric) -> int:
        """Return the metric's index in the columns, assigned with its first number."""
        if named.index < 0:
            named.index = self._index.get(named.address, -1)
        if named.index < 0:
            named.index = self._index[named.address] = len(self.addresses)
            self.addresses.append(named.address)
            if named.datatype == Datatype.Boolean:
                self.booleans.add(named.index)
        return named.index

    def _resolve_metric(self, node: Node, source: MetricSource, metric: Any) -> NamedMetric | None:
        """Resolve by alias, else by the name in the message; None: neither is known."""
        name = _name_of(metric) if metric.HasField("name") else ""
        by_alias = source.by_alias.get(metric.alias) if metric.HasField("alias") else None
        if not name or (by_alias is not None and by_alias.name == name):
            return by_alias
        by_name = source.by_name.get(name)
        if by_alias is not None:
            text = f"alias {metric.alias} of {by_alias.address} comes as {name!r}"
            self.notes.add("name_differs", text)
            return by_name or by_alias
        if by_name is None and (name == BD_SEQ or not _has_value(metric)):
            return _NOT_STORED
        if by_name is not None and (by_name.datatype or not metric.datatype):
            return by_name
        if by_name is None and source.is_born:
            self.notes.add("name_unknown", f"{source.prefix}#{name} is in no birth")
            node.rebirth.request(f"{name!r} is in no birth")
        created = source.by_name[name] = self._create_metric(source, name, metric.datatype)
        return created

    def _read_value(
        self,
        node: Node,
        named: NamedMetric,
        metric: Any,
        message: SparkplugMessage,
        *,
        use_columns: bool,
    ) -> None:
        if metric.is_transient:
            self.transient_count += 1  # the source says that it is not to be stored
            return
        datatype = metric.datatype or named.datatype
        if named.datatype and datatype != named.datatype:
            text = (
                f"{named.address}: {datatype_name(datatype)}, born {datatype_name(named.datatype)}"
            )
            self.notes.add("datatype_differs", text)
        value = None if metric.is_null else decode_value(metric, datatype)
        status = _status_of(metric.properties) if metric.HasField("properties") else GOOD
        if value is None and status == GOOD:
            status = BAD
        at_ms = metric.timestamp or message.payload.timestamp
        at_us = min(at_ms, _TIME_MAX_MS) * 1000 or message.at_us
        if metric.is_historical:
            self.results.history.append(Reading(named.address, value, status, at_us))
            return
        _move_latest(node, at_us, message.at_us)
        if use_columns and named.field and (value is None or _is_number(value)):
            if value is not None:
                named.use_field(metric.WhichOneof("value"))
            columns = self.results.columns
            columns.fill_status()
            columns.index.append(self._column_index(named))
            columns.value.append(math.nan if value is None else value)
            columns.status.append(status)
            columns.time_us.append(at_us)
        else:
            # A birth contains current values, however old their times are.
            reading = Reading(named.address, value, status, at_us, may_be_old=not use_columns)
            self.results.readings.append(reading)

    def _store_unit(self, named: NamedMetric, properties: Any) -> None:
        for key, prop in zip(properties.keys, properties.values, strict=False):
            if key in {"engUnit", "engUnits"} and isinstance(unit := prop.string_value, str):
                if named.address in self.units or len(self.units) < UNITS_MAX:
                    self.units[named.address] = unit[:64]
                return

    def _quarantine(
        self,
        source: MetricSource,
        message: SparkplugMessage,
        refused: list[tuple[str, Any]],
    ) -> None:
        """Quarantine a payload of only the unreadable metrics, with the reasons."""
        if not refused:
            return
        raw = encode_subset(message.payload, [metric for _, metric in refused])
        reasons = list(dict.fromkeys(reason for reason, _ in refused))
        reason = f"{len(refused)} metrics cannot be read: " + "; ".join(reasons[:3])
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
    """Encode a payload with only these metrics, so that it can be replayed."""
    part = Payload()
    for name in ("timestamp", "seq"):
        if payload.HasField(name):
            setattr(part, name, getattr(payload, name))
    part.metrics.extend(metrics[:PART_MAX])
    return bytes(part.SerializeToString())


def sanitize_text(text: str) -> str:
    """Make a peer's text storable in a database."""
    return text.replace("\0", "\\0").encode(errors="replace").decode()[:4096]


def _name_of(metric: Any) -> str:
    name = metric.name
    if not isinstance(name, str):
        raise UnreadableMetric("the metric's name is not UTF-8")
    if not name:
        raise UnreadableMetric("the metric has no name")
    return name


def _has_value(metric: Any) -> bool:
    """Whether the metric is neither a command nor the definition of a template."""
    if isinstance(metric.name, str) and metric.name.startswith(_CONTROLS):
        return False
    prop = metric.WhichOneof("value")
    return prop != "template_value" or not metric.template_value.is_definition


def _status_of(properties: Any) -> int:
    for key, prop in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            code = prop.int_value or prop.long_value
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
