"""Events in batches, samples of several signals, the stream, frames of any collection, progress."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import polars as pl
import pytest

from werknetz_client import ApiError, Client, Unreachable, WerknetzError
from werknetz_client import transport as transport_module
from werknetz_client.feeds import events as events_module
from werknetz_client.feeds import stream as stream_module
from werknetz_client.frame import table_of

Answer = Callable[[httpx2.Request], httpx2.Response]
RUNNING = {"type": "urn:werknetz:problem:request_in_progress", "detail": "It runs."}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "RETRY_FIRST_S", 0.001)
    monkeypatch.setattr(stream_module, "RETRY_FIRST_S", 0.001)


def client_of(answer: Answer) -> Client:
    return Client("http://core", "wn_x_y", transport=httpx2.MockTransport(answer))


@pytest.mark.parametrize(
    "first",
    [
        httpx2.Response(503), httpx2.Response(429), httpx2.Response(409, json=RUNNING),
        httpx2.ReadError("gone"),
    ],
)  # fmt: skip
def test_a_post_is_repeated_with_its_key(first: httpx2.Response | Exception) -> None:
    keys = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) > 1:
            return httpx2.Response(201, json={"change": 1})
        if isinstance(first, Exception):
            raise first
        return first

    with client_of(answer) as client:
        assert client.stops.enter("m", "2026-01-01T00:00Z", "2026-01-01T01:00Z") == {"change": 1}
        client.stops.enter("m", "2026-01-02T00:00Z", "2026-01-02T01:00Z")
    assert keys[0] == keys[1] != keys[2]


def test_what_is_refused_is_not_repeated() -> None:
    requests = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(409, json={"detail": "Changed.", "type": "x:changed_meanwhile"})

    with client_of(answer) as client, pytest.raises(ApiError, match="Changed"):
        client.stops.undo("1-1", version=1)
    with client_of(answer) as client, pytest.raises(ApiError):
        client.quantity_entries.correct(1, quantity=2)
    assert len(requests) == 2
    assert "idempotency-key" not in requests[1].headers


def test_the_language_of_sentences() -> None:
    languages = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        languages.append(request.headers.get("accept-language"))
        return httpx2.Response(200, json={"items": [], "next_cursor": None})

    transport = httpx2.MockTransport(answer)
    for language in ("de", None):
        with Client("http://core", "k", transport=transport, language=language) as client:
            assert client.findings.list() == []
    assert languages == ["de", None]


def test_a_deletion_is_sent_once() -> None:
    requests = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        raise httpx2.ReadError("gone")

    with client_of(answer) as client, pytest.raises(Unreachable):
        client.quantity_entries.withdraw(1)
    assert len(requests) == 1


def test_events_go_in_requests_of_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["content-type"] == "application/x-ndjson"
        lines = request.content.splitlines()
        bodies.append([json.loads(line)["id"] for line in lines])
        rejected = [{"index": len(lines) - 1, "status": "quarantined", "reason": "x"}]
        return httpx2.Response(
            200, json={"accepted": len(lines) - 1, "duplicates": 0, "quarantined": 1,
                       "results": rejected},
        )  # fmt: skip

    monkeypatch.setattr(events_module, "BATCH_BYTES_MAX", 3 * len(b'{"id": 0}\n'))
    progress: list[int] = []
    with client_of(answer) as client:
        result = client.events.batch(({"id": n} for n in range(7)), progress=progress.append)
        assert client.events.batch([]) == {
            "accepted": 0, "duplicates": 0, "quarantined": 0, "results": [],
        }  # fmt: skip
    assert bodies == [[0, 1, 2], [3, 4, 5], [6]]
    assert (result["accepted"], result["quarantined"]) == (4, 3)
    assert [row["index"] for row in result["results"]] == [2, 5, 6]
    assert progress == [3, 6, 7]


@pytest.mark.parametrize("value", [float("nan"), datetime(2026, 1, 1, tzinfo=UTC)])
def test_an_event_that_is_no_json(value: object) -> None:
    with (
        client_of(lambda _: httpx2.Response(500)) as client,
        pytest.raises(WerknetzError, match="Event 1 cannot be sent") as refused,
    ):
        client.events.batch([{"id": 1}, {"value": value}])
    assert "RFC 3339" in refused.value.hint


def test_the_progress_of_a_long_walk() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        first = "cursor" not in request.url.params
        return httpx2.Response(
            200, json={"items": [{"n": 1}, {"n": 2}], "next_cursor": "c" if first else None}
        )

    progress: list[int] = []
    with client_of(answer) as client:
        assert len(client.gaps.list(progress=progress.append)) == 4
        assert client.gaps.frame(library="polars", progress=progress.append).height == 4
    assert progress == [2, 4, 2, 4]


def test_samples_of_several_signals() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/signals/7/samples"):
            assert dict(request.url.params) == {
                "granularity": "raw", "start": "s", "end": "e", "cursor": "c",
            }  # fmt: skip
            return httpx2.Response(200, json={"items": [{"value": 3}], "next_cursor": None})
        ids = request.url.params.get_list("signal")
        items = [
            {"id": int(n), "signal": f"key {n}", "equipment": "m", "start": "s", "end": "e",
             "items": [{"value": 1}], "next_cursor": "c" if n == "7" else None}
            for n in ids
        ]  # fmt: skip
        assert len(items) <= 50
        return httpx2.Response(200, json={"items": items, "next_cursor": None})

    with client_of(answer) as client:
        rows = list(client.samples.iter([7, 8], granularity="raw"))
        assert [(row["signal"], row["value"]) for row in rows] == [
            ("key 7", 1), ("key 7", 3), ("key 8", 1),
        ]  # fmt: skip
        assert len(client.samples.list(list(range(60)))) == 60
        assert client.samples.frame(8, granularity="raw", library="polars")["value"].to_list() == [
            1
        ]


def test_the_stream_goes_on_after_a_reconnect() -> None:
    values = (
        ": werknetz\nretry: 2000\n\nevent: values\nid: values.1\n"
        'data: {"items":[{"id":1}],"removed":[]}\n\n: ping\n\n'
    )
    bodies = [
        values,
        'event: end\ndata: {"reason":"slow_reader","detail":"x"}\n\n',
        'event: states\ndata: {"items":[],\ndata: "removed":["m"]}\nid: states.2\n\n',
    ]
    positions = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        positions.append(request.headers.get("last-event-id"))
        if len(positions) > len(bodies):
            return httpx2.Response(401, json={"detail": "This key is revoked."})
        return httpx2.Response(
            200, text=bodies[len(positions) - 1], headers={"content-type": "text/event-stream"}
        )

    events: list[Any] = []
    with client_of(answer) as client, pytest.raises(ApiError, match="revoked"):
        events.extend(client.stream("nordwerk", ["values", "states"]))
    assert [(event.topic, event.items, event.removed, event.id) for event in events] == [
        ("values", [{"id": 1}], [], "values.1"), ("states", [], ["m"], "states.2"),
    ]  # fmt: skip
    assert positions == [None, "values.1", "values.1", "states.2"]


def test_a_stream_that_is_too_wide_is_an_error() -> None:
    body = 'event: end\ndata: {"reason": "too_wide", "detail": "Too much is watched."}\n\n'
    with (
        client_of(lambda _: httpx2.Response(200, text=body)) as client,
        pytest.raises(WerknetzError, match="Too much is watched"),
    ):
        list(client.stream("nordwerk"))


def test_a_frame_of_any_items() -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "at": "2026-03-29T03:00:00+02:00", "value": 1, "ok": True, "tags": ["a"]},
        {"id": 2, "at": None, "value": 2.5, "ok": None, "tags": [], "text": "2026-01-01T00:00Z"},
    ]
    frame = table_of(rows, "polars")
    assert frame.columns == ["id", "at", "value", "ok", "tags", "text"]
    assert frame["at"].to_list() == [datetime(2026, 3, 29, 1, tzinfo=UTC), None]
    assert frame["value"].to_list() == [1.0, 2.5]
    assert frame["tags"].to_list() == ['["a"]', "[]"]
    assert frame["text"].dtype == pl.String  # a text stays one, whatever it looks like
    assert table_of([], "polars").shape == (0, 0)
    assert table_of([{"a": None}], "polars")["a"].to_list() == [None]
    assert table_of([{"a": 1}, {"a": "x"}], "polars")["a"].to_list() == ["1", "x"]
