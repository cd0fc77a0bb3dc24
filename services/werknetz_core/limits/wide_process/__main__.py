"""Runs the wide process: `python -m werknetz_core.limits.wide_process SOCKET`."""

import os
from typing import TYPE_CHECKING, Final

from werknetz_core.processes import child

if TYPE_CHECKING:
    from werknetz_core.settings import CoreSettings

NICENESS: Final = 5  # a third of the time of an API process where both compute
_DRAIN_S: Final = 2


def main() -> None:
    os.nice(NICENESS)  # at once: starting computes for seconds
    settings: CoreSettings = child.read_argument()
    from werknetz.runtime import log
    from werknetz.runtime.http_server.limits import CONNECTIONS_MAX, HttpLimits
    from werknetz.runtime.http_server.server import LimitedServer
    from werknetz_core.app import create_app
    from werknetz_core.limits.wide_process.handed_over import HandedOverRequests
    from werknetz_core.limits.wide_process.state import WideState, write_state

    log.configure()
    limits = HttpLimits(
        connections_max=CONNECTIONS_MAX,  # of API processes, which limit those of clients
        connections_per_address_max=CONNECTIONS_MAX,
        header_bytes_max=65_536,
        headers_max=200,
    )
    listener = child.listener_of_owner()
    app = HandedOverRequests(
        create_app(settings, with_jobs=False),
        on_ready=lambda: write_state(listener.getsockname(), WideState.OK),
    )
    server = LimitedServer(app, limits, timeout_graceful_shutdown=_DRAIN_S, date_header=False)

    def end() -> None:
        server.should_exit = True

    child.end_with_owner(end)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
