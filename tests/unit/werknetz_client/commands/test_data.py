"""`werknetz events | samples | keys | config` and tables of other collections."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client import Client, WerknetzError
from werknetz_client.cli import root
from werknetz_client.commands import equipment
from werknetz_client.commands.data import configuration, events, keys, samples, tables
from werknetz_client.items import access, plant, stops, supply

Answer = Callable[[httpx2.Request], Any]
NO_KEY = {"prefix": "3f9a", "name": "mes", "role": None, "scopes": ["ingest"], "plants": None}
NO_KEY |= {"former_valid_until": "2026-12-07T00:00:00Z", "key": None}
KEY = {**NO_KEY, "key": "wn_3f9a_00"}
EVENT = {
    "event_id": "e1", "kind": "stock_counted", "connector_id": "c", "source": "s", "revision": 1,
    "at": "2026-11-20T08:00:00Z", "fields": {"quantity": 4}, "withdrawn_at": None,
}  # fmt: skip


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, list[httpx2.Request]]]:
    def run(answer: Answer, *words: str, text: str = "") -> tuple[Result, list[httpx2.Request]]:
        sent: list[httpx2.Request] = []

        def respond(request: httpx2.Request) -> httpx2.Response:
            sent.append(request)
            body = answer(request)
            return body if isinstance(body, httpx2.Response) else httpx2.Response(200, json=body)

        monkeypatch.delenv("WERKNETZ_DATABASE_URL", raising=False)
        transport = httpx2.MockTransport(respond)
        for module in (equipment, events, keys, samples, tables):
            monkeypatch.setattr(
                module, "Client", lambda: Client("http://core", "k", transport=transport)
            )
        result = CliRunner().invoke(root(words[0]), [*words], input=text)
        if isinstance(result.exception, WerknetzError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return result, sent

    return run


Call = Callable[..., tuple[Result, list[httpx2.Request]]]


def page(*items: object) -> Answer:
    return lambda _: {"items": list(items), "next_cursor": None}


def test_events_are_listed_with_their_content(call: Call) -> None:
    result, [request] = call(page(EVENT, EVENT), "events", "list", "--kind", "a", "--limit", "1")
    assert "quantity 4" in result.stdout
    assert "There are more than 1" in result.stderr
    assert dict(request.url.params) == {"kind": "a", "limit": "2"}
    with pytest.raises(WerknetzError, match="no CSV"):
        call(page(), "events", "list", "-o", "csv")


def test_an_event_is_shown(call: Call) -> None:
    detail = {**EVENT, "revisions": [], "raw": {"text": "LIN+1"}}
    result, [request] = call(lambda _: detail, "events", "show", "e1")
    assert "quantity" in result.stdout
    assert "LIN+1" in result.stdout
    assert request.url.path.endswith("/events/e1")
    assert json.loads(call(lambda _: detail, "events", "show", "e1", "-o", "json")[0].stdout)


@pytest.mark.parametrize(
    "content", ['{"id": 1}\n\n{"id": 2}\n', '[{"id": 1}, {"id": 2}]', ' [{"id": 1},\n{"id": 2}]']
)
def test_events_are_sent(call: Call, content: str, tmp_path: Path) -> None:
    answer = {"accepted": 2, "duplicates": 0, "quarantined": 0, "results": []}
    result, [request] = call(lambda _: answer, "events", "send", "-", text=content)
    assert result.stdout == "2 accepted, 0 duplicates, 0 quarantined\n"
    assert [json.loads(line) for line in request.content.splitlines()] == [{"id": 1}, {"id": 2}]
    file = tmp_path / "events.json"
    file.write_text(content, encoding="utf-8")
    assert call(lambda _: answer, "events", "send", str(file))[1][0].content == request.content


def test_quarantined_events_fail_the_command(call: Call) -> None:
    rejected = {"index": 0, "status": "quarantined", "reason": "no quantity"}
    answer = {"accepted": 0, "duplicates": 0, "quarantined": 1, "results": [rejected]}
    with pytest.raises(WerknetzError, match="1 events are in quarantine"):
        call(lambda _: answer, "events", "send", "-", text="{}")


@pytest.mark.parametrize("content", ["{", "[1]", "1"])
def test_what_is_no_event(content: str) -> None:
    with pytest.raises(WerknetzError):
        events.parse_events(content)


def test_samples_of_signals(call: Call) -> None:
    item = {"id": 1, "signal": "m/t", "equipment": "m", "start": "s", "end": "e"}
    raw = {**item, "next_cursor": None, "items": [
        {"at": "2026-11-20T08:00:00Z", "value": 1.5, "text": None, "quality": "good"}]}  # fmt: skip
    result, [request] = call(page(raw), "samples", "1", "m/u", "--start", "-8h")
    assert "m/t" in result.stdout
    assert "1.5" in result.stdout
    assert request.url.params.get_list("signal") == ["1", "m/u"]
    window = {"start": "2026-11-20T08:00:00Z", "end": "2026-11-20T09:00:00Z", "count": 2, "max": 7}
    hours = {**item, "next_cursor": None, "items": [window]}
    result, [request] = call(page(hours), "samples", "1", "--by", "1h")
    assert "7" in result.stdout
    assert request.url.params["granularity"] == "1h"
    rows = json.loads(call(page(raw), "samples", "1", "-o", "json")[0].stdout)
    assert [(row["signal"], row["value"]) for row in rows] == [("m/t", 1.5)]


def test_signals_with_their_newest_values(call: Call) -> None:
    signal = {"id": 1, "equipment": "m", "name": "t", "value": 7.5, "unit": "degC",
              "quality": "good", "at": "2026-11-20T08:00:00Z"}  # fmt: skip
    result, [request] = call(page(signal), "signals", "list", "--latest")
    assert "7.5" in result.stdout
    assert request.url.params["latest"] == "true"
    assert "latest" not in call(page(signal), "signals", "list")[1][0].url.params


def test_a_new_key_is_alone_on_the_standard_output(call: Call) -> None:
    result, [request] = call(
        lambda _: KEY, "keys", "create", "mes", "--scope", "ingest,read", "--expires", "90d"
    )
    assert result.stdout == "wn_3f9a_00\n"
    assert "scope ingest" in result.stderr
    assert json.loads(request.content) == {
        "name": "mes", "scopes": ["ingest", "read"], "plants": None, "expires_days": 90,
    }  # fmt: skip
    result, [request] = call(lambda _: KEY, "keys", "rotate", "wn_3f9a_00", "--overlap", "2d")
    assert json.loads(request.content) == {"overlap_hours": 48, "expires_days": None}
    assert request.url.path.endswith("/api_keys/3f9a:rotate")
    with pytest.raises(WerknetzError, match="the answer with its secret was lost") as lost:
        call(lambda _: NO_KEY, "keys", "create", "mes")
    assert lost.value.hint == "werknetz keys rotate 3f9a --overlap 0"


def test_keys_are_listed_and_revoked(call: Call) -> None:
    result, _ = call(page({**NO_KEY, "plants": None}), "keys", "list")
    assert "all" in result.stdout
    result, [request] = call(lambda _: NO_KEY, "keys", "revoke", "3f9a")
    assert result.stdout == "Revoked 3f9a (mes).\n"
    assert request.method == "DELETE"


@pytest.mark.parametrize(
    "words",
    [
        ("create", "x", "--plants", ""), ("create", "x", "--expires", "12h"),
        ("create", "x", "--expires", "0d"), ("rotate", "x", "--overlap", "soon"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(call: Call, words: tuple[str, ...]) -> None:
    with pytest.raises(WerknetzError):
        call(lambda _: KEY, "keys", *words)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("WERKNETZ_API_KEY", "wn_ab12_" + "0" * 64, "wn_ab12_…"),
        ("WERKNETZ_WEBHOOK_KEY", "secret", "…"),
        ("WERKNETZ_OPCUA_PASSWORD", "secret", "…"),
        ("WERKNETZ_OIDC_CLIENT_SECRET", "secret", "…"),
        ("WERKNETZ_TLS_KEY", "/etc/key.pem", "/etc/key.pem"),
        ("WERKNETZ_DATABASE_URL", "postgresql://u:p%40w@db/w", "postgresql://u:…@db/w"),
        ("WERKNETZ_REDIS_URL", "rediss://:pw@cache:6379/0", "rediss://:…@cache:6379/0"),
        ("WERKNETZ_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("WERKNETZ_PORT", "8080", "8080"),
    ],
)
def test_secrets_are_masked(name: str, value: str, shown: str) -> None:
    assert configuration.mask(name, value) == shown


def test_the_configuration_has_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "werknetz").mkdir()
    file = tmp_path / "werknetz/config.toml"
    file.write_text('url = "http://file"\napi_key = "wn_ab12_secret"\n')
    secret = tmp_path / "secret"
    secret.write_text("postgresql://u:secret@db/w\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("WERKNETZ_URL", "WERKNETZ_API_KEY", "WERKNETZ_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WERKNETZ_DATABASE_URL_FILE", str(secret))
    monkeypatch.setenv("WERKNETZ_REDIS_URL_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("WERKNETZ_LOG_LEVEL", "INFO")
    result = CliRunner().invoke(root("config"), ["config", "show", "-o", "json"])
    assert result.exit_code == 0, result.output
    rows = {row["name"]: (row["value"], row["source"]) for row in json.loads(result.stdout)}
    assert rows["url"] == ("http://file", str(file))
    assert rows["api_key"] == ("wn_ab12_…", str(file))
    assert rows["WERKNETZ_DATABASE_URL"] == ("postgresql://u:…@db/w", str(secret))
    assert rows["WERKNETZ_REDIS_URL"][0].startswith("cannot be read")
    assert rows["WERKNETZ_LOG_LEVEL"] == ("INFO", "environment")
    assert "secret@" not in result.stdout


@pytest.mark.parametrize(
    ("columns", "item"),
    [
        (tables.GAPS, plant.GapItem), (tables.REPLAYS, plant.ReplayItem),
        (equipment.LATEST, plant.LatestSignalItem), (tables.ORDERS, stops.OrderItem),
        (tables.OPERATIONS, stops.OperationItem), (tables.SITES, supply.SiteItem),
        (tables.POLICIES, supply.PolicyVersionItem), (tables.RECEIPTS, supply.ReceiptItem),
        (tables.WAREHOUSES, supply.WarehouseItem), (tables.MOVEMENTS, supply.StockMovementItem),
        (tables.LINE_MATERIALS, supply.LineMaterialItem), (keys.KEYS, access.ApiKeyItem),
    ],
)  # fmt: skip
def test_columns_are_fields_of_the_items(
    columns: Mapping[str, tuple[str, object]], item: type
) -> None:
    assert {field for field, _ in columns.values()} <= item.__annotations__.keys()


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("gaps", "gaps"), ("orders list", "orders"), ("orders operations", "operations"),
        ("mapping replays", "replays"), ("supply sites", "sites"),
        ("supply policies", "supply_policies"), ("supply receipts", "receipts"),
        ("stock warehouses", "warehouses"), ("stock movements", "stock_movements"),
        ("materials lines", "line_materials"),
    ],
)  # fmt: skip
def test_tables(call: Call, words: str, path: str) -> None:
    _, [request] = call(page(), *words.split())
    assert request.url.path == f"/api/v1/{path}"
