"""`make screenshots`: the pictures of all screens for README and docs, of a demo.

python deploy/screenshots.py [--url http://… --key wn_…] [--only trends]

Without `--url` it starts a demo of two plants and stops it at the end. Needs a Chromium (Debian's
package) and Playwright. The pictures are PNG files in docs/images/dashboard.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs/images/dashboard"
BYTES_MAX: Final = 1_500_000  # of all pictures
SIZE: Final = {"width": 1280, "height": 800}
WAIT_MS: Final = 120_000
READY_S: Final = 900
_LINK: Final = re.compile(rb"(http://127\.0\.0\.1:\d+)/#key=(wn_\w+)")


def screens_of(names: Mapping[str, str]) -> dict[str, str]:
    """Return the address of each screen, by the name of its picture."""
    plant, machine, signals = names["plant"], names["machine"], names["signals"]
    return {
        "group": "/",
        "plant": f"/plant/{plant}",
        "machine": f"/machine/{machine}?start=-24h",
        "losses": "/losses",
        "report": f"/report/{plant}?start=shift:previous",
        "trends": f"/trends?signal={signals}&start=-24h",
        "suppliers": "/suppliers",
        "warehouse": f"/warehouse/{names['warehouse']}",
        "connectors": "/connectors",
        "quality": "/quality",
        "targets": "/targets",
        "settings": "/settings/plants",
    }


def names_of(url: str, key: str) -> dict[str, str]:
    """Ask the API what there is to show."""

    def items(path: str) -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{url}/api/v1{path}", headers={"X-API-Key": key})
        with urllib.request.urlopen(request, timeout=30) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["items"]
        return rows

    plant = items("/plants?limit=1")[0]["path"]
    machine = items(f"/equipment?under={plant}&level=machine&limit=1")[0]["path"]
    values = items(f"/signals?under={plant}&role=process_value&limit=2")
    counters = items(f"/signals?under={plant}&role=good_count&limit=2")
    warehouses = items("/warehouses?limit=1")
    return {
        "plant": plant,
        "machine": machine,
        "signals": ",".join(str(signal["id"]) for signal in [*values, *counters]),
        "warehouse": warehouses[0]["key"] if warehouses else "",
    }


@contextmanager
def running_demo() -> Iterator[tuple[str, str]]:
    """Start a demo with its data in a temporary folder; yield its address and key."""
    data = Path(tempfile.mkdtemp(prefix="werknetz-screenshots-"))
    log = data / "demo.log"
    werknetz = Path(sys.executable).with_name("werknetz")
    command = [werknetz, "demo", "--plants", "2", "--days", "8", "--data", data / "demo"]
    with log.open("wb") as out:
        demo = subprocess.Popen(
            [str(part) for part in [*command, "--port", str(_free_port())]],
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield _wait_for_link(demo, log)
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(60)
        shutil.rmtree(data, ignore_errors=True)


def _wait_for_link(demo: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and demo.poll() is None:
        if link := _LINK.search(log.read_bytes()):
            return link[1].decode(), link[2].decode()
        time.sleep(1)
    raise SystemExit(f"the demo is not ready:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def take(url: str, key: str, only: str | None) -> None:
    """Take the pictures; a screen that shows a problem is an error."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    screens = screens_of(names_of(url, key))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme="light")
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{url}/#key={key}")
        page.wait_for_selector("main")
        for name, path in screens.items():
            if only in {None, name}:
                _take_one(page, f"{url}{path}", FOLDER / f"{name}.png")
        browser.close()


def _take_one(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_selector("main h1")
    # Grey blocks are what has not come yet.
    page.wait_for_function(
        "() => document.querySelectorAll('main [role=status][aria-label]').length === 0"
    )
    page.wait_for_timeout(2000)  # charts are drawn after the data
    if page.locator("main [role=alert]").count() > 0:
        raise SystemExit(f"{address}: {page.locator('main [role=alert]').first.inner_text()}")
    page.screenshot(path=str(file))
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} kB", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="address of a demo that runs")
    parser.add_argument("--key", help="its API key")
    parser.add_argument("--only", help="name of one screen")
    options = parser.parse_args(arguments)
    if options.url:
        take(options.url, options.key, options.only)
    else:
        subprocess.run([sys.executable, ROOT / "deploy/build_dashboard.py"], check=True)
        with running_demo() as (url, key):
            take(url, key, options.only)
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    if total > BYTES_MAX:
        print(f"the pictures have {total} bytes, more than {BYTES_MAX}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
