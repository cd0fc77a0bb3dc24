"""What a pump reports of its connector beside the state: rate, certificates, changes of state."""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from werknetz.connector.contract import ConnectorStatus, Delivery
from werknetz.link.report import CertificateReport, ConnectorReport, StateReport
from werknetz_edge.pipeline.fault import fault_of

RATE_WINDOW_S: Final = 60.0
CHANGES_MAX: Final = 20
_DETAIL_MAX: Final = 300
_NEXT_ATTEMPT: Final = re.compile(r"; next attempt in [0-9.]+ s$")


def count_values(delivery: Delivery) -> int:
    """Return how many values and records a delivery has."""
    blocks = sum(len(block.value) for block in delivery.blocks)
    uniform = sum(messages.value_count for messages in delivery.uniform)
    return len(delivery.readings) + blocks + uniform + len(delivery.records)


class Reporter:
    """Counts what is stored and notes changes of the state, within bounds."""

    def __init__(
        self,
        *,
        is_history: bool = False,
        explores: Sequence[str] = (),
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_history = is_history
        self._explores = [*explores]
        self._monotonic_s = monotonic_s
        self._count = 0
        self._marks: deque[tuple[float, int]] = deque([(monotonic_s(), 0)])
        self._changes: deque[StateReport] = deque(maxlen=CHANGES_MAX)

    def note_stored(self, delivery: Delivery) -> None:
        self._count += count_values(delivery)

    def observe(self, status: ConnectorStatus, at_us: int) -> None:
        """Take the count for the rate, and note a change of state; called with each status."""
        now_s = self._monotonic_s()
        self._marks.append((now_s, self._count))
        while len(self._marks) > 2 and self._marks[1][0] <= now_s - RATE_WINDOW_S:
            self._marks.popleft()
        detail = _NEXT_ATTEMPT.sub("", status.detail)[:_DETAIL_MAX]
        last = self._changes[-1] if self._changes else None
        if last is None or (last.state, last.detail) != (status.state, detail):
            fault = None if status.fault is None else fault_of(status.fault)
            self._changes.append(StateReport(at_us, status.state, detail, fault))

    def report(
        self, status: ConnectorStatus, at_us: int, digest: bytes, offset_s: float | None
    ) -> ConnectorReport:
        (first_s, first), (last_s, last) = self._marks[0], self._marks[-1]
        window_s = last_s - first_s
        return ConnectorReport(
            at_us=at_us,
            rate_s=(last - first) / window_s if window_s > 0 else None,
            rate_window_s=window_s,
            source_offset_s=offset_s,
            certificates=[
                CertificateReport(
                    end.owner, int(end.until.timestamp() * 1e6), end.subject, end.fingerprint
                )
                for end in status.certificates
            ],
            mapping_digest=digest.hex(),
            is_history=self._is_history,
            fault=None if status.fault is None else fault_of(status.fault),
            changes=[*self._changes],
            explores=self._explores,
        )
