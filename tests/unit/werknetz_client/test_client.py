"""The client against an API that is made of functions: pages, retries, errors."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from werknetz_client import ApiError, Client, Unreachable, WerknetzError
from werknetz_client import transport as transport_module
from werknetz_client.commands import kpi as kpi_command
from werknetz_client.commands.output import Output
from werknetz_client.transport import load_config

Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "RETRY_FIRST_S", 0.001)


def _client(answer: Answer) -> Client:
    return Client("http://core", "wn_x_y", transport=httpx2.MockTransport(answer))


def test_all_pages_are_read() -> None:
    requests: list[httpx2.URL] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request.url)
        assert request.headers["x-api-key"] == "wn_x_y"
        first = "cursor" not in request.url.params
        return httpx2.Response(
            200, json={"items": [{"n": 1 if first else 2}], "next_cursor": "c" if first else None}
        )

    with _client(answer) as client:
        assert [row["n"] for row in client.stops.iter(under=["a", "b"], min_s=None)] == [1, 2]
    assert requests[0].params.get_list("under") == ["a", "b"]
    assert "min_s" not in requests[0].params


def test_a_busy_server_is_retried() -> None:
    answers = iter([httpx2.Response(503), httpx2.Response(200, json={"items": [{"value": 1}]})])
    with _client(lambda _: next(answers)) as client:
        assert client.kpis.values("oee", "nordwerk") == [{"value": 1}]


def test_a_problem_is_its_sentence_and_hint() -> None:
    problem = {"detail": "There is no KPI 'oe'.", "hint": "Did you mean oee?"}
    with (
        _client(lambda _: httpx2.Response(422, json=problem)) as client,
        pytest.raises(ApiError, match="There is no KPI") as caught,
    ):
        client.kpis.values("oe", "nordwerk")
    assert (caught.value.status, caught.value.hint) == (422, "Did you mean oee?")


def test_an_unreachable_server_is_an_error() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with _client(answer) as client, pytest.raises(Unreachable, match="does not answer"):
        client.plants.list()


def test_address_and_key_come_from_environment_then_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "werknetz"
    folder.mkdir()
    (folder / "config.toml").write_text('url = "http://file/"\napi_key = "wn_file"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("WERKNETZ_URL", "WERKNETZ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert load_config() == ("http://file", "wn_file")
    monkeypatch.setenv("WERKNETZ_URL", "http://environment")
    assert load_config() == ("http://environment", "wn_file")


def test_an_explanation_is_printed_down_to_the_signals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signal = {
        "key": "p:state", "sample_count": 15, "sample_count_is_complete": False,
        "mapping": "emden@3", "href": "/api/v1/signals/7/samples",
    }  # fmt: skip
    machine = {
        "equipment": "n/p/a/l/press-3", "value": 0.8, "counts": {"good": 72, "scrap": 0},
        "states": [{"category": "unknown", "state": "unknown", "minutes": 2.0}],
        "signals": [signal],
    }  # fmt: skip
    explanation = {
        "kpi": "oee", "text": ["oee is 0.8 [ratio]."], "machine_count": 3, "machines": [machine],
        "gaps": [{"connector_id": "c", "cause": "fork", "start": "1", "end": None,
                  "backfilled": False}],
        "outages": [{"connector_id": "c", "start": "1", "end": "2", "backfilled": True}],
        "quarantine": [{"id": 4, "source": "t", "reason": "not JSON"}],
    }  # fmt: skip

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/v1/kpi_values/explain"
        return httpx2.Response(200, json=explanation)

    with _client(answer) as client:
        monkeypatch.setattr(kpi_command, "Client", lambda: client)
        kpi_command.kpi("oee", ["n/p"], explain=True)
    printed = capsys.readouterr().out
    for part in ("oee is 0.8 [ratio].", "press-3", "fork", "1 to now", "backfilled by the source",
                 "quarantine 4", "15 or more samples", "http://core/api/v1/signals/7",
                 "2 more machines"):  # fmt: skip
        assert part in printed
    with pytest.raises(WerknetzError, match="one KPI"):
        kpi_command.kpi("oee,nee", ["n/p"], explain=True)


def test_a_value_is_printed_with_its_strict_one_and_shares(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {
        "equipment": "n/p", "start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z",
        "window": "", "coverage": 0.5, "state_share": 0.5, "quantity_share": 0.25, "plan_share": 1,
        "provisional": False,
    }  # fmt: skip
    rows = [
        shared | {"kpi": "availability", "value": 1, "strict_value": 0.5, "reason": None,
                  "unit": "ratio", "divisor": None},
        shared | {"kpi": "oee", "value": None, "strict_value": None, "unit": "ratio",
                  "reason": "nobody reports the good quantity", "divisor": None},
        shared | {"kpi": "mttr", "value": 90, "strict_value": 90, "reason": None, "unit": "s",
                  "divisor": 3},
    ]  # fmt: skip

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"items": rows})

    monkeypatch.setattr(kpi_command, "Client", lambda: _client(answer))
    kpi_command.kpi("availability,oee,mttr", ["n/p"], wide=True)
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split()[0]: line for line in lines if line.strip()}
    assert "strict" in cells["KPI"]
    assert [cells["availability"].count(part) for part in ("100.0%", "50.0%", "50%", "25%")] == [
        1, 1, 1, 1,
    ]  # fmt: skip
    assert "nobody reports the good quantity" in cells["oee"]
    assert "90.0 s" in cells["mttr"]
    assert "divided by 3" in cells["mttr"]


def test_a_supplier_value_is_printed_with_its_policy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {
        "supplier": "alfa", "kpi": "otif", "start": "2026-11-01T00:00:00Z", "window": "",
        "end": "2026-12-01T00:00:00Z", "value": 0.875, "reason": None, "unit": "ratio",
        "coverage": 0.5, "provisional": True, "policies": [{"text": "each line: all of it"}],
    }  # fmt: skip

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.params.get_list("supplier") == ["alfa"]
        assert "equipment" not in request.url.params
        if request.url.params.get("format") == "csv":
            return httpx2.Response(200, text="supplier,kpi\r\nalfa,otif\r\n")
        return httpx2.Response(200, json={"items": [row]})

    monkeypatch.setattr(kpi_command, "Client", lambda: _client(answer))
    kpi_command.kpi("otif", supplier=["alfa"])
    printed = capsys.readouterr().out
    for part in ("alfa", "otif", "87.5%", "50%", "provisional", "Policy: each line: all of it."):
        assert part in printed
    kpi_command.kpi("otif", supplier=["alfa"], output=Output.CSV)
    assert capsys.readouterr().out == "supplier,kpi\r\nalfa,otif\r\n"


def test_keys_are_created_rotated_and_revoked() -> None:
    requests: list[tuple[str, str, bytes]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append((request.method, request.url.path, request.content))
        return httpx2.Response(200, json={"prefix": "ab"})

    with _client(answer) as client:
        assert client.api_keys.create("mes", scopes=["ingest"]) == {"prefix": "ab"}
        client.api_keys.rotate("ab", overlap_hours=0)
        client.api_keys.revoke("ab")
    assert requests == [
        ("POST", "/api/v1/api_keys", b'{"name":"mes","scopes":["ingest"]}'),
        ("POST", "/api/v1/api_keys/ab:rotate", b'{"overlap_hours":0,"expires_days":null}'),
        ("DELETE", "/api/v1/api_keys/ab", b""),
    ]


@pytest.mark.parametrize(
    ("options", "keys"), [({}, "abc"), ({"limit": 1}, "a"), ({"cursor": "1"}, "b")]
)
def test_a_ranking_of_suppliers_has_all_pages(options: dict[str, object], keys: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.params.get("cursor", "0"))
        assert (request.url.params["with"], request.url.params["sort"]) == ("kpis", "rank")
        policies = [{"key": key} for key in ("default:1", f"supplier:{number}:1")]
        body = {
            "items": [{"key": "abc"[number]}], "policies": policies, "ranked_lines_min": 5,
            "next_cursor": str(number + 1) if number < 2 else None,
        }  # fmt: skip
        return httpx2.Response(200, json=body)

    with _client(answer) as client:
        ranking = client.suppliers.ranking(**options)
    assert "".join(row["key"] for row in ranking["items"]) == keys
    assert len(ranking["policies"]) == len(keys) + 1
    assert (ranking["next_cursor"] is None) == (keys == "abc")
    assert ranking["ranked_lines_min"] == 5
