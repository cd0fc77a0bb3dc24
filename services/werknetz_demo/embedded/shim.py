"""Run as a file between us and a server: tie the server's life to ours, drop root, become it.

An exec shim and not `preexec_fn`, which may deadlock in a parent that has threads. It runs under
`python -I -S`, so it imports nothing but the standard library.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, user, group, leash = (int(word) for word in sys.argv[1:6])
    command = sys.argv[6:]
    if leash >= 0:
        _post_watchdog(leash, death_signal)
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if leash < 0:
        # After setuid: a change of credentials clears the setting.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the caller found the path itself


def _post_watchdog(leash: int, death_signal: int) -> None:
    """Leave a watcher, in a session of its own, that sees the pipe's other end close.

    One byte before the end means an orderly farewell; the bare end means that the parent died.
    """
    server = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)  # the watcher becomes init's: the server must not find it
        os.close(leash)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for stream in range(3):  # or whoever reads our output waits for the watcher too
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    if not os.read(leash, 1):
        try:
            os.killpg(server, death_signal)
            os.killpg(server, signal.SIGCONT)
        except ProcessLookupError:
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
