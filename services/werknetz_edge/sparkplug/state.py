"""Our own birth and death on `spBv1.0/STATE/<host_id>`, for edge nodes that wait for us."""

import json
from dataclasses import dataclass

from werknetz_edge.mqtt.client import Publication


@dataclass(slots=True)
class HostState:
    """State messages of one connection: birth and will carry the same time."""

    topic: str
    since_ms: int

    @property
    def birth(self) -> Publication:
        return self._encode(online=True, at_ms=self.since_ms)

    @property
    def will(self) -> Publication:
        return self._encode(online=False, at_ms=self.since_ms)

    def death(self, at_ms: int) -> Publication:
        """Encode the death for an orderly disconnect, at which the broker drops the will."""
        return self._encode(online=False, at_ms=max(at_ms, self.since_ms))

    def contradict(self, payload: bytes) -> tuple[Publication, bool] | None:
        """Return our birth if a message says that we are offline; True: another client sent it.

        Our own former death may arrive late, from the session or a hanging connection. It is
        answered, too, as the broker may have retained it.
        """
        try:
            state = json.loads(payload)
            online, at_ms = state["online"], int(state["timestamp"])
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            online, at_ms = False, 0
        if online is True:
            return None
        is_other = at_ms > self.since_ms
        # Nodes use the newest state: ours must not be older than the one it answers.
        self.since_ms = max(self.since_ms, min(at_ms, 2**53))
        return self.birth, is_other

    def _encode(self, *, online: bool, at_ms: int) -> Publication:
        payload = json.dumps({"online": online, "timestamp": at_ms}).encode()
        return Publication(self.topic, payload, qos=1, retain=True)
