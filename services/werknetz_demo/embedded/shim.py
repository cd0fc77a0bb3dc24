"""Exec shim between parent and server: arranges its death with the parent, drops root, execs it.

Not `preexec_fn`, which may deadlock in a parent with threads. It runs under `python -I -S`, so it
imports only the standard library.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, user, group, death_pipe = (int(word) for word in sys.argv[1:6])
    command = sys.argv[6:]
    if death_pipe >= 0:
        _post_watchdog(death_pipe, death_signal)
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if death_pipe < 0:
        # After setuid, because a change of credentials clears the setting.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the caller passes the path


def _post_watchdog(death_pipe: int, death_signal: int) -> None:
    """Fork a watcher in its own session that notices when the pipe's other end closes.

    One byte before the end means an orderly stop; the end alone means that the parent died.
    """
    server = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)  # the watcher becomes a child of init, not of the server
        os.close(death_pipe)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for stream in range(3):  # otherwise readers of our output wait for the watcher
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    if not os.read(death_pipe, 1):
        try:
            os.killpg(server, death_signal)
            os.killpg(server, signal.SIGCONT)
        except ProcessLookupError:
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
