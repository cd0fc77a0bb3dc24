"""What people enter about a shift, in a real browser: reasons, splits, parts, a signed report."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from plumbing.browser import run_apart, sign_in
from plumbing.first_rows import add_key
from plumbing.platform import Platform
from plumbing.press_rows import PRESS, add_press, compute
from plumbing.servers import run
from plumbing.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MACHINE: Final = f"/machine/{PRESS}?start=-6h"
_A_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")


@pytest.fixture
def key(database_url: str) -> str:
    """An engineer's, over a press."""
    run(add_press(database_url, datetime.now(UTC)))
    return run(add_key(database_url, "lead", "engineer"))


def test_people_enter_reasons_parts_and_sign(core: Platform, page: Page, database_url: str) -> None:
    sign_in(page, core.key)
    stop = _stops(core)[0]
    _give_a_reason_and_undo(core, page, stop)
    _split(core, page, stop)
    _enter_scrap(core, page, database_url)
    _zoom(page)
    _explain(page)
    _sign_and_print(core, page)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, run_apart(add_key(database_url, "guest", "viewer")))
    _look_without_a_right(page)
    _sign_in_again(page)


def _stops(platform: Platform) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = platform.get(f"equipment/{PRESS}/stops", start="-6h")["items"]
    return items


def _give_a_reason_and_undo(platform: Platform, page: Page, stop: dict[str, Any]) -> None:
    page.goto(MACHINE)
    page.get_by_role("checkbox", name="Choose the stop of").first.check()
    expect(page.get_by_role("heading", name="Chosen stop")).to_be_visible()
    find = page.get_by_role("combobox", name="Find a reason")
    find.fill("verschlissen tool")
    expect(page.get_by_role("option", name="Tool worn")).to_be_visible()
    find.press("Enter")
    expect(page.get_by_text("The reason is saved.")).to_be_visible()
    path = f"stops/{stop['id']}"
    assert platform.get(path)["reason"] == "tool_worn"
    page.get_by_role("button", name="Undo", exact=True).click()
    eventually(lambda: platform.get(path)["reason"] is None, within_s=20)
    page.goto(f"{MACHINE}&stop={stop['id']}")
    used = page.get_by_role("list", name="Reasons used most").get_by_role("button")
    first = used.first.inner_text().removeprefix("1").strip()
    page.keyboard.press("1")
    expect(page.get_by_text("The reason is saved.")).to_be_visible()
    assert platform.get(path)["reason_en"] == first
    expect(page.get_by_text("lead · reason:")).to_have_count(2)  # the one undone is there, too


def _split(platform: Platform, page: Page, stop: dict[str, Any]) -> None:
    before = _stops(platform)
    page.get_by_role("button", name="Split", exact=True).click()
    expect(page.get_by_text("The stop is split.")).to_be_visible()
    after = _stops(platform)
    assert len(after) == len(before) + 1
    parts = [part for part in after if stop["start"] <= part["start"] < stop["end"]]
    assert parts[0]["end"] == parts[1]["start"]
    assert sum(part["duration_s"] for part in parts) == pytest.approx(stop["duration_s"])
    ids = ",".join(part["id"] for part in parts)
    page.goto(f"{MACHINE}&stop={ids}")
    page.get_by_role("button", name="Merge 2 stops").click()
    expect(page.get_by_text("The stops are one.")).to_be_visible()
    assert len(_stops(platform)) == len(before)


def _enter_scrap(platform: Platform, page: Page, database_url: str) -> None:
    def quality() -> float:
        values = platform.get("kpi_values", equipment=PRESS, kpi="quality_ratio", start="-6h")
        return float(values["items"][0]["value"])

    before = quality()
    page.get_by_label("Number of parts").fill("12")
    page.get_by_label("Reason of the scrap").select_option(label="Dent")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_text("The parts are entered.")).to_be_visible()
    run_apart(compute(database_url))
    assert quality() < before
    page.get_by_role("button", name="Undo", exact=True).last.click()
    eventually(lambda: platform.get("quantity_entries")["items"] == [], within_s=20)
    run_apart(compute(database_url))
    assert quality() == pytest.approx(before)


def _zoom(page: Page) -> None:
    page.goto(MACHINE)
    lane = page.get_by_role("img", name="What press-1 did")
    box = lane.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*&to="))
    page.get_by_role("button", name="Whole period").click()
    expect(page).not_to_have_url(re.compile("from="))


def _explain(page: Page) -> None:
    page.goto(MACHINE)
    number = page.get_by_role("button", name=re.compile("^Availability .+: Explain$"))
    explanation = page.get_by_role("dialog", name=re.compile("^Availability"))
    number.click()
    expect(explanation.get_by_role("heading", name="Formula")).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation).to_have_count(0)
    number.focus()
    page.keyboard.press("e")
    expect(explanation).to_be_visible()
    page.keyboard.press("Escape")
    _has_rows(page, "CSV: Where the time went", "equipment,start,end,step,category")
    _has_rows(page, "CSV: Good parts", "equipment,start,end,window,produced,good")


def _sign_and_print(platform: Platform, page: Page) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start, end = hour - timedelta(hours=3), hour - timedelta(hours=1)
    period = f"start={start:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}"
    page.goto(f"/report/{PRESS}?{period}")
    page.get_by_label("Note", exact=True).fill("mould 7 is worn")
    page.get_by_role("button", name="Add note").click()
    note = page.get_by_role("listitem").filter(has_text="mould 7 is worn")
    expect(note).to_be_visible()  # the report that is signed has it
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("The report is signed.")).to_be_visible()
    path = f"shift_reports/{PRESS}"
    [signature] = platform.get(path, start=f"{start:%FT%TZ}", end=f"{end:%FT%TZ}")["signatures"]
    assert (signature["signed_by"], signature["changed"]) == ("lead", [])
    page.get_by_role("button", name="Withdraw").first.click()  # of the note
    expect(page.get_by_text("changed since: notes")).to_be_visible()
    _read_states(page)
    document = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(_A_PAGE.findall(document)) == 1


def _read_states(page: Page) -> None:
    """The states of the report as a table and a file; the table stays open, and is not printed."""
    states = page.get_by_role("region", name="What the machines did").first
    states.get_by_role("button", name="Table: What the machines did").click()
    table = states.get_by_role("table")
    expect(table.get_by_role("row")).not_to_have_count(1)
    expect(states.get_by_role("img", name="What press-1 did")).to_be_visible()
    _has_rows(page, "CSV: What the machines did", "equipment,start,end,duration_s,state")
    page.emulate_media(media="print")
    expect(table).to_be_hidden()
    expect(states.get_by_role("img", name="What press-1 did")).to_be_visible()
    page.emulate_media(media="null")


def _has_rows(page: Page, name: str, head: str) -> None:
    """The file behind a link of a tile has this head and rows."""
    address = page.get_by_role("link", name=name).get_attribute("href")
    assert address is not None
    answer = page.request.get(address)
    assert answer.ok, answer.text()
    first, *rows = answer.text().splitlines()
    assert first.startswith(head)
    assert rows


def _look_without_a_right(page: Page) -> None:
    page.goto(MACHINE)
    page.get_by_role("checkbox", name="Choose the stop of").first.check()
    expect(page.get_by_role("heading", name="Chosen stop")).to_be_visible()
    for name in ("Split", "Enter", "Add note"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.goto(f"/report/{PRESS}?start=-3h&end=-1h")
    expect(page.get_by_role("heading", name="Signatures")).to_be_visible()
    expect(page.get_by_role("button", name="Sign", exact=True)).to_have_count(0)


def _sign_in_again(page: Page) -> None:
    """The session ends while a screen is open: the next answer shows the form."""
    page.goto(MACHINE)
    expect(page.get_by_role("heading", name="press-1")).to_be_visible()
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
