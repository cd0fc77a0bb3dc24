"""`werknetz connectors list | show | books`: state and books."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import Result

from werknetz_client.commands.connectors import imbalance_of

Serve = Callable[[Any], list[httpx2.URL]]
Run = Callable[..., Result]
BOOKS = {
    "taken": 21, "stored": 11, "duplicates": 2, "revisions": 3, "withdrawn": 1, "ignored": 0,
    "quarantined": 4, "balanced": True, "since": "2026-11-01T00:00:00Z",
}  # fmt: skip
CONNECTOR = {
    "id": "press", "state": "running", "detail": "", "backlog": 0, "open_gaps": 1,
    "last_applied_at": "2026-11-02T00:00:00Z", "books": BOOKS,
}  # fmt: skip
WRONG = CONNECTOR | {"books": BOOKS | {"taken": 22, "balanced": False}}
NEW = CONNECTOR | {"id": "oven", "books": None}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_books_are_a_row_a_connector(serve: Serve, run: Run) -> None:
    serve({"items": [CONNECTOR, NEW], "next_cursor": None})
    lines = run("connectors", "books", "--wide").stdout.splitlines()
    (press,) = [line for line in lines if "press" in line]
    assert press.split()[:8] == ["press", "21", "11", "2", "3", "1", "0", "4"]
    assert any("oven" in line for line in lines)


def test_the_list_shows_whether_books_balance(serve: Serve, run: Run) -> None:
    serve({"items": [CONNECTOR, WRONG | {"id": "oven"}], "next_cursor": None})
    lines = run("connectors", "list", "--wide").stdout.splitlines()
    balanced = {name: next(line for line in lines if name in line) for name in ("press", "oven")}
    assert ("yes" in balanced["press"], "no" in balanced["oven"].split()) == (True, True)


def test_one_connector_is_shown_with_its_books(serve: Serve, run: Run) -> None:
    requests = serve(CONNECTOR)
    output = run("connectors", "show", "press").stdout
    assert requests[0].path.endswith("/connectors/press")
    assert "  revisions      3" in output
    assert "not balanced" not in output
    serve(WRONG)
    assert (
        "not balanced: 22 taken, 21 with an outcome (stored 11,"
        in run("connectors", "show", "press").stdout
    )
    serve(NEW)
    assert "books since      –" in run("connectors", "show", "oven").stdout


def test_the_imbalance_names_every_count() -> None:
    assert imbalance_of(BOOKS | {"taken": 22}) == (
        "22 taken, 21 with an outcome (stored 11, duplicates 2, revisions 3, withdrawn 1,"
        " ignored 0, quarantined 4)"
    )
