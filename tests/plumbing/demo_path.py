"""A newcomer's path through the page: from the printed link to the message behind a loss."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from plumbing.demo_page import (
    GROUP,
    agree,
    first_share,
    link_of,
    number_in,
    percent,
    wait_for_items,
)
from plumbing.installation import Installation


def walk_to_the_message(demo: Installation, page: Page) -> None:
    page.goto(link_of(demo))
    expect(page.get_by_role("heading", level=1)).to_have_text(GROUP)
    assert demo.key not in page.url
    plant = _open_worst_plant(demo, page)
    line = _open_worst_line(demo, page, plant)
    machine = _open_machine(demo, page, line)
    _give_the_longest_stop_a_reason(demo, page, machine)
    loss = _open_supply_caused_loss(demo, page)
    _see_supply_chain(demo, page, loss)
    _see_supplier(demo, page, loss["causes"][0]["deliveries"][0])


def _of(demo: Installation, under: str, depth: str, equipment: str) -> dict[str, Any]:
    items = demo.get("overview", under=under, depth=depth)["items"]
    return next(item for item in items if item["equipment"] == equipment)


def _oee_of(item: dict[str, Any]) -> float | None:
    shown = item["now"] or item["week"]
    return percent(shown["oee"]) if shown["judged_share"] else None


def _lost_s(item: dict[str, Any]) -> float:
    """Return what a card is ordered by: those in a shift first."""
    not_lost = {"production", "off_shift", "planned_down", "unknown"}
    times = (item["now"] or item["week"])["times_s"].items()
    return float(sum(seconds for category, seconds in times if category not in not_lost))


def _open_worst_plant(demo: Installation, page: Page) -> str:
    """The first card is of the plant that lost most; its number is the API's."""
    card = page.get_by_role("list", name="Plants").get_by_role("article").first
    name = card.get_by_role("link").first

    def worst() -> dict[str, Any]:
        items = demo.get("overview", under=GROUP, depth="plant")["items"]
        return max(items, key=lambda item: (item["now"] is not None, _lost_s(item)))

    agree(page, name.inner_text, lambda: worst()["name"])
    plant: str = worst()["equipment"]
    value = first_share(card)
    agree(page, lambda: number_in(value), lambda: _oee_of(_of(demo, GROUP, "plant", plant)))
    name.click()
    expect(page).to_have_url(re.compile(f"/plant/{plant}"))
    return plant


def _open_worst_line(demo: Installation, page: Page, plant: str) -> str:
    table = page.get_by_role("group", name="Lines and machines").get_by_role("table")
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader")).first
    link = row.get_by_role("link").first
    expect(link).to_be_visible()
    line = str(link.get_attribute("href")).removeprefix("/machine/")
    oee = row.get_by_role("cell").nth(1)
    agree(page, lambda: number_in(oee), lambda: _oee_of(_of(demo, plant, "line", line)))
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(line.rpartition("/")[2])
    return line


def _open_machine(demo: Installation, page: Page, line: str) -> str:
    lanes = page.get_by_role("region", name="What the machine did").get_by_role("listitem")
    lanes.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/machine/{line}/[^/?]+"))
    machine = f"{line}/{page.get_by_role('heading', level=1).inner_text()}"
    page.get_by_role("link", name="24 hours").click()
    tile = page.get_by_role("region", name="OEE", exact=True)
    oee = first_share(tile)

    def oee_of_api() -> float | None:
        values = demo.get("kpi_values", equipment=machine, kpi="oee", start="-24h")["items"]
        return percent(values[0]["value"])

    agree(page, lambda: number_in(oee), oee_of_api)
    return machine


def _give_the_longest_stop_a_reason(demo: Installation, page: Page, machine: str) -> None:
    tile = page.get_by_role("region", name="Stops", exact=True)
    stops = demo.get(f"equipment/{machine}/stops", start="-24h", limit=1000)["items"]
    longest = max((stop for stop in stops if not stop["minor"]), key=lambda s: s["lost_s"])
    head = tile.get_by_role("columnheader", name="Lost")
    head.get_by_role("button").click()
    if head.get_attribute("aria-sort") != "descending":
        head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    row = tile.get_by_role("row").nth(1)
    row.get_by_role("checkbox").check()
    chosen = page.get_by_role("region", name="Chosen stop")
    expect(chosen).to_be_visible()
    expect(page).to_have_url(re.compile(f"stop={longest['id']}"))
    used = chosen.get_by_role("list", name="Reasons used most").get_by_role("button")
    used.first.click()
    expect(page.get_by_text("The reason is saved.")).to_be_visible()
    stop = demo.get(f"stops/{longest['id']}")
    assert stop["reason_source"] == "entered"
    expect(chosen).to_contain_text(stop["reason_en"])


def _open_supply_caused_loss(demo: Installation, page: Page) -> dict[str, Any]:
    """The list has the API's losses; the link of one leads to its time at the line."""
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", level=1)).to_have_text("Losses")
    losses = wait_for_items(demo, "losses/supply-caused", start="-7d", limit=20)
    rows = page.get_by_role("list", name="Downtime caused by supply").locator("> li")
    expect(rows.first).to_contain_text(losses[0]["causes"][0]["material"])
    expect(rows.first).to_contain_text(losses[0]["text"])
    rows.first.get_by_role("link", name=losses[0]["line"].rpartition("/")[2]).click()
    expect(page).to_have_url(re.compile(f"/machine/{losses[0]['line']}"))
    return losses[0]


def _see_supply_chain(demo: Installation, page: Page, loss: dict[str, Any]) -> None:
    """From a starved stop: minutes as the API has them, and the message of the call-off."""
    tile = page.get_by_role("region", name="Stops", exact=True)
    tile.get_by_role("row").filter(has_text="Starved").first.get_by_role("checkbox").check()
    chain = page.get_by_role("region", name="Supply chain of this standstill")
    expect(chain).to_contain_text(loss["causes"][0]["material"])
    match = re.search(r"stop=([^&]+)", page.url)
    assert match
    stop = demo.get(f"stops/{match[1]}")
    [part] = demo.get(
        "losses/supply-caused", under=stop["equipment"], start=stop["start"], end=stop["end"]
    )["items"]
    minutes = chain.locator("strong").first
    agree(page, lambda: number_in(minutes), lambda: float(part["line_minutes"]))
    delivery = part["causes"][0]["deliveries"][0]
    chain.get_by_role("button", name=f"Raw message of {delivery['call_off']}").first.click()
    dialog = page.get_by_role("dialog")
    event = demo.get(f"events/{delivery['events'][0]['event_id']}")
    expect(dialog).to_contain_text(event["source"])
    expect(dialog).to_contain_text(delivery["call_off"])
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    chain.get_by_role("link", name=f"Supplier {delivery['supplier_name']}").first.click()


def _see_supplier(demo: Installation, page: Page, delivery: dict[str, Any]) -> None:
    expect(page).to_have_url(re.compile(f"supplier={delivery['supplier']}"))
    tile = page.get_by_role("region", name=delivery["supplier_name"], exact=True)
    headline = first_share(tile)

    def otif_of_api() -> float | None:
        rows = demo.get("suppliers", **{"with": "kpis", "start": "-28d", "limit": 1000})["items"]
        [kpis] = [row["kpis"] for row in rows if row["key"] == delivery["supplier"]]
        return percent(kpis["otif"])

    agree(page, lambda: number_in(headline), otif_of_api)
    page.get_by_role("link", name=re.compile("^Call-off of ")).first.click()
    expect(page.get_by_role("dialog").get_by_role("region", name="Message")).to_be_visible()
    page.keyboard.press("Escape")
