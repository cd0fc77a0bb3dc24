"""Our own birth and death: `spBv1.0/STATE/<host_id>`, by which edge nodes know that we listen."""

import json
from dataclasses import dataclass

from werknetz_edge.mqtt.client import Publication


@dataclass(slots=True)
class HostState:
    """Of one connection: birth and will carry the same time."""

    topic: str
    since_ms: int

    @property
    def birth(self) -> Publication:
        return self._said(online=True, at_ms=self.since_ms)

    @property
    def will(self) -> Publication:
        return self._said(online=False, at_ms=self.since_ms)

    def death(self, at_ms: int) -> Publication:
        """Before a disconnect that we mean: the broker keeps the will to itself then."""
        return self._said(online=False, at_ms=max(at_ms, self.since_ms))

    def contradict(self, payload: bytes) -> tuple[Publication, bool] | None:
        """Contradict who says that we are offline; True: it is no older self of ours.

        Our own death of before may come late, by the session or from a hanging connection; it is
        contradicted too, as the broker may have kept it as the last word.
        """
        try:
            said = json.loads(payload)
            online, at_ms = said["online"], int(said["timestamp"])
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            online, at_ms = False, 0
        if online is True:
            return None
        is_other = at_ms > self.since_ms
        # Nodes follow the youngest: ours must not be older than what it answers.
        self.since_ms = max(self.since_ms, min(at_ms, 2**53))
        return self.birth, is_other

    def _said(self, *, online: bool, at_ms: int) -> Publication:
        payload = json.dumps({"online": online, "timestamp": at_ms}).encode()
        return Publication(self.topic, payload, qos=1, retain=True)
