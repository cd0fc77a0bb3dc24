"""`werknetz demo` as a new user runs it: its process, output, folder and child processes."""

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil

from plumbing.servers import run
from werknetz_demo.supervisor import werknetz_command

_KEY = re.compile(r"wn_demo_[0-9a-f]{64}")


@dataclass
class Installation:
    popen: subprocess.Popen[str]
    folder: Path
    port: int
    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def key(self) -> str:
        match = _KEY.search(self.output)
        assert match, self.output
        return match[0]

    @property
    def since_us(self) -> int:
        return int(json.loads((self.folder / "since.json").read_text())["since_us"])

    def wait_for(self, text: str, within_s: float = 300) -> float:
        """Wait until the text is printed; return after how many seconds."""
        deadline = time.monotonic() + within_s
        while text not in self.output:
            assert self.popen.poll() is None, self.report()
            assert time.monotonic() < deadline, f"{text!r} was not printed:\n{self.report()}"
            time.sleep(0.05)
        return time.monotonic() - self.began

    def report(self) -> str:
        logs = sorted((self.folder / "logs").glob("*.log"))
        ends = [f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs]
        return "\n".join([self.output, *ends])

    def processes(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.popen.pid).children(recursive=True)
        return []

    def kill(self, *words: str) -> int:
        """SIGKILL every process of `werknetz <words>`; return how many there were."""
        processes = [p for p in self.processes() if " ".join(("werknetz", *words)) in _command(p)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return len(processes)

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = httpx2.get(
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
            params=parameters,
            headers={"X-API-Key": self.key},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code == httpx2.codes.OK, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def query(self, statement: str, *arguments: Any) -> list[Any]:
        return run(_fetch(self.url("postgres"), statement, *arguments))

    def url(self, server: str) -> str:
        port = json.loads((self.folder / "ports.json").read_text())[server]
        secret = json.loads((self.folder / "secrets.json").read_text())[server]
        if server == "postgres":
            return f"postgresql://werknetz:{secret}@127.0.0.1:{port}/werknetz"
        return f"redis://werknetz:{secret}@127.0.0.1:{port}/0"

    def stop(self, number: int = signal.SIGINT, within_s: float = 180) -> float:
        """Stop the demo; return how many seconds it took."""
        began = time.monotonic()
        self.popen.send_signal(number)
        self.popen.wait(within_s)
        return time.monotonic() - began


@contextmanager
def installation(folder: Path, port: int, *arguments: str) -> Iterator[Installation]:
    """Start the demo; stop all its processes in the end."""
    command = [*werknetz_command(), "demo", "--port", str(port), "--data", str(folder), *arguments]
    popen = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    demo = Installation(popen, folder, port)
    listening = threading.Thread(target=_listen, args=(popen, demo.lines.append))
    listening.start()
    try:
        yield demo
    finally:
        left = demo.processes()
        if popen.poll() is None:
            popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                popen.wait(120)
        popen.kill()
        popen.wait(60)
        psutil.wait_procs(left, timeout=60)
        listening.join(60)
        if popen.stdout is not None:
            popen.stdout.close()


def _listen(popen: subprocess.Popen[str], on_line: Callable[[str], None]) -> None:
    assert popen.stdout is not None
    for line in popen.stdout:
        on_line(line.rstrip("\n"))


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


async def _fetch(url: str, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return list(await connection.fetch(statement, *arguments, timeout=60))
    finally:
        await connection.close(timeout=60)
