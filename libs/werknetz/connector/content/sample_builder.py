"""Samples of single readings, row by row."""

from array import array
from dataclasses import dataclass, field

import numpy as np

from werknetz.connector.clock.clock_check import ClockCheck
from werknetz.events.batch import Samples


@dataclass(slots=True)
class SampleBuilder:
    """Builder of samples, row by row."""

    point: "array[int]" = field(default_factory=lambda: array("i"))
    time: "array[int]" = field(default_factory=lambda: array("q"))
    value: "array[float]" = field(default_factory=lambda: array("d"))
    status: "array[int]" = field(default_factory=lambda: array("I"))
    server: list[int | None] = field(default_factory=list)
    text_row: "array[int]" = field(default_factory=lambda: array("i"))
    text: list[str] = field(default_factory=list)
    kind: "array[int]" = field(default_factory=lambda: array("b"))  # for `judge`
    source: list[str] = field(default_factory=list)  # for `judge`

    def add(
        self, point: int, at_us: int, value: float, status: int, text: str | None,
        server_us: int | None = None,
    ) -> None:  # fmt: skip
        if text is not None:
            self.text_row.append(len(self.point))
            self.text.append(text)
        self.point.append(point)
        self.time.append(at_us)
        self.value.append(value)
        self.status.append(status)
        self.server.append(server_us)

    def judge(self, check: ClockCheck, arrival_us: int) -> None:
        """Replace times and statuses by those to store."""
        judged = check.judge(
            np.frombuffer(self.point, np.int32), np.frombuffer(self.time, np.int64),
            np.frombuffer(self.status, np.uint32), np.frombuffer(self.kind, np.int8),
            arrival_us, self.source.__getitem__,
        )  # fmt: skip
        if judged.source_time is not None:
            for row in np.flatnonzero(judged.source_time != judged.time).tolist():
                self.server[row] = int(judged.source_time[row])
        self.time = array("q", judged.time.tobytes())
        self.status = array("I", judged.status.tobytes())

    def samples(self) -> Samples:
        server = b""
        if any(at is not None for at in self.server):
            pairs = zip(self.server, self.time, strict=True)
            server = array("q", [t if s is None else s for s, t in pairs]).tobytes()
        return Samples(
            point=self.point.tobytes(), time=self.time.tobytes(), value=self.value.tobytes(),
            status=self.status.tobytes(), server_time=server,
            text_row=self.text_row.tobytes(), text=self.text,
        )  # fmt: skip
