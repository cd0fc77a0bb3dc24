"""The web page in Chromium: when it shows numbers, what it asks for, what stays in memory.

The API and the browser share the machine. The page's clock runs ahead for what takes minutes or
hours: its timers go by, its requests are real. Times depend on the machine and on what else runs
on it: these bars are for two quiet cores.
"""

import asyncio
import gzip
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, Response, Route

from bench.bench_api import LINE
from bench.measure import Measure
from bench.served import open_api
from plumbing.browser import open_chromium
from plumbing.deploy_scripts import FOLDER

BUILD: Final = [sys.executable, str(FOLDER / "build_dashboard.py")]
PAINT_MAX_MS: Final = 800
NUMBER_MAX_MS: Final = 1500
CHANGE_MAX_MS: Final = 300
PIECES: Final = 2000
PIECES_MAX_MS: Final = 50
REQUESTS_MAX: Final = 3
KB_MAX: Final = 10
GROWTH_MAX: Final = 1.2
POLL_S: Final = 10
MACHINE: Final = f"{LINE}/m-0"
PLANT: Final = "/".join(LINE.split("/")[:2])
SCREENS: Final = {
    "group": "/",
    "plant": f"/plant/{PLANT}",
    "machine": f"/machine/{MACHINE}?start=-8h",
    "losses": "/losses",
    "shift report": f"/report/{PLANT}?start=-8h",
    "trends": "/trends",
    "suppliers": "/suppliers",
    "warehouse": "/warehouse",
    "connectors": "/connectors",
    "quality": "/quality",
    "targets": "/targets",
    "settings": "/settings",
}
# The instant at which a share in per cent is drawn.
NUMBER: Final = r"""(() => {
  const look = () => {
    const text = document.querySelector("main")?.textContent ?? "";
    if (/\d+[.,]\d\s?%/.test(text)) window.benchNumberMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
AWAIT_NUMBER: Final = """async () => {
  while (window.benchNumberMs === undefined) await new Promise(requestAnimationFrame);
  return window.benchNumberMs;
}"""
PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# From the click on a link until the other screen is drawn, without a block of something to come.
CHANGE: Final = """async (path) => {
  const link = [...document.querySelectorAll("nav a")].find((a) => a.pathname === path);
  const before = document.querySelector("h1");
  const began = performance.now();
  link.click();
  const isThere = () => {
    const title = document.querySelector("h1");
    const block = document.querySelector("main [role=status]");
    return title !== null && title !== before && block === null;
  };
  while (!isThere()) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def measures(short: bool) -> list[Measure]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        return [Measure("page", "not measured: apt-get install chromium")]
    built = subprocess.run(BUILD, capture_output=True, text=True, check=False)
    if built.returncode:
        return [Measure("page", f"not measured: it cannot be built: {built.stdout[-200:]}")]
    return asyncio.run(_measure_all(program, short))


async def _measure_all(program: str, short: bool) -> list[Measure]:
    async with open_api() as api:
        return await asyncio.to_thread(_measure, program, api.base, api.key, short)


def _measure(program: str, base: str, key: str, short: bool) -> list[Measure]:
    visits = 3 if short else 9
    with open_chromium(program) as browser:
        stored = _sign_in(browser, base, key)
        tabs = Tabs(browser, base, stored)
        return [
            *_first_numbers(tabs, visits),
            _changes(tabs, visits),
            _timeline(tabs, visits),
            *_polls(tabs, list(SCREENS)[: 3 if short else None]),
            _memory(tabs, hours=1 if short else 24),
        ]


def _sign_in(browser: Browser, base: str, key: str) -> Any:
    context = browser.new_context(base_url=base)
    page = context.new_page()
    page.goto(f"/#key={key}")
    page.get_by_role("heading", level=1).wait_for()
    stored = context.storage_state()
    context.close()
    return stored


@dataclass(frozen=True)
class Tabs:
    """Opens tabs of somebody who is signed in, each with an empty cache."""

    browser: Browser
    base: str
    stored: Any

    @contextmanager
    def open(self) -> Iterator[Page]:
        context = self.browser.new_context(
            base_url=self.base, storage_state=self.stored, locale="en-GB"
        )
        try:
            yield context.new_page()
        finally:
            context.close()


def _first_numbers(tabs: Tabs, visits: int) -> list[Measure]:
    paints, numbers = [], []
    for _ in range(visits):
        with tabs.open() as page:
            page.add_init_script(NUMBER)
            page.goto("/")
            numbers.append(float(page.evaluate(AWAIT_NUMBER)))
            paints.append(float(page.evaluate(PAINT)))
    return [
        _time("page: first contentful paint", paints, PAINT_MAX_MS),
        _time("page: first number", numbers, NUMBER_MAX_MS),
    ]


def _changes(tabs: Tabs, visits: int) -> Measure:
    """Change screens by the links of the bar, each for the first time in its tab."""
    took: dict[str, list[float]] = {}
    for _ in range(visits):
        with tabs.open() as page:
            page.goto("/")
            page.wait_for_load_state("networkidle")
            paths = page.eval_on_selector_all("nav a", "(links) => links.map((a) => a.pathname)")
            for path in paths:
                if path != "/":
                    took.setdefault(path, []).append(float(page.evaluate(CHANGE, path)))
    medians = {path: statistics.median(of_path) for path, of_path in took.items()}
    slowest = max(medians, key=lambda path: medians[path])
    name = f"page: change of screen, {slowest.split('/')[1]} the slowest"
    return _time(name, took[slowest], CHANGE_MAX_MS)


def _time(name: str, took_ms: Sequence[float], bar_ms: float) -> Measure:
    median = statistics.median(took_ms)
    figure = f"{median:.0f} ms, at most {max(took_ms):.0f} of {len(took_ms)}"
    return Measure(name, figure, median / bar_ms, 1, at_most=True)


def _timeline(tabs: Tabs, rounds: int) -> Measure:
    """What 2,000 pieces cost the page's thread, beside one piece: JSON, layout and drawing."""
    used_ms: dict[int, list[float]] = {1: [], PIECES: []}
    for _ in range(rounds):
        for count, used in used_ms.items():
            with tabs.open() as page:
                page.route("**/states?*", _states_answer(count))
                session = page.context.new_cdp_session(page)
                session.send("Performance.enable", {"timeDomain": "threadTicks"})
                page.goto(f"/machine/{MACHINE}?start=-24h")
                page.wait_for_load_state("networkidle")
                used.append(_thread_ms(session))
    medians = {count: statistics.median(of_count) for count, of_count in used_ms.items()}
    more_ms = medians[PIECES] - medians[1]
    figure = f"{more_ms:.0f} ms more than one piece ({medians[1]:.0f} ms)"
    return Measure(
        f"page: timeline of {PIECES} pieces", figure, more_ms / PIECES_MAX_MS, 1, at_most=True
    )


def _states_answer(count: int) -> Callable[[Route], None]:
    """Return what answers with pieces of 24 hours."""
    words = ("producing", "idle", "malfunction", "starved", "setup")
    end = datetime.now(UTC)
    start, step = end - timedelta(hours=24), timedelta(hours=24) / count
    items = [
        {
            "equipment": MACHINE,
            "start": (start + number * step).isoformat(),
            "end": (start + (number + 1) * step).isoformat(),
            "duration_s": step.total_seconds(),
            "state": words[number % len(words)],
            "category": "apt",
            "code": None,
            "order_number": None,
        }
        for number in range(count)
    ]
    span = {"start": start.isoformat(), "end": end.isoformat(), "shift": None, "no_data": False}

    def answer(route: Route) -> None:
        route.fulfill(json={"items": items, "next_cursor": None, **span})

    return answer


def _thread_ms(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * sum(item["value"] for item in metrics if item["name"] == "TaskDuration")


@dataclass
class Traffic:
    """What a tab asks the API for, and how much of it is unfinished."""

    page: Page
    open: int = 0
    answers: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda _: self._count(1))
        self.page.on("requestfinished", lambda _: self._count(-1))
        self.page.on("requestfailed", lambda _: self._count(-1))
        self.page.on(
            "response", lambda answer: self.answers.append(answer) if _is_api(answer) else None
        )

    def _count(self, change: int) -> None:
        self.open += change

    def settle(self) -> None:
        """Wait until all is answered that was urls for."""
        deadline = time.monotonic() + 60
        while self.open and time.monotonic() < deadline:
            self.page.wait_for_timeout(5)

    def go_by(self, seconds: int, step: int = POLL_S) -> None:
        """Let the page's clock go on; what it asks for is answered before the next step."""
        for _ in range(seconds // step):
            self.page.clock.run_for(step * 1000)
            self.settle()


def _is_api(answer: Response) -> bool:
    return "/api/" in answer.url and not answer.url.endswith("/stream")


def _polls(tabs: Tabs, names: Sequence[str]) -> list[Measure]:
    """Count what each screen asks for in ten seconds, of five minutes, and how much that is."""
    seconds, lines = 300, []
    for name in names:
        with tabs.open() as page:
            page.clock.install()
            traffic = Traffic(page)
            page.goto(SCREENS[name])
            page.wait_for_load_state("networkidle")
            sizes = {a.url: len(gzip.compress(a.body())) for a in traffic.answers if a.ok}
            traffic.answers.clear()
            traffic.go_by(seconds, step=1)
            rounds = seconds / POLL_S
            urls = [answer.url for answer in traffic.answers]
            kb = sum(sizes.get(url, 0) for url in urls) / rounds / 1000
            per_round = len(urls) / rounds
            lines.append(
                Measure(
                    f"page: {name} in {POLL_S} s, all changed",
                    f"{per_round:.1f} requests of {len(set(urls))} kinds, {kb:.1f} kB",
                    max(per_round / REQUESTS_MAX, kb / KB_MAX),
                    1,
                    at_most=True,
                )
            )
    return lines


def _memory(tabs: Tabs, hours: int) -> Measure:
    """What a screen on a wall has in memory after hours, beside five minutes."""
    with tabs.open() as page:
        page.clock.install()
        traffic = Traffic(page)
        session = page.context.new_cdp_session(page)
        page.goto("/?kiosk=1")
        page.wait_for_load_state("networkidle")
        traffic.go_by(300)
        early = _heap_mb(session)
        for _ in range(hours * 12):
            traffic.answers.clear()
            traffic.go_by(300)
        late = _heap_mb(session)
    figure = f"{early:.1f} MB after 5 min, {late:.1f} after {hours} h"
    return Measure("page: memory of a kiosk", figure, late / early, GROWTH_MAX, at_most=True)


def _heap_mb(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6
