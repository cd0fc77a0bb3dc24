"""Metrics of all API processes of a host: each writes files, and any of them adds them up.

A process that is started again goes on with the files of the one before it, so counters never fall.
"""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads it
_PID: Final = "worker_{}.pid"
_MmapedValue: Final[Any] = values.MultiProcessValue  # the package types neither
_SumOfProcesses: Final[Any] = MultiProcessCollector


def share_metrics(folder: Path, number: int) -> None:
    """Write the metrics of this process to files. Call it before the first metric is made."""
    os.environ[FOLDER] = str(folder)
    values.ValueClass = _MmapedValue(lambda: number)
    (folder / _PID.format(number)).write_text(str(os.getpid()))


def render_metrics(registry: CollectorRegistry) -> bytes:
    """Return the sums over all processes, and what each process uses; else those of this one."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return generate_latest(registry)
    shared = CollectorRegistry()
    _SumOfProcesses(shared, folder)
    shared.register(WorkerProcesses(Path(folder)))
    return generate_latest(shared)


class WorkerProcesses(Collector):
    """Memory, processor time and files of each process, with its number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        metrics: dict[str, Metric] = {}
        for file in sorted(self._folder.glob(_PID.format("*"))):
            number, pid = file.stem.partition("_")[2], file.read_text()
            collector = ProcessCollector(pid=partial(str, pid), registry=None)
            for own in collector.collect():
                metric = metrics.setdefault(
                    own.name, Metric(own.name, own.documentation, own.type, own.unit)
                )
                for sample in own.samples:
                    metric.add_sample(sample.name, {"worker": number}, sample.value)
        return metrics.values()
