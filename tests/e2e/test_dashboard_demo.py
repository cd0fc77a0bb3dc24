"""The page of a whole demo: every screen, a newcomer's path, incidents, and parts that stop."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from plumbing.browser import open_tab
from plumbing.demo_incidents import inject_and_repair
from plumbing.demo_outages import stop_each_part
from plumbing.demo_path import walk_to_the_message
from plumbing.demo_screens import look_at_each_screen
from plumbing.installation import Installation, installation
from werknetz_demo.embedded.process import free_port
from werknetz_simulator.plants.plan import DAY_US, HOUR_US
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.starvation import starvation_windows
from werknetz_simulator.plants.truth import SEED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
DAYS_MAX = 7


def days_with_starvation(now_us: int) -> int:
    """Return how many days of history have a line that starved, and runs again."""
    line = ZWICK_2.starved_line
    windows = starvation_windows(ZWICK_2, line, SEED, now_us - DAYS_MAX * DAY_US, now_us)
    over = [end_us for _, end_us in windows if end_us < now_us - HOUR_US]
    return 1 + (now_us - max(over)) // DAY_US


@pytest.fixture
def demo(tmp_path: Path, built_page: None) -> Iterator[Installation]:
    days = days_with_starvation(time.time_ns() // 1000)
    arguments = ("--plants", "2", "--days", str(days))
    with installation(tmp_path / "data", free_port(), *arguments) as started:
        started.wait_for("Ctrl-C stops everything", within_s=900)
        yield started


def test_screens_are_accessible_a_loss_leads_to_its_message_and_faults_are_seen(
    demo: Installation, browser: Browser, subtests: pytest.Subtests
) -> None:
    """One after the other, on one installation: a demo is the dear part."""
    with subtests.test("screens"):
        look_at_each_screen(demo, browser)
    with subtests.test("path"), open_tab(browser, f"http://127.0.0.1:{demo.port}") as page:
        walk_to_the_message(demo, page)
    with subtests.test("incidents"):
        inject_and_repair(demo, browser)
    with subtests.test("outages"):
        stop_each_part(demo, browser)
