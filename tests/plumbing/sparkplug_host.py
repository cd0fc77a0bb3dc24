"""A Sparkplug host under a test: it publishes for a node and collects the results."""

from dataclasses import dataclass, field
from typing import Any

from plumbing.sparkplug import payload
from werknetz.connector.contract import Reading
from werknetz.domain.status import BAD_STALE
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.host import Host
from werknetz_edge.sparkplug.rebirth import NodeCommand

T0_MS = 1_790_000_000_000
I32, I64, F64, TEXT, BOOL = (
    Datatype.Int32, Datatype.Int64, Datatype.Double, Datatype.String, Datatype.Boolean
)  # fmt: skip
BD: dict[str, Any] = {"name": "bdSeq", "type": Datatype.UInt64, "value": 3}
NODE = "spBv1.0/G/N"
PRESS = f"{NODE}/press"
METRICS = {f"{PRESS}#{name}" for name in ("Counter/Good", "temp", "state", "on", "big")}


@dataclass
class HostBench:
    """A host, a clock, and all that came of it."""

    host: Host = field(default_factory=lambda: Host("plc", reorder_s=2.0))
    now_s: float = 0.0
    seq: int = -1
    readings: list[Reading] = field(default_factory=list)
    history: list[Reading] = field(default_factory=list)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    requests: list[NodeCommand] = field(default_factory=list)
    tokens: list[object] = field(default_factory=list)

    @property
    def at_ms(self) -> int:
        return T0_MS + int(self.now_s * 1000)

    def publish(self, kind: str, metrics: list[dict[str, Any]], **how: Any) -> None:
        """Without `seq`: the next one; `seq=None`: none at all."""
        if "seq" not in how and kind != "NDEATH":
            self.seq = how["seq"] = (self.seq + 1) % 256
        how.setdefault("at_ms", self.at_ms)
        token, device = how.pop("token", None), how.pop("device", "press")
        self.raw(kind, payload(metrics, **how), token=token, device=device)

    def raw(self, kind: str, raw: bytes, *, token: object = None, device: str = "press") -> None:
        topic = f"spBv1.0/G/{kind}/N" + (f"/{device}" if kind.startswith("D") else "")
        self.host.handle_message(topic, raw, at_us=self.at_ms * 1000, now_s=self.now_s, token=token)
        self.collect()

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.collect()

    def collect(self) -> None:
        request = self.host.tick(self.now_s, self.at_ms * 1000)
        self.requests += [] if request is None else [request]
        for part in self.host.take_results():
            self.readings += part.readings
            block = self.host.block_of(part.columns)
            rows = zip(block.address, block.value, block.status, block.source_time_us, strict=True)
            boolean = [False] * len(block.address) if block.boolean is None else block.boolean
            self.readings += [
                Reading(block.addresses[a], bool(v) if is_boolean else float(v), int(s), int(t))
                for (a, v, s, t), is_boolean in zip(rows, boolean, strict=True)
            ]
            self.history += part.history
            self.gaps += part.gaps
            self.unreadable += part.unreadable
            self.tokens += [token for token in part.tokens if token is not None]

    def publish_births(self) -> None:
        """A node with a metric of its own, and a press with five."""
        self.seq = -1
        rebirth = {"name": "Node Control/Rebirth", "alias": 0, "type": BOOL, "value": False}
        self.publish(
            "NBIRTH", [BD, rebirth, {"name": "hw", "alias": 9, "type": TEXT, "value": "A"}]
        )
        self.publish("DBIRTH", [
            {"name": "Counter/Good", "alias": 1, "type": I32, "value": 0},
            {"name": "temp", "alias": 2, "type": F64, "value": 20.5},
            {"name": "state", "alias": 3, "type": TEXT, "value": "IDLE"},
            {"name": "on", "alias": 4, "type": BOOL, "value": False},
            {"name": "big", "alias": 5, "type": Datatype.UInt64, "value": 1},
        ])  # fmt: skip

    def clear(self) -> None:
        for results in (self.readings, self.gaps, self.unreadable, self.requests, self.history):
            results.clear()

    @property
    def values(self) -> dict[str, Any]:
        return {reading.source: reading.value for reading in self.readings}

    @property
    def opened(self) -> list[GapOpened]:
        return [gap for gap in self.gaps if isinstance(gap, GapOpened)]

    @property
    def closed(self) -> list[GapClosed]:
        return [gap for gap in self.gaps if isinstance(gap, GapClosed)]

    def stale(self) -> set[str]:
        return {r.source for r in self.readings if r.status == BAD_STALE and r.value is None}


def data(*pairs: tuple[int, int, Any]) -> list[dict[str, Any]]:
    return [{"alias": a, "type": t, "value": v, "says_type": False} for a, t, v in pairs]
