"""`werknetz up --workers 2` as processes, of which a test chooses the one that answers."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from plumbing.waiting import eventually
from werknetz_demo.embedded.process import free_port

SECONDS_MAX = 240
STARTED = "Application startup complete."
_COUNTED = r'^werknetz_http_requests_total{{.*route="{}",status="{}".*}} (\S+)$'


@dataclass
class ApiProcesses:
    owner: psutil.Process
    port: int
    log: Path

    def pids(self) -> set[int]:
        return {child.pid for child in self.owner.children() if _is_api_process(child)}

    @contextlib.contextmanager
    def only(self, pid: int) -> Iterator[None]:
        """Let no other process accept connections meanwhile."""
        others = self.pids() - {pid}
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: pid not in self.pids(), within_s=SECONDS_MAX)

    def wait_until_started(self, starts: int) -> None:
        """Wait until so many processes have started since the beginning."""
        eventually(
            lambda: self.log.read_text().count(STARTED) >= starts,
            within_s=SECONDS_MAX,
            what=self.log.read_text,
        )


@contextlib.contextmanager
def start_processes(
    folder: Path, *options: str, environment: dict[str, str]
) -> Iterator[ApiProcesses]:
    """Run two processes, and yield when both have started."""
    port, log = free_port(), folder / "up.log"
    command = [sys.executable, "-m", "werknetz_client.cli", "up", "--workers", "2", *options]
    with log.open("w") as out:
        up = subprocess.Popen(
            [*command, "--port", str(port)], env=os.environ | environment, stdout=out, stderr=out
        )
    try:
        processes = ApiProcesses(psutil.Process(up.pid), port, log)
        processes.wait_until_started(2)
        yield processes
    finally:
        children = psutil.Process(up.pid).children()
        up.terminate()
        status = up.wait(SECONDS_MAX)
    assert status in {0, -15}, log.read_text()
    assert not psutil.wait_procs(children, timeout=SECONDS_MAX)[1]


def _is_api_process(process: psutil.Process) -> bool:
    try:
        return "werknetz_core.processes.worker" in process.cmdline()
    except psutil.NoSuchProcess:  # it has ended; its owner may not have noticed
        return False


def requests_in(metrics: str, route: str, status: int) -> int:
    """Return how many requests of a route got this status, as the metrics show it."""
    pattern = _COUNTED.format(re.escape(route), status)
    return int(sum(float(number) for number in re.findall(pattern, metrics, re.MULTILINE)))
