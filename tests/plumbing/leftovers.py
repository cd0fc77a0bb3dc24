"""A test that leaves tasks or processes behind fails; so does a session.

What is left behind is what makes the next test fail, and nobody finds the reason there.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator

import psutil
import pytest
import pytest_asyncio

from plumbing.servers import SESSION_SERVERS

GONE_WITHIN_S = 90.0
TURNS_TO_END = 3000  # of the loop: a task that is cancelled ends in one or two, or with a thread


@pytest.fixture(autouse=True)
def no_task_left(request: pytest.FixtureRequest) -> None:
    """Watch the loop of an async test; other tests do without one."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("watched_tasks")


@pytest_asyncio.fixture
async def watched_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    for _ in range(TURNS_TO_END):
        unfinished = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not unfinished:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"left running: {sorted(map(str, unfinished))}", pytrace=False)


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    before = {child.pid for child in _children()}
    yield

    def list_leftovers() -> list[psutil.Process]:
        ours = before | {server.pid for server in SESSION_SERVERS}
        return [child for child in _children() if child.pid not in ours]

    _fail_unless_gone(list_leftovers)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Undo what a test sets up for its log: the stream is closed, and later tests print errors."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look once more when the session's servers, too, should be gone."""
    try:
        _fail_unless_gone(lambda: list(_children(recursive=True)))
    except pytest.fail.Exception as failure:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\n{failure.msg}")


def _fail_unless_gone(list_leftovers: Callable[[], list[psutil.Process]]) -> None:
    deadline = time.monotonic() + GONE_WITHIN_S
    while leftovers := list_leftovers():
        if time.monotonic() > deadline:
            names = [_text_of(child) for child in leftovers]
            for child in leftovers:
                child.kill()  # so that only the guilty test fails
            pytest.fail(f"left running: {names}", pytrace=False)
        time.sleep(0.02)


def _children(*, recursive: bool = False) -> Iterator[psutil.Process]:
    for child in psutil.Process().children(recursive=recursive):
        # multiprocessing's own; it ends with us
        if "resource_tracker" not in _text_of(child):
            yield child


def _text_of(child: psutil.Process) -> str:
    try:
        return f"{child.pid} {' '.join(child.cmdline()) or child.name()}"
    except psutil.Error:
        return str(child.pid)
