"""`werknetz supply`: what it asks the API for, and what it prints."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from werknetz_client import Client, supply_commands
from werknetz_client.cli import root

Asked = list[httpx2.URL]
DUE = {
    "supplier": "kirchhoff", "material": "M[1]", "site": "emden", "document": "C-7",
    "due_from": "2026-11-20T06:00:00Z", "window_until": "2026-11-20T12:00:00Z", "quantity": 1200.0,
    "open_quantity": 30.5, "late": True, "delay_s": 5400.0, "event_ids": ["e1"],
}  # fmt: skip


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[dict[str, Any]]], Asked]:
    """Let the words talk to an API that has these items on every page."""

    def answering(items: list[dict[str, Any]]) -> Asked:
        asked: Asked = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(request.url)
            return httpx2.Response(200, json={"items": items, "next_cursor": None})

        transport = httpx2.MockTransport(answer)
        monkeypatch.setattr(
            supply_commands, "Client", lambda: Client("http://core", "k", transport=transport)
        )
        return asked

    return answering


def _run(*words: str) -> str:
    done = CliRunner().invoke(root("supply"), ["supply", *words], env={"COLUMNS": "200"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def said(*words: str) -> str:
    """Return what it says beside its answer, too: remarks go to stderr, as others' logs do."""
    done = CliRunner().invoke(root(words[0]), [*words], env={"COLUMNS": "200"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_a_table_is_for_people(answered: Callable[[list[dict[str, Any]]], Asked]) -> None:
    asked = answered([DUE])
    told = _run("due-lines", "--late", "--supplier", "kirchhoff", "--supplier", "77")
    assert asked[0].path == "/api/v1/due_lines"
    assert asked[0].params.get_list("supplier") == ["kirchhoff", "77"]
    assert asked[0].params["late"] == "true"
    for word in ("M[1]", "2026-11-20 12:00", "1,200", "30.5", "yes", "1.5 h"):
        assert word in told, word


def test_json_and_csv_are_for_programs(answered: Callable[[list[dict[str, Any]]], Asked]) -> None:
    answered([DUE])
    assert json.loads(_run("due-lines", "-o", "json")) == [DUE]
    [row] = csv.DictReader(io.StringIO(_run("due-lines", "-o", "csv")))
    assert (row["quantity"], row["due_from"]) == ("1200.0", "2026-11-20T06:00:00Z")


def test_more_than_is_shown_is_said(answered: Callable[[list[dict[str, Any]]], Asked]) -> None:
    answered([DUE, DUE, DUE])
    told = said("supply", "due-lines", "--limit", "2", "-o", "csv")
    assert told.count("kirchhoff") == 2
    assert "more than 2" in told


@pytest.mark.parametrize(
    ("word", "collection"),
    [("suppliers", "suppliers"), ("call-offs", "call_offs"), ("shipments", "shipments"),
     ("findings", "findings"), ("cumulatives", "cumulatives")],
)  # fmt: skip
def test_each_word_has_its_collection(
    word: str, collection: str, answered: Callable[[list[dict[str, Any]]], Asked]
) -> None:
    asked = answered([{}])
    assert "–" in _run(word)
    assert asked[0].path == f"/api/v1/{collection}"
    assert ("open" in asked[0].params) is (word == "findings")


def test_what_is_set_is_put() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"number": "K 1/7"})

    with Client("http://core", "k", transport=httpx2.MockTransport(answer)) as client:
        assert client.materials.put("K 1/7", {"unit": "PCE"}) == {"number": "K 1/7"}
    assert (asked[0].method, asked[0].url.raw_path) == ("PUT", b"/api/v1/materials/K%201/7")
