"""Runs the wide process: settings from the input, requests from the socket in the argument.

python -m werknetz_core.limits.wide_process NUMBER_OF_THE_SOCKET
"""

import os
import pickle
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from werknetz_core.settings import CoreSettings

NICENESS: Final = 5  # a third of the time of an API process where both compute
_DRAIN_S: Final = 2


def main() -> None:
    os.nice(NICENESS)  # at once: starting computes for seconds
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, which then ends this
    from werknetz.runtime import log
    from werknetz.runtime.http_server.limits import CONNECTIONS_MAX, HttpLimits
    from werknetz.runtime.http_server.server import LimitedServer
    from werknetz_core.app import create_app
    from werknetz_core.limits.wide_process.handed_over import HandedOverRequests

    log.configure()
    settings: CoreSettings = pickle.load(sys.stdin.buffer)  # noqa: S301  from its owner
    listener = socket.socket(fileno=int(sys.argv[1]))
    limits = HttpLimits(
        connections_max=CONNECTIONS_MAX,  # of API processes, which limit those of clients
        connections_per_address_max=CONNECTIONS_MAX,
        header_bytes_max=65_536,
        headers_max=200,
    )
    app = HandedOverRequests(create_app(settings, with_jobs=False))
    server = LimitedServer(app, limits, timeout_graceful_shutdown=_DRAIN_S, date_header=False)

    def end_with_owner() -> None:
        while os.read(0, 1024):
            pass
        server.should_exit = True

    threading.Thread(target=end_with_owner, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
