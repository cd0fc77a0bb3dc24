"""Runs one of several API processes: `python -m werknetz_core.processes.worker SOCKET`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from werknetz.runtime.http_server.limits import HttpLimits
from werknetz_core.settings import CoreSettings

DRAIN_S: Final = 10


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """What each API process of a host needs to serve."""

    settings: CoreSettings
    limits: HttpLimits
    tls: tuple[Path, Path] | None  # certificate and key; each process loads renewed files
    root_path: str
    number: int = 1  # of the process
    metrics_folder: Path | None = None  # where all processes write theirs


def main() -> None:
    from werknetz.runtime import log
    from werknetz.runtime.http_server.server import LimitedServer
    from werknetz.runtime.http_server.tls import ServerTls
    from werknetz_core.processes import child
    from werknetz_core.processes.metrics import share_metrics

    options: ApiOptions = child.read_argument()
    log.configure()
    if options.metrics_folder is not None:
        share_metrics(options.metrics_folder, options.number)
    from werknetz_core.app import create_app

    server = LimitedServer(
        create_app(options.settings), options.limits,
        None if options.tls is None else ServerTls(*options.tls),
        root_path=options.root_path, timeout_graceful_shutdown=DRAIN_S,
    )  # fmt: skip

    def end() -> None:
        server.should_exit = True

    child.end_with_owner(end)
    server.run(sockets=[child.listener_of_owner()])


if __name__ == "__main__":
    main()
