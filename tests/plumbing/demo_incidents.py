"""Faults injected into a running demo: how soon the page shows each, and their repair there."""

import re
import subprocess
import time
from contextlib import ExitStack
from typing import Final

from playwright.sync_api import Browser, Page, expect

from plumbing.browser import open_tab, sign_in
from plumbing.demo_page import first_seen
from plumbing.installation import Installation
from plumbing.waiting import eventually
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.partners.partners import STARVING_RELATION

BAR_S: Final = {"break": 20.0, "late-delivery": 60.0, "bad-edi": 30.0}
"""Within which an incident is visible on a quiet machine."""
NOISE: Final = 3
PART: Final = STARVING_RELATION.material
WAREHOUSE: Final = STARVING_RELATION.warehouse
_MISSPELT: Final = "'12O'"


def inject_and_repair(demo: Installation, browser: Browser) -> None:
    """Three tabs are open; each sees its incident without being loaded again."""
    machine = _running_machine(demo)
    plant = "/".join(machine.split("/")[:2])
    base = f"http://127.0.0.1:{demo.port}"
    with ExitStack() as tabs:
        plant_tab, stock_tab, quality_tab = (
            tabs.enter_context(open_tab(browser, base)) for _ in BAR_S
        )
        for tab, path in (
            (plant_tab, f"/plant/{plant}"),
            (stock_tab, f"/warehouse/{WAREHOUSE.code.lower()}?part={PART}"),
            (quality_tab, "/quality"),
        ):
            sign_in(tab, demo.key)
            tab.goto(path)
            expect(tab.locator("main h1")).to_be_visible()
        stands = plant_tab.get_by_role("region", name="Open stops").get_by_role("row")
        stock = stock_tab.get_by_role("row").filter(has_text=PART).first
        refused = quality_tab.get_by_role("link", name=re.compile(re.escape(_MISSPELT)))
        expect(stock).to_be_visible()
        injected_s = {
            command[0]: _inject(demo, *command)
            for command in (("break", machine), ("late-delivery",), ("bad-edi",))
        }
        name = machine.rpartition("/")[2]
        fails = stands.filter(has_text=name).filter(has_text="Malfunction")
        signs = {
            "break": fails.first.is_visible,
            "late-delivery": lambda: re.search(r"\b0 PCE", stock.inner_text()) is not None,
            "bad-edi": refused.is_visible,
        }
        seen_s = first_seen(plant_tab, signs, NOISE * max(BAR_S.values()))
        _check_bars({name: at_s - injected_s[name] for name, at_s in seen_s.items()}, demo)
        _give_the_stop_a_reason(demo, plant_tab, machine)
        _discard(demo, quality_tab)


def _check_bars(after_s: dict[str, float], demo: Installation) -> None:
    for name, bar_s in BAR_S.items():
        print(f"{name}: seen after {after_s.get(name, -1):.0f} s, at best {bar_s:.0f} s")
        assert name in after_s, f"{name} was not seen: {after_s}\n{demo.report()}"
        assert after_s[name] < NOISE * bar_s, f"{name} was seen late: {after_s}\n{demo.report()}"


def _inject(demo: Installation, *arguments: str) -> float:
    """Return when it was done."""
    subprocess.run(
        [*werknetz_command(), "demo", *arguments, "--data", str(demo.folder)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return time.monotonic()


def _running_machine(demo: Installation) -> str:
    """Return a machine that produces; whichever where the plants stand."""
    items = demo.get("overview", under="nordwerk/emden-1", depth="machine")["items"]
    runs = [item for item in items if item["worst_stop"] is None]
    machine: str = (runs or items)[0]["equipment"]
    return machine


def _give_the_stop_a_reason(demo: Installation, page: Page, machine: str) -> None:
    """From the list of open stops to the machine, and there the reason by its digit."""
    name = machine.rpartition("/")[2]
    tile = page.get_by_role("region", name="Open stops")
    tile.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    stops = page.get_by_role("region", name="Stops", exact=True)
    stops.get_by_role("checkbox", name="with short stops").check()  # it has just begun
    row = stops.get_by_role("row").filter(has_text="Malfunction").filter(has_text="…")
    row.first.get_by_role("checkbox").check()
    expect(page.get_by_role("region", name="Chosen stop")).to_be_visible()
    page.get_by_role("list", name="Reasons used most").get_by_role("button").first.click()
    expect(page.get_by_text("The reason is saved.")).to_be_visible()
    match = re.search(r"stop=([^&]+)", page.url)
    assert match
    assert demo.get(f"stops/{match[1]}")["reason_source"] == "entered"


def _discard(demo: Installation, page: Page) -> None:
    """No mapping repairs a wrong quantity: the entry is discarded, with why.

    What a mapping repairs is in `test_dashboard_quality`.
    """
    group = page.get_by_role("link", name=re.compile(re.escape(_MISSPELT)))
    group.click()
    expect(page.locator("mark").first).to_contain_text("12O")
    page.get_by_role("textbox", name="Reason").fill("misspelt; the supplier sends it again")
    page.get_by_role("button", name=re.compile("^Discard")).click()
    expect(group).to_be_hidden()
    eventually(lambda: _groups_with(demo, _MISSPELT) == [], within_s=30)


def _groups_with(demo: Installation, word: str) -> list[object]:
    items = demo.get("quarantine/groups")["items"]
    return [item for item in items if word in item["text"]]
