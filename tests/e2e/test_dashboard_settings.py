"""Settings and targets in a real browser: keys, people, calendars, a target, and their audit."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, expect

from plumbing.browser import open_tab, sign_in
from plumbing.first_rows import EMDEN, add_key, add_plants
from plumbing.loss_rows import Made, Piece, S, add_time
from plumbing.platform import Platform
from plumbing.servers import run
from plumbing.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
OWN_PASSWORD = "a sentence that Ada remembers"


@pytest.fixture
def key(database_url: str) -> str:
    """An admin's, over a press that set up a third of its time."""
    run(add_plants(database_url))
    run(_add_line(database_url, datetime.now(UTC).date()))
    return run(add_key(database_url, "head", "admin"))


async def _add_line(url: str, today: date) -> None:
    connection = await asyncpg.connect(url)
    parent = await connection.fetchval("SELECT id FROM equipment WHERE path = $1", EMDEN)
    path = EMDEN
    for level, name in (("area", "body"), ("line", "line-2"), ("machine", "press-3")):
        path = f"{path}/{name}"
        parent = await connection.fetchval(
            "INSERT INTO equipment (path, level, name, parent_id) VALUES ($1, $2, $3, $4)"
            " RETURNING id",
            path,
            level,
            name,
            parent,
        )
    for days, good in ((8, 60), (1, 66)):
        start = f"{today - timedelta(days=days)}T06:00Z"
        pieces = [Piece(good), Piece(30, S.SETUP)]
        await add_time(connection, parent, start, pieces, Made(good=good * 6))
    await connection.close()


def test_an_admin_sets_up_and_a_viewer_looks(core: Platform, page: Page, browser: Browser) -> None:
    sign_in(page, core.key)
    viewer_key = make_key(page, "gauge")
    with open_tab(browser, core.url) as viewer:
        sign_in(viewer, viewer_key)
        look_as_viewer(viewer)
        revoke_key(page, "gauge")
        eventually(lambda: is_signed_out(viewer), within_s=60)
    password = make_person(page, "ada")
    with open_tab(browser, core.url) as person:
        sign_in_as_person(person, "ada", password)
    set_calendar(page)
    make_target(page, datetime.now(UTC).date())
    play_scenario(page)
    look_at_audit(page)


def make_key(page: Page, name: str) -> str:
    """Make a viewer's key, which is shown once; return it."""
    page.goto("/settings/keys")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill(name)
    dialog.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("dialog", name="The new key")).to_be_visible()
    key = page.get_by_role("dialog").locator("code").inner_text()
    assert key.startswith("wn_")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Viewer")
    assert key not in page.content()
    return key


def revoke_key(page: Page, name: str) -> None:
    page.goto("/settings/keys")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).not_to_contain_text("never")  # it was used, and it expires
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_be_hidden()
    page.get_by_role("checkbox", name="Also revoked keys").check()
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("revoked")


def look_as_viewer(page: Page) -> None:
    """No admin action is offered; by address, the refusal of the API is shown."""
    page.goto("/settings")
    sections = page.get_by_role("navigation", name="Settings")
    expect(sections.get_by_role("link", name="My account")).to_be_visible()
    for hidden in ("API keys", "People"):
        expect(sections.get_by_role("link", name=hidden)).to_be_hidden()
    expect(page.get_by_text("Your role may look at calendars, not change them")).to_be_visible()
    expect(page.get_by_role("button", name="New version")).to_be_hidden()
    for section in ("keys", "people"):
        page.goto(f"/settings/{section}")
        expect(page.get_by_role("alert")).to_contain_text("Trace id")
        expect(page.get_by_role("button", name="New")).to_be_hidden()
    page.goto("/targets")
    expect(page.get_by_text("No target is set.")).to_be_visible()
    expect(page.get_by_role("link", name="New target")).to_be_hidden()


def is_signed_out(page: Page) -> bool:
    page.goto("/settings/account")
    page.wait_for_selector("main")
    return page.get_by_role("button", name="Sign in").is_visible()


def make_person(page: Page, name: str) -> str:
    page.goto("/settings/people")
    page.get_by_role("button", name="New person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill(name)
    dialog.get_by_role("button", name="Make the person").click()
    expect(page.get_by_role("dialog", name="First password")).to_be_visible()
    password = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("first password")
    return password


def sign_in_as_person(page: Page, name: str, password: str) -> None:
    """The first sign-in replaces the password that an admin made."""
    page.goto("/")
    page.get_by_text("Name and password").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="New password").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto("/settings/account")
    expect(page.get_by_text("No second factor is set")).to_be_visible()


def set_calendar(page: Page) -> None:
    """A week of one shift has 40 planned hours; an exception closes one of its days."""
    page.goto(f"/settings/plants/{EMDEN}")
    page.get_by_role("button", name="New version").click()
    preview = page.get_by_role("button", name="What it moves")
    form = page.locator("form").filter(has=preview)  # below it stands the one of the plant's name
    preview.click()
    expect(page.get_by_text("The next shifts:")).to_be_visible()
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Later").click()
    expect(page.get_by_text("40.0 h planned")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Add an exception").click()
    today = datetime.now(UTC).date()
    wednesday = today + timedelta(days=9 - today.weekday())  # of the next week
    page.get_by_label("Day", exact=True).fill(wednesday.isoformat())
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("32.0 h planned")).to_be_visible()


def make_target(page: Page, today: date) -> None:
    page.goto("/targets")
    page.get_by_role("link", name="New target").click()
    page.get_by_role("textbox", name="Key").fill("third")
    page.get_by_role("textbox", name="Name").fill("One third more")
    page.get_by_label("Due on").fill((today + timedelta(days=300)).isoformat())
    page.get_by_label("Baseline from").fill((today - timedelta(days=9)).isoformat())
    page.get_by_label("Baseline until").fill((today - timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Save").click()
    # Without a scope it is refused, at its field; what was typed stays.
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("checkbox", name=EMDEN).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One third more")
    expect(page.get_by_text("of +33.3%").first).to_be_visible()
    expect(page.get_by_text("The parts add up to the gap of")).to_be_visible()


def play_scenario(page: Page) -> None:
    page.get_by_role("link", name="Set-up").click()
    expect(page.get_by_text("gained")).to_be_visible()
    assert "scenario=set_up%3A0.5" in page.url
    page.get_by_role("link", name="nothing").click()
    expect(page.get_by_text("goal reached")).to_be_visible()


def look_at_audit(page: Page) -> None:
    page.goto("/settings/audit")
    expect(page.get_by_text("none was put past the chain")).to_be_visible()
    for done in ("key made", "key revoked", "person made", "calendar", "target made"):
        expect(page.get_by_role("cell", name=done).first).to_be_visible()
    page.get_by_label("Subject").select_option("target")
    expect(page.get_by_role("cell", name="key made")).to_be_hidden()
    expect(page.get_by_role("cell", name="target made")).to_be_visible()
