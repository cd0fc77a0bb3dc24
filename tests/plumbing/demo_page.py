"""The page of a demo as a test reads it: its link, numbers as they are shown, stopped processes."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import psutil
from playwright.sync_api import Locator, Page

from plumbing.installation import Installation
from plumbing.waiting import eventually

GROUP: Final = "nordwerk"
_LINK: Final = re.compile(r"^ *Dashboard +(\S+#key=\S+)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"-?[\d,]+(?:\.\d+)?")
_SHARE: Final = re.compile(r"^(-?\d+(\.\d)?%|–)$")
AGREE_S: Final = 60.0


def link_of(demo: Installation) -> str:
    """Return the link that the demo has printed."""
    match = _LINK.search(demo.output)
    assert match, demo.output
    return match[1]


def number_in(place: Locator) -> float | None:
    """Return the first number of a text; None where it has none, such as a dash."""
    match = _NUMBER.search(place.inner_text().replace("−", "-"))
    return None if match is None else float(match[0].replace(",", ""))


def first_share(place: Locator) -> Locator:
    """Return the first share of a part of the page: the number that is biggest there."""
    return place.get_by_text(_SHARE).first


def percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio


def agree(page: Page, shown: Callable[[], object], answered: Callable[[], object]) -> None:
    """Wait until page and API have the same: both change while a shift runs.

    Numbers may differ by what is rounded in the page.
    """
    last: list[object] = []

    def are_equal() -> bool:
        last[:] = [shown(), answered()]
        here, there = last
        if isinstance(here, float) and isinstance(there, float):
            return abs(here - there) <= 0.051
        return here == there

    deadline_s = time.monotonic() + AGREE_S
    while not are_equal():
        assert time.monotonic() < deadline_s, f"page and API differ: {last}"
        page.wait_for_timeout(500)


def first_seen(
    page: Page, signs: Mapping[str, Callable[[], bool]], within_s: float
) -> dict[str, float]:
    """Return when each sign was first there; those missing in the end have no time."""
    began_s = time.monotonic()
    seen_s: dict[str, float] = {}
    while len(seen_s) < len(signs) and time.monotonic() - began_s < within_s:
        for name, is_there in signs.items():
            if name not in seen_s and is_there():
                seen_s[name] = time.monotonic()
        page.wait_for_timeout(100)
    return seen_s


@contextmanager
def suspend_all(processes: list[psutil.Process]) -> Iterator[None]:
    """Stop processes without an end: they answer nothing and nobody starts them again."""
    assert processes
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def processes_of(demo: Installation, *words: str) -> list[psutil.Process]:
    """Return the processes of `werknetz <words>` and what they have started."""
    command = " ".join(("werknetz", *words))
    return _with_children(p for p in demo.processes() if command in " ".join(_command(p)))


def server_of(demo: Installation, name: str) -> list[psutil.Process]:
    """Return the processes of an embedded server, which listens on the port of its name."""
    port = int(demo.url(name).rpartition(":")[2].partition("/")[0])
    return _with_children(p for p in demo.processes() if port in _ports(p))


def wait_for_items(demo: Installation, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the items of a list as soon as it has any."""
    items: list[dict[str, Any]] = []

    def has_items() -> bool:
        items[:] = demo.get(path, **parameters)["items"]
        return bool(items)

    eventually(has_items, within_s=120, what=lambda: f"{path} has no items\n{demo.report()}")
    return items


def _with_children(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    tops = list(processes)
    below = [child for process in tops for child in process.children(recursive=True)]
    return list({process.pid: process for process in [*tops, *below]}.values())


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def _ports(process: psutil.Process) -> set[int]:
    with suppress(psutil.NoSuchProcess):
        return {
            connection.laddr.port
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    return set()
