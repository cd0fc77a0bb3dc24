"""Quarantine in a real browser: a file with unknown codes is seen, and repaired from the page."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, expect

from plumbing.browser import open_tab, run_apart, sign_in
from plumbing.first_rows import add_key
from plumbing.platform import Platform, platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PRESS = "nordwerk/emden-1/body/line-2/press-3"
CONNECTOR = "emden-files"
VISIBLE_S = 30
_AT = {"column": "Zeit", "format": "%Y-%m-%dT%H:%M:%S", "zone": "UTC"}


def edge_file(folder: Path) -> Path:
    """Machine states and stock movements as files; the tables lack `STEHT` and `S`."""
    (folder / "drop").mkdir()
    tree = {
        "connector": CONNECTOR,
        "protocol": "tables",
        "options": {
            "inbox": {"folder": "drop", "pattern": "*.csv", "settle_s": 0.1, "poll_s": 0.2},
            "sources": [
                {"name": "lager", "pattern": "lager*", "as": "records", "delimiter": ";",
                 "key": ["Beleg"], "time": _AT},
                {"name": "log", "pattern": "log*", "as": "readings", "delimiter": ";",
                 "address": "log/press-3", "texts": ["Zustand"], "time": _AT},
            ],
        },
        "mapping": {
            "name": "emden-files",
            "version": 1,
            "time_zone": "Europe/Berlin",
            "enums": {"zustand": {"LAEUFT": "producing"}},
            "rules": [
                {"source": "log/press-3#Zustand", "equipment": PRESS, "signal": "state",
                 "role": "state", "states": "zustand"},
                {"source": "log/press-3#Temperatur", "equipment": PRESS, "signal": "temperature",
                 "unit": "degC"},
            ],
            "events": [
                {"source": "lager", "kind": "stock_moved", "fields": {
                    "document": "Beleg", "material": "Material", "quantity": "Menge",
                    "warehouse": "Lager",
                    "status": {"field": "Art", "values": {"F": "free"}}}},
            ],
        },
    }  # fmt: skip
    file = folder / "files.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    return file


def drop_files(folder: Path) -> None:
    start = datetime.now(UTC) - timedelta(minutes=20)
    times = [f"{start + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S}" for n in range(15)]
    log = ["Zeit;Zustand;Temperatur;Druck"]
    log += [f"{at};{'STEHT' if n % 3 else 'LAEUFT'};{60 + n};{n}" for n, at in enumerate(times)]
    stock = ["Zeit;Beleg;Material;Menge;Lager;Art"]
    stock += [f"{at};B{n};40017;{n + 1};W1;{'S' if n == 2 else 'F'}"
              for n, at in enumerate(times[:4])]  # fmt: skip
    for name, lines in (("log-1.csv", log), ("lager-1.csv", stock)):
        part = folder / "drop" / f"{name}.part"
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        part.rename(folder / "drop" / name)


@pytest.fixture
def core(tmp_path: Path, database_url: str, redis_url: str, built_page: None) -> Iterator[Platform]:
    """With `ingest`, a worker and an edge that has read nothing yet; an engineer's key."""
    with platform(tmp_path, database_url, redis_url, role="engineer") as stage:
        stage.start("edge", "edge", str(edge_file(tmp_path)))
        stage.until("the edge runs", lambda: _connector(stage).get("state") == "running")
        yield stage


def test_unknown_codes_are_seen_mapped_and_replayed_in_the_page(
    core: Platform, page: Page, browser: Browser, tmp_path: Path, database_url: str
) -> None:
    sign_in(page, core.key)
    page.goto("/quality")
    expect(page.get_by_role("heading", level=1)).to_have_text("Data quality")
    expect(page.get_by_text("Nothing is in quarantine")).to_be_visible()
    drop_files(tmp_path)
    dropped_s = time.monotonic()
    expect(_group(page, "'STEHT'")).to_be_visible()
    assert time.monotonic() - dropped_s < VISIBLE_S
    expect(page.get_by_role("link", name="log/press-3#Druck")).to_be_visible()
    _map_state(core, page)
    _map_value(core, page)
    _check_books(core)
    with open_tab(browser, core.url) as viewer:
        sign_in(viewer, run_apart(add_key(database_url, "viewer", "viewer")))
        _check_viewer(viewer)


def _group(page: Page, text: str) -> Locator:
    return page.get_by_role("navigation", name="What is not stored").get_by_role(
        "link", name=re.compile(re.escape(text))
    )


def _map_state(stage: Platform, page: Page) -> None:
    """The code of the machine gets its meaning; what it was is computed anew."""
    _group(page, "'STEHT'").click()
    expect(page.locator("mark").first).to_have_text("STEHT")
    page.get_by_label("Code STEHT means").select_option("idle")
    _preview_activate_replay(page, 2, "Known from then on: STEHT")
    expect(_group(page, "'STEHT'")).to_be_hidden()
    query = (
        "SELECT value, status FROM samples x JOIN signals s ON s.id = x.signal_id"
        " WHERE s.name = 'state' AND x.text = 'STEHT'"
    )
    assert {tuple(row) for row in stage.query(query)} == {(3.0, 0)}


def _map_value(stage: Platform, page: Page) -> None:
    """The row with the unknown kind of stock becomes a fact."""
    facts = "SELECT count(*) FROM business_events WHERE body->>'document' = 'B2'"
    assert stage.query(facts)[0][0] == 0
    _group(page, "'S'").click()
    page.get_by_label("Value S of status means").fill("blocked")
    _preview_activate_replay(page, 3, "1 refused value would pass")
    expect(_group(page, "'S'")).to_be_hidden()
    (row,) = stage.query(
        "SELECT body->>'status' AS status, mapping FROM business_events"
        " WHERE body->>'document' = 'B2'"
    )
    assert tuple(row) == ("blocked", "emden-files@3")


def _preview_activate_replay(page: Page, version: int, preview: str) -> None:
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text(preview)).to_be_visible()
    page.get_by_role("button", name=f"Activate version {version}").click()
    expect(page.get_by_text(f"emden-files@{version} is active.")).to_be_visible()
    expect(page.get_by_text("1 of 1 connectors use it.")).to_be_visible()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"Replay \d+ entr"))
    dialog.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text(re.compile(r"Replay \d+ of emden-files · done"))).to_be_visible()


def _check_books(stage: Platform) -> None:
    """What was taken is all accounted for."""
    books = _connector(stage)["books"]
    taken = books["taken"]
    parts = ("stored", "duplicates", "revisions", "withdrawn", "ignored", "quarantined")
    assert taken == sum(books[part] for part in parts)


def _check_viewer(page: Page) -> None:
    """A viewer sees what is wrong, and no action."""
    page.goto("/quality")
    expect(page.get_by_role("heading", level=1)).to_have_text("Data quality")
    expect(_group(page, "No rule of the mapping")).to_be_visible()
    expect(page.get_by_text("Engineers repair mappings")).to_be_visible()
    for name in ("Preview", "Discard", "Assign", "Replay"):
        expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_have_count(0)


def _connector(stage: Platform) -> dict[str, Any]:
    rows: list[dict[str, Any]] = stage.get("connectors")["items"]
    return next((row for row in rows if row["id"] == CONNECTOR), {})
